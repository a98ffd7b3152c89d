using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Runs a guest of our own through /dev/kvm. Only on request: it is the one check that does something.</summary>
public sealed class RunGuestCheck() : Check("run-guest", "A guest of kvmtop's own runs", CheckGroup.Kvm)
{
    private const int Exits = 20_000;

    // Nanoseconds from the guest to a VMM and back: on a CPU of its own, and below another hypervisor.
    private const double Usual = 4_000, UsualNested = 100_000;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (!context.Host.IsLive)
        {
            return [Unknown("a guest can be run on the running machine only")];
        }

        if (!KvmTrial.IsSupported)
        {
            return [Unknown("kvmtop has a guest for x86-64 only")];
        }

        var result = KvmTrial.RunGuest(Exits, s_deadline);
        if (result.FailedStep is { } step)
        {
            return [Failure($"a guest could not be run: {step} failed", $"{step}: {result.Reason}", "QEMU will fail at the same place", Fix(step, context))];
        }

        var measured = string.Create(CultureInfo.InvariantCulture, $"{result.Exits} exits through /dev/kvm: median {result.MedianNs:0} ns, 99 % within {result.P99Ns:0} ns");
        var nested = context.Cpu.IsGuest;
        var usual = nested ? "usual inside another hypervisor: 2000 to 100000 ns" : "usual: 700 to 4000 ns";
        return result.MedianNs <= (nested ? UsualNested : Usual)
            ? [Ok("a guest of kvmtop's own runs: its instructions came to the right result", $"{measured}; {usual}")]
            : [Warning("a guest of kvmtop's own runs, and its exits are slow", $"{measured}; {usual}", "every access to an emulated device pays this",
                nested ? "on the hypervisor below: look for EPT/NPT and nested support" : "look for CPUs kept at a low frequency (governor), deep idle states, and costly mitigations (cpu-vulnerabilities)")];
    }

    private static string Fix(string step, CheckContext context) => step switch
    {
        "open /dev/kvm" => "see kvm-device and kvm-access above",
        "KVM_CREATE_VM" => "stop other hypervisors (VirtualBox, VMware), and look at the kernel log: dmesg | grep -i kvm",
        "KVM_SET_USER_MEMORY_REGION" or "mmap of guest memory" => "look for limits of memory (ulimit -v, the cgroup's memory.max)",
        "KVM_RUN" when context.Cpu.IsGuest => "on the hypervisor below: update it, its nested virtualisation does not carry a guest",
        _ => "look at the kernel log: dmesg | grep -i kvm",
    };
}
