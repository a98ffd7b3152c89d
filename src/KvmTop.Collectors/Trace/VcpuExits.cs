namespace KvmTop.Collectors;

/// <summary>
/// Follows one vCPU from event to event: which exit is open, since when, and what of it passed in the VMM. Events must come in their order.
/// </summary>
/// <remarks>
/// Usually: kvm_exit, then what the guest asked for, perhaps kvm_userspace_exit and kvm_fpu (the VMM's part lies between them), then kvm_entry. Where KVM
/// emulates the guest's instructions, or the processor is virtualised in another way, kvm_exit and kvm_entry stay silent. Then a kvm_userspace_exit opens an
/// exit of its own, and the next call of KVM_RUN closes it; what KVM did without the VMM is counted without a time.
/// </remarks>
internal sealed class VcpuExits
{
    /// <summary>No CPU vendor has more; a stream that is not what it seems gets no further.</summary>
    private const int MostReasons = 128;

    /// <summary>Things asked for within one exit that are told apart.</summary>
    private const int MostDetails = 4;

    private const uint KvmExitIo = 2;
    private const uint KvmExitMmio = 6;

    private readonly Dictionary<ulong, ExitStatistics> _reasons = [];
    private readonly ulong[] _details = new ulong[MostDetails];
    private int _detailCount;

    // The exit that is open, or null.
    private ExitStatistics? _open;
    private ulong _openedAt;
    private ulong _rip;
    private bool _fromUserspaceOnly;

    // Its part in the VMM: since when, and how much so far.
    private bool _inVmm;
    private ulong _vmmSince;
    private ulong _vmm;
    private bool _wentToVmm;
    private uint _vmmCode;

    // Without kvm_exit: what the VMM will be asked for next, and the exit whose answer the next read is.
    private ulong _pending;
    private KvmTraceKind _pendingKind;
    private ExitStatistics? _answered;
    private ulong _answeredTime;
    private ulong _unsatisfied;

    // False until an exit or an entry was seen: a read before that may be the answer to an exit that was not.
    private bool _synced;
    private long _dropped;

    public IReadOnlyDictionary<ulong, ExitStatistics> Reasons => _reasons;

    public bool SawHardwareExit { get; private set; }

    public bool SawUserspaceOnly { get; private set; }

    /// <summary>Exits whose end is not known: events were lost, or the trace began or ended in their middle.</summary>
    public long Unfinished => _dropped + (_open is null ? 0 : 1);

    public void Add(in KvmTraceEvent e)
    {
        _synced |= e.Kind is KvmTraceKind.Exit or KvmTraceKind.Entry or KvmTraceKind.UserspaceExit;
        switch (e.Kind)
        {
            case KvmTraceKind.Exit:
                SawHardwareExit = true;
                Drop();
                Begin(new ExitReason(ExitReasonKind.Hardware, e.Code, e.Sub), e.Time);
                _rip = e.Value;
                break;
            case KvmTraceKind.Entry:
                Close(e.Time);
                break;
            case KvmTraceKind.UserspaceExit:
                UserspaceExit(e);
                break;
            case KvmTraceKind.RunStart:
                RunStart(e.Time);
                break;
            case KvmTraceKind.Pio:
                Detail(e, new ExitDetail(e.Sub != 0 ? ExitDetailKind.PortWrite : ExitDetailKind.PortRead, Size(e.Code), e.Value), asksVmm: e.Sub != 0);
                break;
            case KvmTraceKind.Mmio:
                Mmio(e);
                break;
            case KvmTraceKind.Msr:
                Detail(e, new ExitDetail(e.Sub != 0 ? ExitDetailKind.MsrWrite : ExitDetailKind.MsrRead, 0, e.Value), asksVmm: false);
                break;
            case KvmTraceKind.Cpuid:
                Detail(e, new ExitDetail(ExitDetailKind.Cpuid, 0, (uint)e.Value | ((ulong)(e.Sub & 0xffffff) << 32)), asksVmm: false);
                break;
            case KvmTraceKind.Hypercall:
                Detail(e, new ExitDetail(e.Sub != 0 ? ExitDetailKind.HyperVHypercall : ExitDetailKind.Hypercall, 0, e.Value), asksVmm: false);
                break;
        }
    }

    /// <summary>Adds what the exit that is open asked for, whose end and time are still to come.</summary>
    public void AddOpenDetails(Dictionary<ulong, ExitStatistics> merged)
    {
        if (_open is { } open && merged.TryGetValue(open.Reason.Key, out var statistics))
        {
            for (var i = 0; i < _detailCount; i++)
            {
                statistics.AddDetail(_details[i], 0);
            }
        }
    }

    /// <summary>Events are missing here: what was open stays without an end.</summary>
    public void Gap()
    {
        Drop();
        _pendingKind = KvmTraceKind.None;
        _answered = null;
        _unsatisfied = 0;
        _synced = false;
    }

    private void UserspaceExit(in KvmTraceEvent e)
    {
        if (_open is null || _fromUserspaceOnly)
        {
            Drop();
            SawUserspaceOnly = true;
            var errno = -(int)e.Sub;
            Begin(errno > 0 ? new ExitReason(ExitReasonKind.Interrupted, (uint)errno, 0) : new ExitReason(ExitReasonKind.Userspace, e.Code, 0), e.Time);
            _fromUserspaceOnly = true;
            TakePending(e.Code, errno);
        }

        if (!_wentToVmm)
        {
            _open!.CountUserspace();
        }

        (_inVmm, _vmmSince, _wentToVmm, _vmmCode) = (true, e.Time, true, (int)e.Sub < 0 ? uint.MaxValue : e.Code);
    }

