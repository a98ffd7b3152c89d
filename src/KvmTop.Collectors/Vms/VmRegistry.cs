using System.Buffers.Text;
using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>The VMs of this host, with their kernel files kept open. Shared by all collectors that read of VMs; refreshed by the first of them in a tick.</summary>
internal sealed class VmRegistry(HostRoot host) : IDisposable
{
    private const int MaxArguments = 4096;
    private const int MaxArgumentLength = 8192;
    private const int MaxNameLength = 128;
    private const int MaxProgramLength = 256;

    // Without a KVM descriptor by this age QEMU will not get one: it emulates.
    private static readonly TimeSpan s_startUp = TimeSpan.FromSeconds(3);

    private readonly ProcessTable _processes = new(host);
    private readonly VcpuThreadFinder _finder = new(host);
    // Captured and simulated files hang on nobody's lock: what makes them late is a starved machine, and their screens must come out the same all the same.
    private readonly DeadlineWorker _commandLines = new(TimeSpan.FromMilliseconds(host.IsLive ? 100 : 2000));
    private readonly StrangerBudget _strangers = new(host);
    private readonly List<KnownProcess> _newcomers = [];
    private readonly Dictionary<int, TrackedVm> _byPid = [];
    private readonly List<TrackedVm> _vms = [];
    private readonly Dictionary<int, List<int>> _vhost = [];
    private readonly ReadBuffer _buffer = new(1024);
    private HostFile? _uptime;
    private CgroupMounts? _mounts;

    /// <summary>Every VM, by pid.</summary>
    public IReadOnlyList<TrackedVm> Vms => _vms;

    /// <summary>VMMs whose descriptors this user may not list.</summary>
    public int Unconfirmed => _processes.Denied;

    /// <summary>What was found and is not looked into, for there is too much of it; null when all is.</summary>
    public string? LeftOut => _strangers.LeftOut;

    /// <summary>Time since boot, on the kernel's clock, as of the latest refresh.</summary>
    public TimeSpan Uptime { get; private set; }

    /// <summary>Where the CPU controllers are mounted.</summary>
    public CgroupMounts Mounts => _mounts ??= CgroupMounts.Read(host);

    /// <summary>Another way to tell vCPU threads, for VMMs that do not name them: set by the topic that reads KVM's statistics descriptors.</summary>
    public StatsFdSource StatsFds
    {
        set => _finder.StatsFds = value;
    }

    /// <summary>Finds what came, lets go of what went.</summary>
    public Errno Refresh()
    {
        Uptime = ReadUptime();
        var errno = _processes.Refresh(Uptime);
        if (errno != Errno.None)
        {
            return errno;
        }

        _processes.FindHelpers();
        _vhost.Clear();
        foreach (var process in _processes.Known.Values)
        {
            if (process.Verdict == Verdict.VhostThread)
            {
                (_vhost.TryGetValue(process.VhostOwner, out var list) ? list : _vhost[process.VhostOwner] = []).Add(process.Key.Pid);
            }
        }

        _strangers.Begin();
        _newcomers.Clear();
        foreach (var process in _processes.Known.Values)
        {
            // Only QEMU emulates. Another monitor without the descriptor has no VM yet, or is a helper of one that has (crosvm's device processes).
            if ((process.Verdict is Verdict.KvmGuest or Verdict.VmmUnconfirmed || (process.Verdict == Verdict.VmmWithoutKvm && process.Vmm == VmmKind.Qemu)) && !IsNoGuest(process))
            {
                Sight(process);
            }
        }

        foreach (var process in _newcomers)
        {
            if (_strangers.Admit(process))
                Track(process);
        }

        for (var i = _vms.Count - 1; i >= 0; i--)
        {
            var vm = _vms[i];
            if (!_processes.Known.TryGetValue(vm.Info.Pid, out var process) || process.Key != vm.Info.Key || IsNoGuest(process))
            {
                Drop(i);
            }
        }

        return Errno.None;
    }

    /// <summary>Lets go of a VM whose process has ended.</summary>
    /// <param name="place">Where it stands in <see cref="Vms"/>.</param>
    public void Forget(int place)
    {
        _processes.Forget(_vms[place].Info.Key);
        Drop(place);
    }

    public void Dispose()
    {
        foreach (var vm in _vms)
        {
            vm.Dispose();
        }

        _vms.Clear();
        _byPid.Clear();
        _processes.Dispose();
        _uptime?.Dispose();
        _commandLines.Dispose();
    }

    /// <summary>
    /// True for a process that only looks like a VM. What it says of itself ("-machine none") is believed for as long as it has no vCPU. One that was known as a VM stays one until its parent
    /// lets it go.
    /// </summary>
    private bool IsNoGuest(KnownProcess process) => process.Probe is { } probe
        ? process.Verdict != Verdict.KvmGuest || (probe.Refresh(Uptime) == Errno.None && !HasVcpu(probe))
        : process.IsHelper && !(process.IsZombie && _byPid.TryGetValue(process.Key.Pid, out var vm) && vm.Info.Key == process.Key);

