using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Which of a VM's threads.</summary>
[Flags]
internal enum PinKinds
{
    None,

    /// <summary>Those that run vCPUs.</summary>
    Vcpus = 1,

    /// <summary>I/O threads of its own (QEMU's iothread objects).</summary>
    IoThreads = 2,

    /// <summary>All others: the main loop, workers, vhost. libvirt counts the same.</summary>
    Emulator = 4,

    All = Vcpus | IoThreads | Emulator,
}

/// <summary>A thread that can be pinned, as it is at the moment of planning.</summary>
/// <param name="Thread">Which.</param>
/// <param name="Kind">What it counts as.</param>
/// <param name="StartTime">When it began: with its id it says who it is.</param>
/// <param name="Now">CPUs that it may use.</param>
/// <param name="Limit">CPUs that its cpuset leaves to it, of those online.</param>
internal sealed record PinThread(VmThread Thread, PinKinds Kind, ulong StartTime, CpuSet Now, CpuSet Limit)
{
    /// <summary>What it is, without the VM's name: "vCPU 3", "IO iothread1", "main thread".</summary>
    public string Label => Kind == PinKinds.Vcpus ? string.Create(CultureInfo.InvariantCulture, $"vCPU {Thread.VcpuIndex}")
        : Thread.Role == Vmm.ThreadRole.Main ? "main thread"
        : Thread.Name;

    /// <summary>It comes and goes as the VM works: that it is gone is no harm.</summary>
    public bool MayEnd => Kind == PinKinds.Emulator && Thread.Role != Vmm.ThreadRole.Main;
}

/// <summary>A VM with its threads as they are now.</summary>
internal sealed class PinVm
{
    private PinVm(VmInfo info, List<PinThread> threads) => (Info, Threads) = (info, threads);

    /// <summary>Which.</summary>
    public VmInfo Info { get; }

    /// <summary>Its threads, vCPUs first, by number.</summary>
    public IReadOnlyList<PinThread> Threads { get; }

    /// <summary>Its vCPUs, by number.</summary>
    public IEnumerable<PinThread> Vcpus => Threads.Where(t => t.Kind == PinKinds.Vcpus);

    /// <summary>CPUs that its cpuset leaves to all of its threads.</summary>
    public CpuSet Limit => Threads.Count == 0 ? CpuSet.Empty : Threads.Select(t => t.Limit).Aggregate((a, b) => a.Intersect(b));

    /// <summary>Looks at all threads of some kinds.</summary>
    public static PinVm Read(ActionContext context, VmInfo info, PinKinds kinds, Cpusets? cpusets)
    {
        var threads = new List<PinThread>(info.Threads.Count);
        var isLive = context.Control.Refusal is null;
        if (isLive && context.Control.StartTimeOf(info.Pid) != info.Key.StartTimeTicks)
            return new PinVm(info, threads);
        foreach (var thread in info.Threads)
        {
            // Of io_uring's own threads the kernel lets nobody choose the CPUs.
            if (thread.Name.StartsWith("iou-", StringComparison.Ordinal))
                continue;
            var kind = thread.IsVcpu ? PinKinds.Vcpus : thread.Role == Vmm.ThreadRole.IoThread ? PinKinds.IoThreads : PinKinds.Emulator;
            if ((kinds & kind) == 0 || Affinity(context, info.Pid, thread.Tid) is not { Count: > 0 } now)
                continue;

            // Threads of another host than this machine (a demo, a captured one) have no start time of their own to be found; nothing is done there anyway.
            // The numbers are those of the latest reading: one may have come to mean a thread of another process.
            var start = isLive ? context.Control.StartTimeOf(info.Pid, thread.Tid) : 0;
            var limit = cpusets?.Of(info.Pid, thread.Tid)?.Intersect(context.Topology.Online) ?? context.Topology.Online;
            if (start is { } began)
                threads.Add(new PinThread(thread, kind, began, now, limit.Count > 0 ? limit : context.Topology.Online));
        }

        return new PinVm(info, threads);
    }

    private static CpuSet? Affinity(ActionContext context, int pid, int tid)
    {
        if (context.Control.Refusal is null)
            return context.Control.GetAffinity(tid, out var cpus) == Errno.None ? cpus : null;

        // The system call speaks of the machine that we run on: a captured host has files only.
        var text = context.Control.ReadWhole(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task/{tid}/status"), out _);
        return text is not null && CpuSet.TryParse(ProcPidStatus.AllowedCpus(System.Text.Encoding.UTF8.GetBytes(text)), out var allowed) ? allowed.Intersect(context.Topology.Online) : null;
    }
}
