using System.Buffers.Text;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>What looking at a process found.</summary>
internal enum Verdict
{
    /// <summary>Not a VM, as far as could be seen.</summary>
    Other,

    /// <summary>Holds a KVM VM descriptor.</summary>
    KvmGuest,

    /// <summary>A VMM by its program's name, without a KVM descriptor (so far).</summary>
    VmmWithoutKvm,

    /// <summary>A VMM by its program's name; its descriptors may not be listed by this user.</summary>
    VmmUnconfirmed,

    /// <summary>A kernel thread that moves packets for a VM: its name is vhost-PID (before Linux 6.4).</summary>
    VhostThread,
}

/// <summary>A process that was looked at.</summary>
internal sealed class KnownProcess(VmKey key, ulong inode)
{
    public VmKey Key { get; } = key;

    public ulong Inode { get; } = inode;

    public Verdict Verdict { get; set; }

    public VmmKind Vmm { get; set; } = VmmKind.Unknown;

    public string Comm { get; set; } = "";

    /// <summary>The link of its program (<c>/proc/PID/exe</c>), else its comm.</summary>
    public string Program { get; set; } = "";

    public int ParentPid { get; set; }

    public int Threads { get; set; }

    /// <summary>It has ended, and its parent has not asked how.</summary>
    public bool IsZombie { get; set; }

    /// <summary>How many descriptors it had at the latest look; -1 when they could not be listed.</summary>
    public int Descriptors { get; set; } = -1;

    /// <summary>It runs no guest though its program does: what a VMM forked, the one that waits for a daemon to start, an emptied or ended one.</summary>
    public bool IsHelper { get; set; }

    /// <summary>QEMU that was asked what it can do: its links, to see whether it makes a vCPU all the same. Null for all others.</summary>
    public DescriptorLinks? Probe { get; set; }

    /// <summary>Who runs it, once that was asked (<see cref="StrangerBudget"/>).</summary>
    public int? Uid { get; set; }

    /// <summary>The VM process that a vhost kernel thread works for.</summary>
    public int VhostOwner { get; set; }

    /// <summary>Its program and the numbers of its descriptors as they were when its links were last read, in one number: while they are the same, so are the links.</summary>
    public int Seen { get; set; }

    /// <summary>When to look again, in uptime; a process can open /dev/kvm long after it started.</summary>
    public TimeSpan NextLook { get; set; }

    /// <summary>Marks that it was there at the latest listing.</summary>
    public long Generation { get; set; }
}

/// <summary>
/// Tells which processes are virtual machines: those with a descriptor that links to <c>anon_inode:kvm-vm</c>, whatever program they are, and
/// QEMU without one (TCG). A process is looked into when it is new and again whenever it has grown half as old again, since the descriptor
/// appears after exec.
/// </summary>
internal sealed class ProcessTable(HostRoot host) : IDisposable
{
    // Beyond these a descriptor table is not a VMM's; a QEMU with hundreds of disks has fewer.
    private const int MaxDescriptors = 16384;

    // Threads take numbers too; beyond so many a listing is cheaper.
    private const int MostLookedUp = 32;

    // A listing is made at least this often, whatever the kernel's last pid says.
    private static readonly TimeSpan s_listingPace = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_vmmWait = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, KnownProcess> _known = [];
    private readonly List<NumberedEntry> _entries = [];
    private readonly List<NumberedEntry> _descriptors = [];
    private readonly ReadBuffer _buffer = new();
    private HostFile? _loadavg;
    private int _lastPid = -1;
    private TimeSpan _listed = TimeSpan.MaxValue;
    private TimeSpan _nextLook;
    private long _generation;

    /// <summary>All processes known, VMs and others.</summary>
    public Dictionary<int, KnownProcess> Known => _known;

    /// <summary>How many processes hide their descriptors from this user, by the latest look at each.</summary>
    public int Denied => _known.Values.Count(static p => p.Verdict == Verdict.VmmUnconfirmed && !p.IsHelper);

    /// <summary>
    /// Looks into what is new or due. The kernel tells the newest pid that it gave out, so a few new processes are looked up by their numbers; all are
    /// listed when there were many, and now and then whatever that pid says.
    /// </summary>
    public Errno Refresh(TimeSpan uptime)
    {
        var lastPid = ReadLastPid();
        var started = lastPid - (long)_lastPid;
        if (_lastPid < 0 || started is < 0 or > MostLookedUp || uptime < _listed || uptime - _listed >= s_listingPace)
        {
            var errno = List(uptime);
            _lastPid = errno == Errno.None ? lastPid : -1;
            return errno;
        }

        for (var pid = _lastPid + 1; pid <= lastPid; pid++)
        {
            if (IsProcess(pid))
            {
                Look(new NumberedEntry(pid, 0), uptime);
            }
        }

        _lastPid = lastPid;
        if (uptime >= _nextLook)
        {
            LookAgain(uptime);
        }

        return Errno.None;
    }

