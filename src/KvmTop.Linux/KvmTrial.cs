using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>What came of running a guest of our own.</summary>
/// <param name="FailedStep">The step that failed, as the ioctl's name; null when all went well.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="Exits">Exits that were measured.</param>
/// <param name="MedianNs">Half of the exits took less: from the guest to us and back, in nanoseconds.</param>
/// <param name="P99Ns">One in a hundred took more.</param>
public sealed record KvmTrialResult(string? FailedStep, string? Reason, int Exits, double MedianNs, double P99Ns);

/// <summary>
/// The smallest guest there is: 64 KiB of memory, one vCPU in real mode, a loop of instructions and then writes to a port, each of which exits to us
/// (Documentation/virt/kvm/api.rst). It shows that KVM really works, and what an exit costs. x86-64 only; nothing of it outlives the call.
/// </summary>
public static unsafe class KvmTrial
{
    private const uint CreateVm = 0xAE01, GetVcpuMmapSize = 0xAE04, CreateVcpu = 0xAE41, SetTssAddress = 0xAE47, Run = 0xAE80;
    private const uint SetUserMemoryRegion = 0x4020AE46, GetSregs = 0x8138AE83, SetSregs = 0x4138AE84, SetRegs = 0x4090AE82;
    private const uint ExitIo = 2;
    private const int MemorySize = 0x10000, EntryPoint = 0x1000;

    // Offsets in struct kvm_run and struct kvm_regs.
    private const int RunExitReason = 8, RunIoPort = 34, RunIoDataOffset = 40, RegsRip = 128, RegsFlags = 136;

    /// <summary>mov cx,2000; again: inc ax; dec cx; jnz again; exit: out 0x80,al; jmp exit.</summary>
    private static ReadOnlySpan<byte> Code => [0xB9, 0xD0, 0x07, 0x40, 0x49, 0x75, 0xFC, 0xE6, 0x80, 0xEB, 0xFC];

