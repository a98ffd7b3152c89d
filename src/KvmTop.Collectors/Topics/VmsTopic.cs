using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Counters of one thread, from <c>/proc/PID/task/TID/schedstat</c>.</summary>
/// <param name="Thread">Which thread.</param>
/// <param name="Scheduler">CPU time, ready time and timeslices; null when the thread ended or the kernel keeps none.</param>
public readonly record struct ThreadSample(VmThread Thread, SchedStat? Scheduler);

/// <summary>Counters of one VM at one moment.</summary>
public sealed record VmSample
{
    /// <summary>Which VM.</summary>
    public required VmInfo Info { get; init; }

    /// <summary>When it was read, on the monotonic clock.</summary>
    public required TimeSpan ReadAt { get; init; }

    /// <summary>Its state.</summary>
    public required VmState State { get; init; }

    /// <summary><c>/proc/PID/stat</c>: times of all threads together, in ticks.</summary>
    public required ProcPidStat Stat { get; init; }

    /// <summary><c>/proc/PID/status</c>: memory; null when it could not be read.</summary>
    public ProcPidStatus? Status { get; init; }

    /// <summary><c>/proc/PID/io</c>: bytes that reached or came from storage.</summary>
    public ProcPidIo? Io { get; init; }

    /// <summary>Why there is no <see cref="Io"/>.</summary>
    public string? IoReason { get; init; }

    /// <summary>cpu.stat of the VM's own cgroups: throttling.</summary>
    public CgroupCpuStat? Cgroup { get; init; }

    /// <summary>Throttled time of the cgroups that it shares with others, in ns; not in <see cref="Cgroup"/>.</summary>
    public ulong SharedThrottledNanoseconds { get; init; }

    /// <summary>The size of the host's pages in bytes; null when not known.</summary>
    public int? PageBytes { get; init; }

    /// <summary>Why there is no <see cref="Cgroup"/>.</summary>
    public string? CgroupReason { get; init; }

    /// <summary>Why there are no scheduler figures.</summary>
    public string? SchedulerReason { get; init; }

    /// <summary>The threads in the order of <see cref="VmInfo.Threads"/>.</summary>
    public required ThreadSample[] Threads { get; init; }
}

/// <summary>All VMs at one tick, by pid.</summary>
/// <param name="Vms">The VMs.</param>
/// <param name="Unconfirmed">VMMs whose descriptors this user may not list.</param>
public sealed record VmsSample(IReadOnlyList<VmSample> Vms, int Unconfirmed);

/// <summary>The load of one thread over the last interval.</summary>
/// <param name="Thread">Which thread.</param>
/// <param name="CpuPct">CPU time in percent of one CPU; NaN when unknown.</param>
/// <param name="ReadyPct">Time runnable but not running, in percent of the interval; NaN when unknown.</param>
/// <param name="SlicesPerSecond">Times a second it was put on a CPU.</param>
public readonly record struct ThreadLoad(VmThread Thread, double CpuPct, double ReadyPct, double SlicesPerSecond);

/// <summary>One VM over the last interval.</summary>
public sealed record VmModel
{
    public required VmInfo Info { get; init; }

    public required VmState State { get; init; }

    /// <summary>Time between the two readings; zero for the first.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>Load of each thread, in the order of <see cref="VmInfo.Threads"/>: vCPUs first.</summary>
    public required ThreadLoad[] Threads { get; init; }

    /// <summary>Guest, user (without guest) and kernel time of all threads, in percent of one CPU; from ticks of 10 ms.</summary>
    public required (double Guest, double User, double System) Times { get; init; }

    /// <summary>CPU of the threads that run no vCPU.</summary>
    public required double EmulatorPct { get; init; }

    /// <summary>CPU of the vCPU threads.</summary>
    public required double VcpuPct { get; init; }

    /// <summary>Ready time of the vCPUs together, and of the one that waits most.</summary>
    public required (double Sum, double Worst, int WorstVcpu) Ready { get; init; }

    public required double ReadBytesPerSecond { get; init; }

    public required double WriteBytesPerSecond { get; init; }

    /// <summary>Time that the cgroup's quota held runnable threads back, in percent of the interval, summed over CPUs.</summary>
    public required double ThrottledPct { get; init; }

    /// <summary>
    /// The part of <see cref="ThrottledPct"/> that quotas did which it shares with others. Their time is that of all who share them, on all CPUs: of a VM it is as much as the VM itself waited
    /// for a CPU, so one that wants nothing was not held back.
    /// </summary>
    public double ThrottledSharedPct { get; init; }

    /// <summary>Resident memory, from /proc/PID/stat; null for a process that has none any more.</summary>
    public required ulong? RssBytes { get; init; }

