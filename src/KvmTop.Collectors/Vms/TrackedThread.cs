using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>A thread whose kernel files are kept open for as long as somebody reads them.</summary>
internal sealed class TrackedThread(HostRoot host, int pid, VmThread thread) : IDisposable
{
    private HostFile? _schedstat;
    private HostFile? _stat;
    private HostFile? _status;
    private ProcPidStat? _lastStat;
    private ulong _slicesOfStat;
    private byte[] _affinityBytes = [];
    private string? _affinity;

    public VmThread Thread { get; } = thread;

    /// <summary>Folder of the thread in /proc.</summary>
    private string Folder => $"/proc/{pid}/task/{Thread.Tid}";

    public HostFile? Schedstat(out Errno errno) => Kept(ref _schedstat, "schedstat", out errno);

    /// <summary>How often it has been put on a CPU, as schedstat told in this tick; 0 when that is not known. Whoever reads <see cref="ReadStat"/> uses it up.</summary>
    public ulong Timeslices { get; set; }

    /// <summary>
    /// What stat says, which costs most of all that is read of a vCPU. Of one that slept at the last reading and has not been put on a CPU since (its VM is paused, the guest
    /// does not use it) it still says the same, and is not read again. Null when the thread ended.
    /// </summary>
    public ProcPidStat? ReadStat(ReadBuffer buffer)
    {
        const char running = 'R';
        var slices = Timeslices;
        Timeslices = 0;
        if (slices == 0 || slices != _slicesOfStat || _lastStat is null or { State: running })
        {
            _lastStat = Kept(ref _stat, "stat", out _) is { } file && ProcPidStat.TryParse(buffer.ReadRecord(file, out _), out var stat) ? stat : null;
            _slicesOfStat = slices;
        }

        return _lastStat;
    }

    public HostFile? Status(out Errno errno) => Kept(ref _status, "status", out errno);

    /// <summary>The affinity text of the latest status and the same as a string, made anew only when it changes.</summary>
    public string Affinity(ReadOnlySpan<byte> list)
    {
        if (_affinity is null || !list.SequenceEqual(_affinityBytes))
        {
            _affinityBytes = list.ToArray();
            _affinity = HostileText.Clean(list, 1024);
        }

        return _affinity;
    }

    public void Dispose()
    {
        _schedstat?.Dispose();
        _stat?.Dispose();
        _status?.Dispose();
        _schedstat = _stat = _status = null;
    }

    private HostFile? Kept(ref HostFile? file, string name, out Errno errno)
    {
        errno = Errno.None;
        if (file is null)
        {
            errno = host.Open($"{Folder}/{name}", out file);
        }

        return file;
    }
}
