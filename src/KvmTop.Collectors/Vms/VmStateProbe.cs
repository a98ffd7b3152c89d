using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// Tells a paused guest from an idle one without asking its VMM: an idle vCPU sleeps inside ioctl(KVM_RUN), a paused one waits for a lock of the
/// VMM (<c>/proc/PID/task/TID/syscall</c>). Where a sleeping thread sleeps cannot change while it gets no CPU time, so the file is read again
/// only after it ran.
/// </summary>
internal sealed class VmStateProbe
{
    // A vCPU that used this much of an interval is surely in the guest; a paused one uses none.
    private const double SurelyRunning = 0.02;

    private readonly ReadBuffer _buffer = new(512);
    private ulong _slicesAtVerdict = ulong.MaxValue;
    private VmState _verdict = VmState.Unknown;
    private ulong _run;
    private TimeSpan? _runAt;

    /// <summary>The CPU time of all vCPUs since the last call, as a share of one CPU; NaN when there was none.</summary>
    /// <param name="run">Sum of their CPU times in nanoseconds.</param>
    /// <param name="at">Monotonic time of that.</param>
    public double Share(ulong run, TimeSpan at)
    {
        var share = _runAt is { } before && at > before && run >= _run ? (run - _run) / 1e9 / (at - before).TotalSeconds : double.NaN;
        (_run, _runAt) = (run, at);
        return share;
    }

    /// <summary>The state by what its vCPUs do.</summary>
    /// <param name="host">The files.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="slices">Sum of the timeslices of its vCPU threads: it changes when one of them runs.</param>
    /// <param name="share">CPU time of all vCPUs over the last interval, as a share of one CPU; NaN when unknown.</param>
    public VmState Probe(HostRoot host, TrackedVm vm, ulong slices, double share)
    {
        if (vm.Info.VcpuThreads == 0)
        {
            return VmState.Unknown;
        }

        if (share > SurelyRunning)
        {
            _slicesAtVerdict = ulong.MaxValue;
            return _verdict = VmState.Running;
        }

        if (slices == _slicesAtVerdict)
        {
            return _verdict;
        }

        _slicesAtVerdict = slices;
        return _verdict = Look(host, vm);
    }

    private VmState Look(HostRoot host, TrackedVm vm)
    {
        var seen = false;
        foreach (var thread in vm.Threads[..vm.Info.VcpuThreads])
        {
            if (!ThreadSyscall.TryParse(_buffer.ReadRecord(host, $"/proc/{vm.Info.Pid}/task/{thread.Thread.Tid}/syscall", out _), out var call))
            {
                continue;
            }

            if (call.State == ThreadSyscallState.Running || call.IsKvmRun)
            {
                return VmState.Running;
            }

            seen = true;
        }

        // Not readable for this user: it runs as far as anybody can tell.
        return seen ? VmState.Paused : VmState.Unknown;
    }
}