    /// <summary>Swap and hugetlb pages, from /proc/PID/status as of some seconds ago at most.</summary>
    public ProcPidStatus? Memory { get; init; }

    public string? IoReason { get; init; }

    public string? CgroupReason { get; init; }

    public string? SchedulerReason { get; init; }

    /// <summary>Loads of the vCPUs, by number.</summary>
    public ReadOnlySpan<ThreadLoad> Vcpus => Threads.AsSpan(0, Info.VcpuThreads);

    /// <summary>
    /// CPU of the whole VM: vCPUs and everything else. Unknown while that of one vCPU is; where vCPUs could not be told apart, all threads count as
    /// the emulator's.
    /// </summary>
    public double CpuPct => Info.VcpuThreads == 0 ? EmulatorPct : VcpuPct + EmulatorPct;
}

/// <summary>All VMs over the last interval, by pid.</summary>
/// <param name="Vms">The VMs.</param>
/// <param name="Unconfirmed">VMMs whose descriptors this user may not list.</param>
public sealed record VmsModel(IReadOnlyList<VmModel> Vms, int Unconfirmed)
{
    private Dictionary<VmKey, VmModel>? _byKey;

    /// <summary>The VM of an identity, or null.</summary>
    public VmModel? Find(VmKey key) => (_byKey ??= Vms.ToDictionary(v => v.Info.Key)).GetValueOrDefault(key);
}

/// <summary>Virtual machines: which there are, and what they cost. See DATA SOURCES in the manual for the files.</summary>
public sealed class VmsTopic : Topic<VmsSample, VmsModel>
{
    internal const string NeedsTwo = "first reading: a rate needs two";

    private VmsTopic()
        : base("vms", "Virtual machines", TimeSpan.Zero)
    {
    }

    /// <summary>The topic.</summary>
    public static VmsTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<VmsSample> CreateCollector(CollectorContext context) => new VmsCollector(context);

    /// <inheritdoc/>
    public override VmsModel Derive(VmsSample? before, VmsSample now)
    {
        var vms = new VmModel[now.Vms.Count];
        var at = 0;
        for (var i = 0; i < vms.Length; i++)
        {
            // Both lists are sorted by identity: one walk finds each VM's sample before.
            var vm = now.Vms[i];
            while (before is not null && at < before.Vms.Count && before.Vms[at].Info.Key < vm.Info.Key)
            {
                at++;
            }

            var was = before is not null && at < before.Vms.Count && before.Vms[at].Info.Key == vm.Info.Key ? before.Vms[at] : null;
            vms[i] = Derive(was, vm);
        }

        return new VmsModel(vms, now.Unconfirmed);
    }

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(VmsModel before, VmsModel now, DateTimeOffset time)
    {
        foreach (var vm in now.Vms)
        {
            if (before.Find(vm.Info.Key) is not { } was)
            {
                yield return new(time, Severity.Info, Id, vm.Info.Name, $"VM appeared: pid {vm.Info.Pid}, {VmsMetrics.Name(vm.Info.Vmm)}, user {vm.Info.User ?? "unknown"}") { Origin = Owner(vm) };
                continue;
            }

            if (was.Info.Name != vm.Info.Name)
            {
                yield return new(time, Severity.Info, Id, vm.Info.Name, $"known as {was.Info.Name} until now") { Origin = Owner(vm) };
            }

            if (was.State != vm.State && was.State is not (VmState.Unknown or VmState.Starting) && vm.State != VmState.Unknown)
            {
                var severity = vm.State is VmState.Stopped or VmState.Zombie ? Severity.Warning : Severity.Info;
                yield return new(time, severity, Id, vm.Info.Name, $"state {was.State.ToString().ToLowerInvariant()} -> {vm.State.ToString().ToLowerInvariant()}") { Origin = Owner(vm) };
            }

            if (was.Info.VcpuThreads != vm.Info.VcpuThreads && was.Info.VcpuThreads > 0)
            {
                yield return new(time, Severity.Info, Id, vm.Info.Name, $"vCPUs {was.Info.VcpuThreads} -> {vm.Info.VcpuThreads}") { Origin = Owner(vm) };
            }
        }

        foreach (var was in before.Vms)
        {
            if (now.Find(was.Info.Key) is null)
            {
                yield return new(time, Severity.Info, Id, was.Info.Name, $"VM gone: pid {was.Info.Pid}") { Origin = Owner(was) };
            }
        }
    }

    // Who starts and ends VMs in a row gives each a name of its own.
    private static string Owner(VmModel vm) => "user " + vm.Info.User;