    /// <summary>
    /// Tells QEMU's guests from what else has QEMU's program and no KVM descriptor: the process that cleans up behind a guest ("cleanup/PID" of async-teardown shares its
    /// memory), a fork on its way to another program, the parent that waits while a daemon starts, what has closed everything or ended. QEMU itself has several threads.
    /// </summary>
    public void FindHelpers()
    {
        foreach (var process in _known.Values)
        {
            process.IsHelper = process.Vmm == VmmKind.Qemu && process.Verdict is Verdict.VmmWithoutKvm or Verdict.VmmUnconfirmed && IsAlone(process);
        }

        foreach (var process in _known.Values)
        {
            // Whose child runs a guest waits for it.
            if (process.Vmm == VmmKind.Qemu && (process.Verdict == Verdict.KvmGuest || process.Threads > 1)
                && _known.TryGetValue(process.ParentPid, out var parent) && parent.Vmm == VmmKind.Qemu && parent.Verdict != Verdict.KvmGuest)
            {
                parent.IsHelper = true;
            }
        }
    }

    private bool IsAlone(KnownProcess process) => process.Threads <= 1
        && (process.Descriptors == 0 || process.IsZombie || process.Comm.StartsWith("cleanup/", StringComparison.Ordinal)
            || (_known.TryGetValue(process.ParentPid, out var parent) && parent.Vmm == VmmKind.Qemu));

    /// <summary>Says that a process has ended.</summary>
    public void Forget(VmKey key)
    {
        if (_known.TryGetValue(key.Pid, out var process) && process.Key == key)
        {
            _known.Remove(key.Pid);
        }
    }

    public void Dispose() => _loadavg?.Dispose();

    /// <summary>The newest pid or thread id that the kernel gave out, the last field of <c>/proc/loadavg</c>; -1 when unknown.</summary>
    private int ReadLastPid()
    {
        if (_loadavg is null && host.Open("/proc/loadavg", out _loadavg) != Errno.None)
        {
            return -1;
        }

        var text = _buffer.ReadRecord(_loadavg!, out _).TrimEnd((byte)'\n');
        return Utf8Parser.TryParse(text[(text.LastIndexOf((byte)' ') + 1)..], out int pid, out _) ? pid : -1;
    }

    private Errno List(TimeSpan uptime)
    {
        _entries.Clear();
        var errno = host.ListNumbers("/proc", _entries);
        if (errno != Errno.None)
        {
            return errno;
        }

        (_listed, _nextLook) = (uptime, TimeSpan.MaxValue);
        _generation++;
        foreach (var entry in _entries)
        {
            if (!_known.TryGetValue(entry.Number, out var process) || process.Inode != entry.Inode || entry.Inode == 0 || uptime >= process.NextLook)
            {
                Look(entry, uptime);
            }
            else
            {
                Keep(process);
            }
        }

        foreach (var (pid, process) in _known)
        {
            if (process.Generation != _generation)
            {
                _known.Remove(pid);
            }
        }

        return Errno.None;
    }

    private void LookAgain(TimeSpan uptime)
    {
        _entries.Clear();
        foreach (var (pid, process) in _known)
        {
            if (uptime >= process.NextLook)
            {
                _entries.Add(new NumberedEntry(pid, process.Inode));
            }
        }

        foreach (var entry in _entries)
        {
            Look(entry, uptime);
        }

        _nextLook = TimeSpan.MaxValue;
        foreach (var process in _known.Values)
        {
            Keep(process);
        }
    }

    private void Keep(KnownProcess process)
    {
        process.Generation = _generation;
        _nextLook = process.NextLook < _nextLook ? process.NextLook : _nextLook;
    }

    /// <summary>True unless the number is that of a thread: /proc shows those too to whoever asks by number.</summary>
    private bool IsProcess(int pid) => ProcPidStatus.ThreadGroupOf(_buffer.ReadRecord(host, $"/proc/{pid}/status", out _)) == pid;