    private static bool HasVcpu(DescriptorLinks links)
    {
        foreach (var link in links.Links)
        {
            if (link.Target.StartsWith("anon_inode:kvm-vcpu", StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private void Drop(int place)
    {
        Forget(_vms[place]);
        _vms.RemoveAt(place);
    }

    /// <summary>Those with KVM, and those that are known, keep their places; whoever comes without it takes what is left.</summary>
    private void Sight(KnownProcess process)
    {
        if (process.Verdict == Verdict.KvmGuest || (_byPid.TryGetValue(process.Key.Pid, out var vm) && vm.Info.Key == process.Key && _strangers.Admit(process)))
            Track(process);
        else if (vm is null || vm.Info.Key != process.Key)
            _newcomers.Add(process);
    }

    private void Track(KnownProcess process)
    {
        if (!_byPid.TryGetValue(process.Key.Pid, out var vm) || vm.Info.Key != process.Key)
        {
            vm = new TrackedVm(host, _finder, FirstSight(process));
            _byPid[process.Key.Pid] = vm;

            // By identity, as two samples of VMs are compared.
            var place = _vms.FindIndex(v => v.Info.Key > process.Key);
            _vms.Insert(place < 0 ? _vms.Count : place, vm);
        }

        if (!vm.Described)
        {
            Describe(process, vm);
        }

        vm.VhostThreads = _vhost.TryGetValue(process.Key.Pid, out var vhost) ? vhost : [];
        var accelerator = Accelerator(process, vm);
        var confirmed = process.Verdict != Verdict.VmmUnconfirmed;
        if (accelerator != vm.Info.Accelerator || confirmed != vm.Info.Confirmed || (object)process.Program != vm.ProgramSeen)
        {
            vm.ProgramSeen = process.Program;
            vm.Info = vm.Info with { Accelerator = accelerator, Confirmed = confirmed, Program = HostileText.Clean(process.Program, MaxProgramLength) };
        }
    }

    private void Forget(TrackedVm vm)
    {
        _strangers.Release(vm.CommandLineUser, vm.CommandLineBytes);
        vm.Dispose();

        // Its pid can belong to a newer VM already.
        if (_byPid.TryGetValue(vm.Info.Pid, out var current) && current == vm)
        {
            _byPid.Remove(vm.Info.Pid);
        }
    }

    private VmInfo FirstSight(KnownProcess process)
    {
        var text = _buffer.ReadAll(host, $"/proc/{process.Key.Pid}/status", out _);
        var isRead = ProcPidStatus.TryParse(text, out var status);
        return new VmInfo
        {
            Key = process.Key,
            Name = string.Create(CultureInfo.InvariantCulture, $"{HostileText.Clean(process.Comm, 16)}-{process.Key.Pid}"),
            Vmm = process.Vmm,
            Accelerator = null,
            Confirmed = false,
            User = isRead ? _strangers.Users.NameOf(status.Uid) : null,
            Uid = isRead ? unchecked((uint)status.Uid) : null,
            Description = VmDescriber.Describe(process.Vmm, []),
            Arguments = [],
            Threads = [],
            VcpuThreads = 0,
            VcpuSource = "not looked for yet",
        };
    }

    /// <summary>Reads the command line, which can hang on the memory lock of a process in trouble: then the next tick tries again.</summary>
    private void Describe(KnownProcess process, TrackedVm vm)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Key.Pid}/cmdline");
        var reading = vm.CommandLine ?? _commandLines.Run(() => new ReadBuffer(8192, StrangerBudget.LongestCommandLine).ReadAll(host, path, out _).ToArray());
        vm.CommandLine = reading is { IsCompleted: false } ? reading : null;
        if (reading is not { IsCompletedSuccessfully: true, Result: { Length: > 0 } text })
        {
            return;
        }

        vm.Described = true;
        (vm.CommandLineBytes, vm.CommandLineUser) = (_strangers.Keep(process, text.Length), process.Uid);
        text = text.Length == vm.CommandLineBytes ? text : text[..vm.CommandLineBytes];
        var arguments = ProcessArguments.Split(text, MaxArguments, MaxArgumentLength);
        var description = VmDescriber.Describe(process.Vmm, arguments);
        process.Probe = description.IsProbe ? new DescriptorLinks(host, process.Key.Pid) : null;
        vm.Info = vm.Info with
        {
            Name = description.Name is { Length: > 0 } name ? HostileText.Clean(name, MaxNameLength) : vm.Info.Name,
            Description = description,
            Arguments = new ArgumentList(text, MaxArguments, MaxArgumentLength),
        };
    }

    private string? Accelerator(KnownProcess process, TrackedVm vm)
    {
        if (process.Verdict == Verdict.KvmGuest)
        {
            return "kvm";
        }

        // Emulation is proved by descriptors that could be looked at, on a QEMU that may emulate; Xen's and others' show in none.
        var about = vm.Info.Description;
        var age = Uptime - TimeSpan.FromSeconds((double)process.Key.StartTimeTicks / SystemInfo.ClockTicksPerSecond);
        return process.Verdict != Verdict.VmmWithoutKvm || age <= s_startUp ? about.Accelerator
            : about.MayEmulate || vm.Info.Arguments.Count == 0 ? "tcg"
            : about.Accelerator == "kvm" ? null : about.Accelerator;
    }

    private TimeSpan ReadUptime()
    {
        if (_uptime is null && host.Open("/proc/uptime", out _uptime) != Errno.None)
        {
            return Uptime;
        }

        return Utf8Parser.TryParse(_buffer.ReadRecord(_uptime!, out _), out double seconds, out _) ? TimeSpan.FromSeconds(seconds) : Uptime;
    }
}
