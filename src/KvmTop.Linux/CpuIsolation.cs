namespace KvmTop.Linux;

/// <summary>Which CPUs are kept free of what, and by whose word. A set that is null could not be read, or this kernel does not have it.</summary>
/// <param name="Offline">/sys/devices/system/cpu/offline: CPUs that are there and not in use.</param>
/// <param name="Isolated">/sys/devices/system/cpu/isolated: outside the scheduler's balancing, by isolcpus= at boot.</param>
/// <param name="Partitioned">/sys/fs/cgroup/cpuset.cpus.isolated: the same by isolated partitions of cgroup v2 (Linux 6.7).</param>
/// <param name="NoTick">/sys/devices/system/cpu/nohz_full: no timer tick while one task runs.</param>
/// <param name="Interrupts">/proc/irq/default_smp_affinity: where interrupts go that nobody has placed.</param>
/// <param name="UnboundWork">/sys/devices/virtual/workqueue/cpumask: where the kernel's unbound work runs.</param>
/// <param name="Smt">/sys/devices/system/cpu/smt/control: "on", "off", "forceoff", "notsupported".</param>
/// <param name="Words">The words of the kernel's command line that keep CPUs free.</param>
public sealed record CpuIsolation(
    CpuSet? Offline, CpuSet? Isolated, CpuSet? Partitioned, CpuSet? NoTick, CpuSet? Interrupts, CpuSet? UnboundWork, string? Smt, IReadOnlyList<string> Words)
{
    private const string Cpu = "/sys/devices/system/cpu/";

    /// <summary>All that are outside the scheduler's balancing, by boot or by cgroup.</summary>
    public CpuSet AllIsolated => CpuSet.Of((Isolated ?? CpuSet.Empty).Concat(Partitioned ?? CpuSet.Empty));

    /// <summary>Reads a host's.</summary>
    public static CpuIsolation Read(HostRoot host)
    {
        var buffer = new ReadBuffer(4096, 1 << 20);
        var words = new List<string>();
        foreach (var (name, value) in KernelCommandLine.Read(host).Words)
        {
            if (name is "isolcpus" or "nohz_full" or "nohz" or "rcu_nocbs" or "rcu_nocb_poll" or "irqaffinity" or "kthread_cpus" or "maxcpus" or "nosmt" or "workqueue.unbound_cpus")
                words.Add(value is null ? name : $"{name}={(value.Length > 200 ? value[..200] : value)}");
        }

        return new CpuIsolation(
            List(host, buffer, Cpu + "offline"), List(host, buffer, Cpu + "isolated"), List(host, buffer, "/sys/fs/cgroup/cpuset.cpus.isolated"), List(host, buffer, Cpu + "nohz_full"),
            Mask(host, buffer, "/proc/irq/default_smp_affinity"), Mask(host, buffer, "/sys/devices/virtual/workqueue/cpumask"), KernelText.Read(host, buffer, Cpu + "smt/control", out _), words);
    }

    /// <summary>The CPUs that are left for everything else: online, not isolated, with a tick.</summary>
    public CpuSet Housekeeping(CpuSet online) => online.Except(AllIsolated).Except(NoTick ?? CpuSet.Empty);

    private static CpuSet? List(HostRoot host, ReadBuffer buffer, string path)
    {
        var text = buffer.ReadAll(host, path, out var errno);

        // A kernel that could do without the tick and was not told to prints a null pointer.
        return errno != Errno.None ? null : text.StartsWith("(null)"u8) ? CpuSet.Empty : CpuSet.TryParse(text, out var set) ? set : null;
    }

    private static CpuSet? Mask(HostRoot host, ReadBuffer buffer, string path) =>
        buffer.ReadAll(host, path, out var errno) is var text && errno == Errno.None && CpuSet.TryParseMask(text, out var set) ? set : null;
}