    private void Look(NumberedEntry entry, TimeSpan uptime)
    {
        if (Find(entry, _known.GetValueOrDefault(entry.Number), uptime) is { } process)
        {
            _known[entry.Number] = process;
            Keep(process);
        }
        else
        {
            _known.Remove(entry.Number);
        }
    }

    private KnownProcess? Find(NumberedEntry entry, KnownProcess? before, TimeSpan uptime)
    {
        var pid = entry.Number;
        var text = _buffer.ReadRecord(host, $"/proc/{pid}/stat", out _);
        if (!ProcPidStat.TryParse(text, out var stat))
        {
            return null;
        }

        var key = new VmKey(pid, stat.StartTimeTicks);
        var process = before?.Key == key && before.Inode == entry.Inode ? before : new KnownProcess(key, entry.Inode);
        process.Comm = Encoding.UTF8.GetString(ProcPidStat.Comm(text));
        if (stat.IsKernelThread)
        {
            process.NextLook = TimeSpan.MaxValue;
            if (process.Comm.StartsWith("vhost-", StringComparison.Ordinal) && int.TryParse(process.Comm.AsSpan(6), out var owner))
            {
                process.Verdict = Verdict.VhostThread;
                process.VhostOwner = owner;
            }

            return process;
        }

        if (pid == Environment.ProcessId && host.IsLive)
        {
            // We hold descriptors by the thousand, and no VM.
            process.NextLook = TimeSpan.MaxValue;
            return process;
        }

        var program = Executable(pid) ?? process.Comm;
        if (program != process.Program)
        {
            (process.Program, process.Probe) = (program, null);
        }

        (process.ParentPid, process.Threads, process.IsZombie) = (stat.ParentPid, stat.Threads, stat.State is 'Z' or 'X' or 'x');
        process.Vmm = VmmDetector.FromExecutable(program);
        var isVmm = process.Vmm != VmmKind.Unknown;
        process.Verdict = HoldsKvmVm(process, program) switch
        {
            true => Verdict.KvmGuest,
            false => isVmm ? Verdict.VmmWithoutKvm : Verdict.Other,
            null => isVmm ? Verdict.VmmUnconfirmed : Verdict.Other,
        };

        var age = uptime - TimeSpan.FromSeconds((double)stat.StartTimeTicks / SystemInfo.ClockTicksPerSecond);
        var wait = process.Verdict switch
        {
            // A guest stays one until it ends.
            Verdict.KvmGuest => TimeSpan.MaxValue,
            Verdict.VmmWithoutKvm or Verdict.VmmUnconfirmed => s_vmmWait,
            _ => age / 2 < s_longestWait ? age / 2 : s_longestWait,
        };
        process.NextLook = wait == TimeSpan.MaxValue ? wait : uptime + wait;
        return process;
    }

    private string? Executable(int pid)
    {
        Span<byte> link = stackalloc byte[512];
        return host.ReadLink($"/proc/{pid}/exe", link, out var length) == Errno.None ? Encoding.UTF8.GetString(link[..length]) : null;
    }

    /// <summary>True or false when all descriptors can be looked at, null when they cannot: not having seen one proves nothing then.</summary>
    private bool? HoldsKvmVm(KnownProcess process, string program)
    {
        _descriptors.Clear();
        var folder = $"/proc/{process.Key.Pid}/fd";
        var errno = host.ListNumbers(folder, _descriptors);
        process.Descriptors = errno == Errno.None ? _descriptors.Count : -1;
        if (errno != Errno.None)
        {
            return null;
        }

        var seen = new HashCode();
        seen.Add(program);
        foreach (var descriptor in _descriptors)
        {
            seen.Add(descriptor.Number);
        }

        var before = process.Seen;
        process.Seen = seen.ToHashCode();
        if (process.Seen == before && process is { Vmm: VmmKind.Unknown, Verdict: Verdict.Other })
        {
            return false;
        }

        Span<byte> link = stackalloc byte[64];
        var sawAll = _descriptors.Count <= MaxDescriptors;
        for (var i = 0; i < Math.Min(_descriptors.Count, MaxDescriptors); i++)
        {
            errno = host.ReadLink($"{folder}/{_descriptors[i].Number}", link, out var length);
            if (errno == Errno.None && link[..length].SequenceEqual("anon_inode:kvm-vm"u8))
            {
                return true;
            }

            // Those of a process that has just become another user's can be listed, and not read.
            sawAll &= !errno.IsDenied();
        }

        return sawAll ? false : null;
    }
}
