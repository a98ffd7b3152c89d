using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Runs a guest through QEMU, with a disk and a network card. Only on request.</summary>
public sealed class RunQemuCheck() : Check("run-qemu", "A guest runs under QEMU", CheckGroup.Kvm)
{
    // isa-debug-exit leaves QEMU with (value << 1) | 1.
    private const int ExitValue = 0x10, ExitCode = (ExitValue << 1) | 1;
    private const int RomSize = 0x10000;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    /// <summary>mov cx,10000; again: out 0x80,al; dec cx; jnz again; mov al,16; out 0xf4,al; stop: hlt; jmp stop.</summary>
    private static ReadOnlySpan<byte> Code => [0xB9, 0x10, 0x27, 0xE6, 0x80, 0x49, 0x75, 0xFB, 0xB0, ExitValue, 0xE6, 0xF4, 0xF4, 0xEB, 0xFD];

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (!context.Host.IsLive || QemuProgram.Find(context.Host) is not { } program)
        {
            return [];
        }

        if (!KvmTrial.IsSupported || program.Contains("aarch64", StringComparison.Ordinal))
        {
            return [Unknown("kvmtop has a guest for x86-64 only")];
        }

        var rom = new byte[RomSize];
        Code.CopyTo(rom);
        // The CPU begins 16 bytes before the end: jmp to the beginning.
        ((ReadOnlySpan<byte>)[0xE9, 0x0D, 0x00]).CopyTo(rom.AsSpan(RomSize - 16));
        var errno = MemoryFile.Create("kvmtop-rom", rom, out var file);
        using (file)
        {
            // A list, made before the file is gone.
            return file is null ? [Unknown("no guest for QEMU could be made", $"memfd_create: {errno.Describe()}")] : [.. Run(context, program, file.Path)];
        }
    }

    private static IEnumerable<CheckFinding> Run(CheckContext context, string program, string rom)
    {
        var started = context.Host.Time.GetTimestamp();
        var first = ChildProcess.Run(program, Arguments("host", rom), s_deadline);
        var took = context.Host.Time.GetElapsedTime(started).TotalSeconds;
        if (first.ExitCode == ExitCode)
        {
            yield return Ok("a guest runs under QEMU, with a disk and a network card", string.Create(CultureInfo.InvariantCulture, $"{program} -accel kvm -cpu host: started, 10000 exits, ended in {took:0.0} s"));
            yield break;
        }

        var said = first.Reason ?? Said(first);

        // A hypervisor below may show the guest's CPU a register that KVM then cannot give on.
        var second = ChildProcess.Run(program, Arguments("host,-arch-capabilities", rom), s_deadline);
        yield return second.ExitCode == ExitCode
            ? Info("a guest runs under QEMU with -cpu host,-arch-capabilities, and not with -cpu host", $"{program} -cpu host: {said}", "one of the CPU's registers cannot be passed on to guests", "start guests with -cpu host,-arch-capabilities")
            : Failure("no guest runs under QEMU", $"{program} -accel kvm: {said}", "what QEMU says is what libvirt will say", "see the findings above; then run it by hand: " + program + " -accel kvm -cpu host -display none -S");
    }

    private static string[] Arguments(string cpu, string rom) =>
    [
        "-nodefaults", "-no-user-config", "-accel", "kvm", "-machine", "q35", "-cpu", cpu, "-m", "64", "-smp", "1", "-display", "none", "-no-reboot",
        "-bios", rom, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
        "-blockdev", "driver=null-co,node-name=d0,size=1048576,read-zeroes=on", "-device", "virtio-blk-pci,drive=d0,romfile=",
        "-netdev", "hubport,id=n0,hubid=0", "-device", "virtio-net-pci,netdev=n0,romfile=",
    ];

    private static string Said(ChildResult child)
    {
        var text = HostileText.Clean(child.Error.AsSpan().TrimEnd("\n "u8), 300);
        return string.Create(CultureInfo.InvariantCulture, $"exit code {child.ExitCode}{(text.Length > 0 ? ", " + text : "")}");
    }
}