    private static VmModel Derive(VmSample? before, VmSample now)
    {
        var interval = before is null ? TimeSpan.Zero : now.ReadAt - before.ReadAt;
        var loads = new ThreadLoad[now.Threads.Length];
        double vcpu = 0, emulator = 0, ready = 0, waited = double.NaN, worst = double.NaN;
        var worstVcpu = -1;
        for (var i = 0; i < loads.Length; i++)
        {
            ref readonly var thread = ref now.Threads[i];
            var load = loads[i] = Load(thread, Find(before, thread.Thread, i), interval);
            if (!double.IsNaN(load.ReadyPct))
            {
                waited = double.IsNaN(waited) ? load.ReadyPct : waited + load.ReadyPct;
            }

            if (!thread.Thread.IsVcpu)
            {
                // A thread that began since the last reading has no rate yet; its first interval is left out.
                emulator += double.IsNaN(load.CpuPct) && before is not null && now.SchedulerReason is null ? 0 : load.CpuPct;
                continue;
            }

            vcpu += load.CpuPct;
            ready += load.ReadyPct;
            // Of those that are known: a vCPU that is new has no rate yet.
            if (load.ReadyPct > worst || (double.IsNaN(worst) && !double.IsNaN(load.ReadyPct)))
            {
                (worst, worstVcpu) = (load.ReadyPct, thread.Thread.VcpuIndex);
            }
        }

        if (now.Info.VcpuThreads == 0)
        {
            vcpu = ready = double.NaN;
        }

        var seconds = interval.TotalSeconds;
        var sameQuotas = before is not null && before.Info.Cgroup == now.Info.Cgroup && before.Info.Quotas.SequenceEqual(now.Info.Quotas) && before.Info.SharedQuotas == now.Info.SharedQuotas;
        var own = sameQuotas ? Rates.PerSecond(before!.Cgroup?.ThrottledNanoseconds, now.Cgroup?.ThrottledNanoseconds, seconds) / 1e7 : double.NaN;
        var shared = sameQuotas ? Rates.PerSecond(before!.SharedThrottledNanoseconds, now.SharedThrottledNanoseconds, seconds) / 1e7 : double.NaN;
        shared = shared > 0 ? Math.Min(shared, Math.Max(waited - own, 0)) : shared;
        return new VmModel
        {
            Info = now.Info,
            State = now.State,
            Interval = interval,
            Threads = loads,
            Times = Times(before?.Stat, now.Stat, seconds),
            EmulatorPct = before is null ? double.NaN : emulator,
            VcpuPct = vcpu,
            Ready = (ready, worst, worstVcpu),
            ReadBytesPerSecond = Rates.PerSecond(before?.Io?.ReadBytes, now.Io?.ReadBytes, seconds),
            WriteBytesPerSecond = Rates.PerSecond(before?.Io?.WriteBytes, now.Io?.WriteBytes, seconds),
            ThrottledPct = own + shared,
            ThrottledSharedPct = shared,
            RssBytes = now.State == VmState.Zombie ? null : now.Stat.RssPages * (ulong?)now.PageBytes,
            Memory = now.Status,
            IoReason = now.IoReason,
            CgroupReason = now.CgroupReason,
            SchedulerReason = now.SchedulerReason,
        };
    }

    private static SchedStat? Find(VmSample? before, VmThread thread, int index)
    {
        if (before is null)
        {
            return null;
        }

        if (index < before.Threads.Length && before.Threads[index].Thread.Tid == thread.Tid)
        {
            return before.Threads[index].Scheduler;
        }

        foreach (ref readonly var candidate in before.Threads.AsSpan())
        {
            if (candidate.Thread.Tid == thread.Tid)
            {
                return candidate.Scheduler;
            }
        }

        return null;
    }

    private static ThreadLoad Load(in ThreadSample now, SchedStat? before, TimeSpan interval) => new(
        now.Thread,
        Rates.PerSecond(before?.RunNs, now.Scheduler?.RunNs, interval.TotalSeconds) / 1e7,
        Rates.PerSecond(before?.RunDelayNs, now.Scheduler?.RunDelayNs, interval.TotalSeconds) / 1e7,
        Rates.PerSecond(before?.Timeslices, now.Scheduler?.Timeslices, interval.TotalSeconds));

    private static (double Guest, double User, double System) Times(ProcPidStat? before, ProcPidStat now, double seconds)
    {
        double Percent(ulong? was, ulong ticks) => Rates.PerSecond(was, ticks, seconds) * 100 / SystemInfo.ClockTicksPerSecond;
        var guest = Percent(before?.GuestTimeTicks, now.GuestTimeTicks);
        return (guest, Math.Max(0, Percent(before?.UtimeTicks, now.UtimeTicks) - guest), Percent(before?.StimeTicks, now.StimeTicks));
    }
}