    private void RunStart(ulong time)
    {
        if (_fromUserspaceOnly)
        {
            Close(time);
        }
        else
        {
            EndVmm(time);
        }
    }

    private void Mmio(in KvmTraceEvent e)
    {
        // A read that the VMM answers is told twice: when it is asked for, and with its answer.
        if (e.Sub == 1 && _unsatisfied == e.Value + 1)
        {
            _unsatisfied = 0;
            return;
        }

        _unsatisfied = e.Sub == 0 ? e.Value + 1 : 0;
        Detail(e, new ExitDetail(e.Sub == 2 ? ExitDetailKind.MmioWrite : ExitDetailKind.MmioRead, Size(e.Code), e.Value), asksVmm: e.Sub != 1);
    }

    private void Detail(in KvmTraceEvent e, ExitDetail detail, bool asksVmm)
    {
        var key = detail.Key;
        if (_open is not null && !_fromUserspaceOnly)
        {
            if (_detailCount < MostDetails)
            {
                _details[_detailCount++] = key;
            }

            return;
        }

        // Without a closing event of its own, an exit to the VMM ends at the first sign of life behind it.
        Close(e.Time);
        if (asksVmm)
        {
            FlushPending();
            (_pending, _pendingKind) = (key, e.Kind);
        }
        else if (e.Kind == KvmTraceKind.Pio && _answered is { Reason.Code: KvmExitIo })
        {
            // A port's read is told with its answer, after the VMM has given it.
            _answered.AddDetail(key, _answeredTime);
            _answered = null;
        }
        else if (_synced || detail.Kind is not (ExitDetailKind.PortRead or ExitDetailKind.MmioRead))
        {
            CountInKernel(e.Kind, key);
        }
    }

    private void TakePending(uint code, int errno)
    {
        if (_pendingKind != KvmTraceKind.None && errno <= 0 && code == (_pendingKind == KvmTraceKind.Pio ? KvmExitIo : KvmExitMmio))
        {
            _details[_detailCount++] = _pending;
            _pendingKind = KvmTraceKind.None;
        }
        else
        {
            FlushPending();
        }
    }

    /// <summary>What was asked for has not gone to the VMM: KVM did it.</summary>
    private void FlushPending()
    {
        if (_pendingKind != KvmTraceKind.None)
        {
            CountInKernel(_pendingKind, _pending);
            _pendingKind = KvmTraceKind.None;
        }
    }

    private void CountInKernel(KvmTraceKind kind, ulong key)
    {
        var statistics = Of(new ExitReason(ExitReasonKind.InKernel, (uint)kind, 0));
        statistics.CountExit();
        statistics.AddDetail(key, 0);
    }

    private void Begin(ExitReason reason, ulong time)
    {
        _open = Of(reason);
        _open.CountExit();
        _openedAt = time;
        (_detailCount, _rip, _vmm) = (0, 0, 0);
        (_inVmm, _wentToVmm, _fromUserspaceOnly) = (false, false, false);
    }

    private void EndVmm(ulong time)
    {
        if (_inVmm)
        {
            _vmm += Since(_vmmSince, time);
            _inVmm = false;
        }
    }

    private void Close(ulong time)
    {
        if (_open is not { } open)
        {
            return;
        }

        // A kernel without kvm_fpu: the VMM's part lasts to the entry.
        EndVmm(time);
        var total = Since(_openedAt, time);
        if (total > 0)
        {
            open.Total.Add(total);
            if (_wentToVmm)
            {
                open.Vmm.Add(_vmm);
            }

            if (!_fromUserspaceOnly)
            {
                open.Kernel.Add(total > _vmm ? total - _vmm : 0);
            }
        }
        else
        {
            // No exit takes no time: the clock of this CPU stood still or went back (an unstable TSC).
            _dropped++;
        }

        if (!_fromUserspaceOnly)
        {
            open.AddRip(_rip, total);
            if (_wentToVmm)
            {
                open.AddUserspace(_vmmCode, _vmm);
            }
        }

        for (var i = 0; i < _detailCount; i++)
        {
            open.AddDetail(_details[i], total);
        }

        (_answered, _answeredTime) = (_fromUserspaceOnly && _detailCount == 0 ? open : null, total);
        (_open, _fromUserspaceOnly) = (null, false);
    }

    private void Drop()
    {
        if (_open is not null)
        {
            _dropped++;
            (_open, _fromUserspaceOnly) = (null, false);
        }
    }

    private ExitStatistics Of(ExitReason reason)
    {
        if (_reasons.TryGetValue(reason.Key, out var statistics))
        {
            return statistics;
        }

        if (_reasons.Count >= MostReasons)
        {
            reason = new ExitReason(reason.Kind, uint.MaxValue, reason.Isa);
            if (_reasons.TryGetValue(reason.Key, out statistics))
            {
                return statistics;
            }
        }

        statistics = new ExitStatistics(reason);
        _reasons.Add(reason.Key, statistics);
        return statistics;
    }

    // Clocks of two CPUs can differ by a little: a thread that moved may seem to go back.
    private static ulong Since(ulong start, ulong end) => end > start ? end - start : 0;

    private static int Size(uint size) => (int)Math.Min(size, 15);
}
