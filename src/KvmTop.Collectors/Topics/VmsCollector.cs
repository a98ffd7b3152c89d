using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Reads the files of every VM: stat, io, its cgroups' cpu.stat and schedstat of each thread in every tick, status every few seconds.</summary>
internal sealed class VmsCollector(CollectorContext context) : ICollector<VmsSample>
{
    private readonly HostRoot _host = context.Host;
    private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
    private readonly ReadBuffer _buffer = new(4096);

    public Reading<VmsSample> Collect()
    {
        var errno = _registry.Refresh();
        if (errno != Errno.None)
        {
            return Reading<VmsSample>.Missing(errno.IsDenied() ? ReadingStatus.Denied : ReadingStatus.Failed, $"/proc: {errno.Describe()}");
        }

        var samples = new List<VmSample>(_registry.Vms.Count);
        for (var i = 0; i < _registry.Vms.Count; i++)
        {
            if (Sample(_registry.Vms[i], out errno) is { } sample)
            {
                samples.Add(sample);
            }
            else if (errno.IsGone())
            {
                // Before the other topics of this tick look for it.
                _registry.Forget(i--);
            }
        }

        // Good as far as it goes, and the reader of a record must know how far that is.
        var unconfirmed = _registry.Unconfirmed > 0 ? $"{_registry.Unconfirmed} known by program name only: seeing their descriptors needs root" : null;
        return Reading<VmsSample>.Partly(
            new VmsSample(samples, _registry.Unconfirmed),
            unconfirmed is not null && _registry.LeftOut is { } left ? unconfirmed + "; " + left : unconfirmed ?? _registry.LeftOut);
    }

    // The registry outlives this collector: other topics and the next subscriber use it.
    public void Dispose()
    {
    }

    /// <summary>Reads one VM; null when it ended in between.</summary>
    private VmSample? Sample(TrackedVm vm, out Errno errno)
    {
        if (vm.Stat(out errno) is not { } file || !ProcPidStat.TryParse(_buffer.ReadRecord(file, out errno), out var stat))
        {
            return null;
        }

        vm.RefreshThreads(stat.Threads, _registry.Uptime);
        if (vm.MemoryIsDue(_registry.Uptime))
        {
            vm.Memory = vm.Status(out errno) is { } statusFile && ProcPidStatus.TryParse(_buffer.ReadRecord(statusFile, out errno), out var s) ? s : null;
        }

        ProcPidIo? io = null;
        string? ioReason = null;
        if (vm.Io(out errno) is { } ioFile && ProcPidIo.TryParse(_buffer.ReadRecord(ioFile, out errno), out var i))
        {
            io = i;
        }
        else
        {
            ioReason = errno.IsDenied() ? "/proc/PID/io of another user's process: needs root" : $"/proc/PID/io: {errno.Describe()}";
        }

        var cgroup = vm.Throttling(_registry.Uptime, _registry.Mounts, out var sharedThrottled, out var cgroupReason);
        var readAt = _host.Monotonic();
        var threads = new ThreadSample[vm.Threads.Length];
        string? schedulerReason = null;
        ulong slices = 0, run = 0;
        for (var n = 0; n < threads.Length; n++)
        {
            var thread = vm.Threads[n];
            SchedStat? scheduler = null;
            if (thread.Schedstat(out errno) is { } schedstat && SchedStat.TryParse(_buffer.ReadRecord(schedstat, out errno), out var value))
            {
                scheduler = value;
                thread.Timeslices = value.Timeslices;
                if (thread.Thread.IsVcpu)
                {
                    slices += value.Timeslices;
                    run += value.RunNs;
                }
            }
            else if (errno.IsGone() && n > 0 && schedulerReason is null)
            {
                vm.ThreadGone();
            }
            else
            {
                schedulerReason = errno == Errno.ENOENT
                    ? "/proc/PID/task/TID/schedstat: this kernel has none (CONFIG_SCHED_INFO)"
                    : $"/proc/PID/task/TID/schedstat: {errno.Describe()}";
            }

            threads[n] = new ThreadSample(thread.Thread, scheduler);
        }

        var share = vm.StateProbe.Share(run, readAt);
        return new VmSample
        {
            Info = vm.Info,
            ReadAt = readAt,
            State = State(vm, stat, slices, share),
            Stat = stat,
            // What it had before it ended is not what it has.
            Status = IsDead(stat) ? null : vm.Memory,
            Io = io,
            IoReason = ioReason,
            Cgroup = cgroup,
            SharedThrottledNanoseconds = sharedThrottled,
            PageBytes = _host.PageSize,
            CgroupReason = cgroupReason,
            SchedulerReason = schedulerReason,
            Threads = threads,
        };
    }

    private static bool IsDead(in ProcPidStat stat) => stat.State is 'Z' or 'X' or 'x';

    private VmState State(TrackedVm vm, in ProcPidStat stat, ulong slices, double share) => stat.State switch
    {
        _ when IsDead(stat) => VmState.Zombie,
        'T' or 't' => VmState.Stopped,
        // Without a look at its descriptors, vCPUs not found are no sign that there are none yet.
        _ when vm.Info.VcpuThreads == 0 && !vm.Info.Confirmed => VmState.Unknown,
        _ when vm.Info.Accelerator == "kvm" => vm.Info.VcpuThreads == 0 ? VmState.Starting : vm.StateProbe.Probe(_host, vm, slices, share),
        // Under TCG an idle vCPU sleeps where a paused one does.
        _ => share > 0.02 ? VmState.Running : VmState.Unknown,
    };
}
