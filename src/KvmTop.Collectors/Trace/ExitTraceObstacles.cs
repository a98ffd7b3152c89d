using System.Text;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Turns the error numbers of tracing into what is in the way and what helps.</summary>
internal static class ExitTraceObstacles
{
    private const string RunAsRoot = "Run it as root, or with CAP_PERFMON and a readable tracefs";

    /// <summary>What already speaks against tracing a VM, before anything is opened.</summary>
    public static ExitTraceRefusal? OfVm(HostRoot host, VmInfo vm, int? vcpu)
    {
        if (!host.IsLive)
        {
            return new("This host is not the running one: its kernel cannot be traced", null, false);
        }

        if (vm.Accelerator == "tcg")
        {
            return new($"{vm.Name} is emulated without KVM: it has no exits", null, false);
        }

        if (vm.VcpuThreads == 0)
        {
            return new($"The vCPU threads of {vm.Name} could not be told: {vm.VcpuSource}", null, vm.VcpuSource.Contains("root", StringComparison.Ordinal));
        }

        return vcpu is { } n && !vm.Threads.Any(t => t.VcpuIndex == n)
            ? new($"{vm.Name} has no vCPU {n}: there are {string.Join(", ", vm.Threads.Where(t => t.IsVcpu).Take(32).Select(t => t.VcpuIndex))}", null, false)
            : null;
    }

    /// <summary>tracefs could not be read.</summary>
    public static ExitTraceRefusal OfTraceFs(HostRoot host, Errno errno) => OfLockdown(host) ?? errno switch
    {
        Errno.ENOENT => new("tracefs is not mounted, and it says what the kernel's events look like", $"As root: {TraceFs.MountCommand}", SystemInfo.EffectiveUserId != 0),
        Errno.ENODEV => new("This kernel has no trace events of KVM: the module kvm is not loaded, or the kernel was built without CONFIG_TRACEPOINTS", null, false),
        _ => new($"tracefs: {errno.Describe()}", RunAsRoot, true),
    };

    /// <summary>An event could not be opened.</summary>
    public static ExitTraceRefusal OfPerf(HostRoot host, Errno errno)
    {
        if (errno.IsDenied())
        {
            if (OfLockdown(host) is { } lockdown)
            {
                return lockdown;
            }

            var paranoid = Encoding.ASCII.GetString(new ReadBuffer(256).ReadAll(host, "/proc/sys/kernel/perf_event_paranoid", out _).Trim("\n "u8));
            return new($"perf_event_open: {errno.Describe()}{(paranoid.Length is > 0 and < 8 ? $" (kernel.perf_event_paranoid is {paranoid})" : "")}", RunAsRoot, true);
        }

        return errno switch
        {
            Errno.ESRCH => new("The VM has ended", null, false),
            Errno.EMFILE or Errno.ENFILE => new("perf_event_open: too many open files", "Raise the limit (ulimit -n), or trace a single vCPU", false),
            Errno.ENOSYS => new("This kernel has no perf events (CONFIG_PERF_EVENTS), or a sandbox forbids them", null, false),
            _ => new($"perf_event_open: {errno.Describe()}", null, false),
        };
    }

    /// <summary>Under confidentiality the kernel leaves tracefs empty, or answers EPERM there, depending on when it was locked down: neither a mount nor root helps.</summary>
    private static ExitTraceRefusal? OfLockdown(HostRoot host) => Lockdown.Read(host) != LockdownLevel.Confidentiality ? null : new(
        "The kernel is locked down (confidentiality), which forbids tracing even to root",
        "lockdown=integrity on the kernel's command line allows it; KVM's own counters, from the VMM's descriptors or over QMP, work all the same",
        true);

    /// <summary>A ring could not be mapped.</summary>
    public static ExitTraceRefusal OfRing(Errno errno) => errno.IsDenied()
        ? new("The ring buffers are more locked memory than this user may have", "Raise kernel.perf_event_mlock_kb or ulimit -l, or run it as root", true)
        : new($"mmap of a perf ring buffer: {errno.Describe()}", null, false);
}
