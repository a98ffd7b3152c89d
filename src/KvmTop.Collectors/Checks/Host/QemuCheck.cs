using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether a QEMU is installed, and which.</summary>
public sealed class QemuCheck() : Check("qemu", "QEMU is installed", CheckGroup.Kvm)
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (QemuProgram.Find(context.Host) is not { } program)
        {
            // Guests that run are evidence enough: in pods, snaps and on NixOS it is where nobody looks.
            if (context.AllVms.FirstOrDefault(v => v.Info.Vmm == VmmKind.Qemu) is { } guest)
            {
                return [Ok("QEMU runs guests from elsewhere", FormattableString.Invariant($"/proc/{guest.Info.Pid}/exe: {guest.Info.Program}"))];
            }

            if (QemuProgram.FindElsewhere(context.Host) is { } other)
            {
                return [Ok("QEMU comes with another product", other)];
            }

            // Another VMM may be all that is wanted here.
            return context.AllVms.Count > 0
                ? [Info("QEMU is not installed", QemuProgram.LookedFor)]
                : [Warning("no QEMU is installed", QemuProgram.LookedFor, "KVM alone starts nothing: a VMM does", $"apt install {Package(context.Cpu.Architecture)} (Debian, Ubuntu), dnf install qemu-kvm (Fedora, RHEL)")];
        }

        if (!context.Host.IsLive)
        {
            return [Ok($"{program} is installed")];
        }

        var child = ChildProcess.Run(program, ["--version"], s_deadline);
        return child.ExitCode == 0 ? Judge(program, HostileText.Clean(child.Output.AsSpan(0, Math.Max(child.Output.AsSpan().IndexOf((byte)'\n'), 0)), 160))
            : [Warning("QEMU does not start", $"{program} --version: {child.Reason ?? $"exit code {child.ExitCode}"}", "no guest can be started by it", "reinstall it")];
    }

    private static string Package(CpuArchitecture cpu) => cpu switch
    {
        CpuArchitecture.Arm => "qemu-system-arm",
        CpuArchitecture.Ppc => "qemu-system-ppc",
        CpuArchitecture.S390 => "qemu-system-s390x",
        CpuArchitecture.Riscv or CpuArchitecture.Loongarch => "qemu-system-misc",
        _ => "qemu-system-x86",
    };

    private static IEnumerable<CheckFinding> Judge(string program, string version)
    {
        // "QEMU emulator version 7.2.13 (Debian 1:7.2+dfsg-7)"
        var words = version.Split(' ');
        var at = Array.IndexOf(words, "version");
        var known = at >= 0 && at + 1 < words.Length && Version.TryParse(words[at + 1].TrimEnd(','), out var parsed) ? parsed : null;
        yield return known is not null && known < new Version(8, 1)
            ? Info($"QEMU {known} works; from 8.1 on it keeps KVM's statistics open", $"{program}: {version}", "with an older one, counters of exits come from debugfs, which lockdown refuses")
            : Ok($"QEMU {known?.ToString() ?? "is installed"}", $"{program}: {version}");
    }
}