    /// <summary>True where there is a guest for this CPU.</summary>
    public static bool IsSupported => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Runs it on a thread of its own, so that a vCPU that never comes back costs no more than the deadline.</summary>
    /// <param name="exits">How many exits to measure.</param>
    /// <param name="deadline">After this it is stopped.</param>
    public static KvmTrialResult RunGuest(int exits, TimeSpan deadline)
    {
        var stop = new StopFlag();
        var task = Task.Factory.StartNew(() => Attempt(exits, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (Task.WaitAny([task], deadline) == 0)
            return task.IsCompletedSuccessfully ? task.Result : Failed("trial", task.Exception?.InnerException?.Message ?? "failed");

        stop.Set();
        return Failed("KVM_RUN", string.Create(CultureInfo.InvariantCulture, $"the guest did not come back within {deadline.TotalSeconds:0.#} s"));
    }

    private static KvmTrialResult Attempt(int exits, StopFlag stop)
    {
        var opened = KvmDevice.Open(out var device);
        if (device is null)
            return Failed("open /dev/kvm", Words((int)opened));

        using (device)
        {
            if (device.ApiVersion is not KvmDevice.KnownApiVersion and var version)
                return Failed("KVM_GET_API_VERSION", version < 0 ? Words(-version) : string.Create(CultureInfo.InvariantCulture, $"{version} is not {KvmDevice.KnownApiVersion}"));

            var vm = device.Ioctl(CreateVm, 0);
            if (vm < 0)
                return Failed("KVM_CREATE_VM", Words(-vm));

            var memory = Libc.mmap(0, MemorySize, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
            var vcpu = -1;
            try
            {
                if (memory == -1)
                    return Failed("mmap of guest memory", Words(Marshal.GetLastPInvokeError()));

                Code.CopyTo(new Span<byte>((void*)memory, MemorySize));
                // Intel CPUs without unrestricted guests keep their real-mode emulation there; others take no notice.
                _ = KvmDevice.Ioctl(vm, SetTssAddress, unchecked((nint)0xFFFBD000));
                Span<byte> region = stackalloc byte[32];
                region.Clear();
                BinaryPrimitives.WriteUInt64LittleEndian(region[8..], EntryPoint);
                BinaryPrimitives.WriteUInt64LittleEndian(region[16..], MemorySize);
                BinaryPrimitives.WriteUInt64LittleEndian(region[24..], (ulong)memory);
                fixed (byte* p = region)
                {
                    if (KvmDevice.Ioctl(vm, SetUserMemoryRegion, (nint)p) is < 0 and var errno)
                        return Failed("KVM_SET_USER_MEMORY_REGION", Words(-errno));
                }

                vcpu = KvmDevice.Ioctl(vm, CreateVcpu, 0);
                return vcpu < 0 ? Failed("KVM_CREATE_VCPU", Words(-vcpu)) : RunVcpu(device, vcpu, exits, stop);
            }
            finally
            {
                if (vcpu >= 0)
                    _ = Libc.close(vcpu);
                _ = Libc.close(vm);
                if (memory != -1)
                    _ = Libc.munmap(memory, MemorySize);
            }
        }
    }

    private static KvmTrialResult RunVcpu(KvmDevice device, int vcpu, int exits, StopFlag stop)
    {
        Span<byte> sregs = stackalloc byte[0x138];
        Span<byte> regs = stackalloc byte[0x90];
        fixed (byte* p = sregs)
        {
            if (KvmDevice.Ioctl(vcpu, GetSregs, (nint)p) is < 0 and var get)
                return Failed("KVM_GET_SREGS", Words(-get));

            // The code segment is the first: base, limit, selector.
            BinaryPrimitives.WriteUInt64LittleEndian(sregs, 0);
            BinaryPrimitives.WriteUInt16LittleEndian(sregs[12..], 0);
            if (KvmDevice.Ioctl(vcpu, SetSregs, (nint)p) is < 0 and var set)
                return Failed("KVM_SET_SREGS", Words(-set));
        }

        regs.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(regs[RegsRip..], EntryPoint);
        BinaryPrimitives.WriteUInt64LittleEndian(regs[RegsFlags..], 2);
        fixed (byte* p = regs)
        {
            if (KvmDevice.Ioctl(vcpu, SetRegs, (nint)p) is < 0 and var errno)
                return Failed("KVM_SET_REGS", Words(-errno));
        }

        var size = device.Ioctl(GetVcpuMmapSize, 0);
        var run = size < 0 ? -1 : Libc.mmap(0, (nuint)size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, vcpu, 0);
        if (run == -1)
            return Failed("mmap of struct kvm_run", size < 0 ? Words(-size) : Words(Marshal.GetLastPInvokeError()));

        try
        {
            return Measure((byte*)run, size, vcpu, exits, stop);
        }
        finally
        {
            _ = Libc.munmap(run, (nuint)size);
        }
    }

    private static KvmTrialResult Measure(byte* run, int size, int vcpu, int exits, StopFlag stop)
    {
        var shared = new ReadOnlySpan<byte>(run, size);
        var times = new double[exits];

        // The first exit has two thousand instructions and the making of page tables before it: it is not measured.
        for (var i = -1; i < exits && !stop.IsSet; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var errno = KvmDevice.Ioctl(vcpu, Run, 0);
            var took = Stopwatch.GetElapsedTime(started).TotalNanoseconds;
            if (errno < 0)
                return Failed("KVM_RUN", Words(-errno));

            var reason = BinaryPrimitives.ReadUInt32LittleEndian(shared[RunExitReason..]);
            if (reason != ExitIo || BinaryPrimitives.ReadUInt16LittleEndian(shared[RunIoPort..]) != 0x80)
                return Failed("KVM_RUN", string.Create(CultureInfo.InvariantCulture, $"exit reason {reason} where a write to port 0x80 was due (KVM_EXIT_IO = {ExitIo})"));

            var at = BinaryPrimitives.ReadUInt64LittleEndian(shared[RunIoDataOffset..]);
            if (at >= (ulong)size || shared[(int)at] != (2000 & 0xFF))
                return Failed("KVM_RUN", "the guest's instructions came to a wrong result");

            if (i >= 0)
                times[i] = took;
        }

        Array.Sort(times);
        return new KvmTrialResult(null, null, exits, times[exits / 2], times[Math.Min(exits - 1, exits * 99 / 100)]);
    }

    private static KvmTrialResult Failed(string step, string reason) => new(step, reason, 0, double.NaN, double.NaN);

    private static string Words(int errno) => ((Errno)errno) switch
    {
        Errno.EPERM or Errno.EACCES => "permission denied",
        Errno.ENOENT => "no such device: KVM is not loaded",
        Errno.ENODEV => "no device: KVM's part for this CPU is not loaded",
        Errno.EBUSY => "busy: another hypervisor (VirtualBox) holds the CPU's virtualisation",
        Errno.ENOMEM => "not enough memory",
        Errno.EIO => "input/output error: the CPU's virtualisation cannot be switched on",
        _ => string.Create(CultureInfo.InvariantCulture, $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})"),
    };

    private sealed class StopFlag
    {
        private volatile bool _set;

        public bool IsSet => _set;

        public void Set() => _set = true;
    }
}
