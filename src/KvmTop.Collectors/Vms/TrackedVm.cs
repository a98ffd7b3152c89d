using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>One VM that is being watched: what is known about it, and its kernel files, kept open.</summary>
internal sealed class TrackedVm : IDisposable
{
    // Of a VM with KVM, and of one without: those beyond are not looked at one by one.
    private const int MostThreads = 8192;
    private const int MostEmulated = 256;

    // Where vCPU threads could not be told apart, or not all of them, it is tried again: a thread on a CPU cannot be asked.
    private static readonly TimeSpan s_vcpuPace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_cgroupPace = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_quotaPace = TimeSpan.FromSeconds(10);

    // status costs as much as all the other files of a small VM together, and swap moves slowly. Resident memory comes from stat, in every tick.
    private static readonly TimeSpan s_memoryPace = TimeSpan.FromSeconds(5);

    private readonly HostRoot _host;
    private readonly VcpuThreadFinder _finder;
    private readonly ReadBuffer _buffer = new(4096);
    private readonly Dictionary<int, TrackedThread> _byTid = [];
    private readonly Dictionary<int, int> _vcpuOfThread = [];
    private readonly List<NumberedEntry> _entries = [];
    private readonly List<(int Tid, string Comm)> _comms = [];
    private readonly string _folder;
    private TrackedThread[] _threads = [];
    private HostFile? _stat;
    private HostFile? _status;
    private HostFile? _io;
    private HostFile? _cgroup;
    private long _threadCount = -1;
    private bool _listAgain = true;
    private TimeSpan _threadsListed;
    private readonly List<HostFile> _quotas = [];
    private byte[] _membership = [];
    private TimeSpan? _cgroupRead;
    private TimeSpan _quotasFound;
    private TimeSpan? _nextMemory;
    private IReadOnlyList<int> _vhost = [];

    public TrackedVm(HostRoot host, VcpuThreadFinder finder, VmInfo info)
    {
        (_host, _finder, Info) = (host, finder, info);
        _folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{info.Pid}");
        Descriptors = new DescriptorLinks(host, info.Pid);
    }

    /// <summary>What is known about it; replaced when something of it changes.</summary>
    public VmInfo Info { get; set; }

    /// <summary>The text from which <see cref="VmInfo.Program"/> was made.</summary>
    public string? ProgramSeen { get; set; }

    /// <summary>True once the command line has been read, or cannot be.</summary>
    public bool Described { get; set; }

    /// <summary>How much of its command line is kept, and on whose account.</summary>
    public int CommandLineBytes { get; set; }

    public int? CommandLineUser { get; set; }

    /// <summary>The reading of its command line while that hangs: one for each VM, so that one in trouble does not use up what all share.</summary>
    public Task<byte[]>? CommandLine { get; set; }

    /// <summary>Its descriptors that tell something, for whoever refreshes them; all in uptime.</summary>
    public DescriptorLinks Descriptors { get; }

    /// <summary>Its QMP monitor, once somebody has asked for it (<see cref="QmpConnections.Get"/>).</summary>
    public QmpConnection? Qmp { get; set; }

    /// <summary>The threads in the order of <see cref="VmInfo.Threads"/>.</summary>
    public ReadOnlySpan<TrackedThread> Threads => _threads;

    /// <summary>Kernel threads that work for it (vhost before Linux 6.4), by pid; a process of one thread each.</summary>
    public IReadOnlyList<int> VhostThreads
    {
        get => _vhost;
        set
        {
            if (!_vhost.SequenceEqual(value))
            {
                _vhost = value;
                _listAgain = true;
            }
        }
    }

    /// <summary>What the vCPUs were last found to be doing.</summary>
    public VmStateProbe StateProbe { get; } = new();

    /// <summary>What /proc/PID/status said last; null when it could not be read.</summary>
    public ProcPidStatus? Memory { get; set; }

    public HostFile? Stat(out Errno errno) => Kept(ref _stat, "stat", out errno);

    public HostFile? Status(out Errno errno) => Kept(ref _status, "status", out errno);

    public HostFile? Io(out Errno errno) => Kept(ref _io, "io", out errno);

    /// <summary>
    /// What quotas have done to it: the sum over the cgroups that have one, among its own, libvirt's below it (one per vCPU) and those around it. No
    /// quota anywhere is an honest zero. Null, with the reason, where no CPU controller counts.
    /// </summary>
    /// <param name="uptime">Now.</param>
    /// <param name="mounts">Where cgroups are.</param>
    /// <param name="shared">Throttled time of those that it shares with others, in ns; it is not in the sum.</param>
    /// <param name="reason">Why there is no sum.</param>
    public CgroupCpuStat? Throttling(TimeSpan uptime, CgroupMounts mounts, out ulong shared, out string? reason)
    {
        shared = 0;
        if (_cgroupRead is null || uptime - _cgroupRead >= s_cgroupPace)
        {
            FindQuotas(uptime, mounts);
        }

        if (Info.Cgroup is null)
        {
            reason = "no CPU controller counts for this VM's cgroup";
            return null;
        }

        reason = null;
        var sum = default(CgroupCpuStat);
        for (var i = 0; i < _quotas.Count; i++)
        {
            if (!CgroupCpuStat.TryParse(_buffer.ReadRecord(_quotas[i], out var errno), out var stat))
            {
                // The group went away: the next look finds what stands now.
                _cgroupRead = null;
                reason = $"cpu.stat of the cgroup: {errno.Describe()}";
                return null;
            }

            if (i < Info.SharedQuotas)
            {
                shared += stat.ThrottledNanoseconds;
                continue;
            }

            sum = new CgroupCpuStat(
                sum.Periods + stat.Periods, sum.ThrottledPeriods + stat.ThrottledPeriods, sum.ThrottledNanoseconds + stat.ThrottledNanoseconds, null);
        }

        return sum;
    }

    /// <summary>Whether <see cref="Memory"/> is to be read again in this tick. The VMs take turns: by pid, each has its own.</summary>
    public bool MemoryIsDue(TimeSpan uptime)
    {
        if (_nextMemory is { } next && uptime < next && next - uptime <= s_memoryPace)
        {
            return false;
        }

        var late = _nextMemory is null ? TimeSpan.FromMilliseconds(Info.Pid * 1000L % (long)s_memoryPace.TotalMilliseconds) : TimeSpan.Zero;
        _nextMemory = uptime + s_memoryPace - late;
        return true;
    }

    /// <summary>Says that a thread ended: another may have taken its place without changing their number.</summary>
    public void ThreadGone() => _listAgain = true;

    /// <summary>Lists the threads again when their number changed, one of them ended, or some vCPU is still to be found.</summary>
    public void RefreshThreads(long threadCount, TimeSpan uptime)
    {
        // Without KVM anybody can have as many threads as he likes, and others at each tick.
        var emulates = Info.Accelerator != "kvm";
        if (emulates && threadCount > MostEmulated / 4 && _threads.Length > 0 && uptime - _threadsListed < s_vcpuPace)
        {
            return;
        }

        var due = (Info.VcpuThreads == 0 || Info.VcpuThreads < Info.Description.VcpuCount) && uptime - _threadsListed >= s_vcpuPace;
        if (threadCount == _threadCount && !due && !_listAgain)
        {
            return;
        }

        // Once more at the next tick: a thread is created first and named a moment later.
        _listAgain = threadCount != _threadCount;
        (_threadCount, _threadsListed) = (threadCount, uptime);
        _entries.Clear();
        if (_host.ListNumbers($"{_folder}/task", _entries) != Errno.None)
        {
            return;
        }

        if (_entries.Count > (emulates ? MostEmulated : MostThreads))
        {
            _entries.RemoveRange(emulates ? MostEmulated : MostThreads, _entries.Count - (emulates ? MostEmulated : MostThreads));
        }

        _comms.Clear();
        foreach (var entry in _entries)
        {
            _comms.Add((entry.Number, Comm($"{_folder}/task/{entry.Number}/comm")));
        }

        var source = _finder.Find(Info.Pid, _comms, _vcpuOfThread);
        var found = new List<VmThread>(_comms.Count + _vhost.Count);
        foreach (var (tid, comm) in _comms)
        {
            var index = _vcpuOfThread.GetValueOrDefault(tid, -1);
            found.Add(new VmThread(tid, index >= 0 ? ThreadRole.Vcpu : VcpuThreadName.RoleOf(Encoding.UTF8.GetBytes(comm), tid == Info.Pid), index, HostileText.Clean(comm, 16)));
        }

        foreach (var pid in _vhost)
        {
            found.Add(new VmThread(pid, ThreadRole.Vhost, -1, HostileText.Clean(Comm($"/proc/{pid}/comm"), 16)));
        }

        found.Sort(static (a, b) => (a.IsVcpu, b.IsVcpu) switch
        {
            (true, false) => -1,
            (false, true) => 1,
            (true, true) when a.VcpuIndex != b.VcpuIndex => a.VcpuIndex.CompareTo(b.VcpuIndex),
            _ => a.Tid.CompareTo(b.Tid),
        });
        if (!found.SequenceEqual(Info.Threads))
        {
            Adopt(found);
            Info = Info with { Threads = found, VcpuThreads = found.Count(t => t.IsVcpu), VcpuSource = source };
        }
        else if (source != Info.VcpuSource)
        {
            Info = Info with { VcpuSource = source };
        }
    }

    public void Dispose()
    {
        foreach (var thread in _threads)
        {
            thread.Dispose();
        }

        _threads = [];
        _byTid.Clear();
        _stat?.Dispose();
        _status?.Dispose();
        _io?.Dispose();
        _cgroup?.Dispose();
        _stat = _status = _io = _cgroup = null;
        CloseQuotas();
        Qmp?.Close();
    }

    private void FindQuotas(TimeSpan uptime, CgroupMounts mounts)
    {
        // A VM can be put into another group, or be given a quota, long after it started. The membership is cheap to look at; the quotas of a
        // dozen groups are not, and are spread by pid over the ticks.
        var membership = Kept(ref _cgroup, "cgroup", out _) is { } file ? _buffer.ReadRecord(file, out _) : default;
        var moved = _cgroupRead is null || !membership.SequenceEqual(_membership);
        // The first time apart, so that the VMs take turns from then on.
        _cgroupRead = _cgroupRead is null ? uptime - TimeSpan.FromMilliseconds(Info.Pid % 4 * 1000) : uptime;
        if (!moved && uptime - _quotasFound < s_quotaPace)
        {
            return;
        }

        if (moved)
        {
            _membership = membership.ToArray();
        }

        _quotasFound = uptime - TimeSpan.FromMilliseconds(Info.Pid % 10 * 500);
        CloseQuotas();
        var files = CgroupCpu.ListStatFiles(_host, mounts, _membership);
        var limited = new List<string>();
        var shared = 0;
        foreach (var found in files)
        {
            if (CpuQuota.Read(_host, found.Path) is { Cpus: not null } && _host.Open(found.Path, out var open) == Errno.None)
            {
                _quotas.Add(open!);
                limited.Add(found.Path);
                // From the outermost inwards: the shared ones come first.
                shared += found.Relation == CgroupRelation.Ancestor || (found.Relation == CgroupRelation.Own && CgroupCpu.IsShared(_host, found.Path, Info.Pid, _vhost)) ? 1 : 0;
            }
        }

        // A process in the root group, or in one without the controller, has none that could hold it back: nothing to count, which is known. A group
        // that we cannot see (another namespace's, an unreadable membership) is not known.
        var inRoot = files.Count == 0 && CgroupMembership.TryParse(_membership, out var path)
            && (mounts.CpuV1 is { } v1 ? Shows(v1, path.CpuV1Path) : Shows(mounts.V2, path.V2Path));
        Info = Info with
        {
            Cgroup = files.LastOrDefault(f => f.Relation != CgroupRelation.Child)?.Path ?? (inRoot ? "/" : null),
            Quotas = limited.SequenceEqual(Info.Quotas) ? Info.Quotas : limited,
            SharedQuotas = shared,
        };
    }

    private bool Shows(CgroupMount? mount, string? path) => path is not null && mount?.DirectoryOf(path) is { } directory && _host.Exists(directory);

    private void CloseQuotas()
    {
        foreach (var file in _quotas)
        {
            file.Dispose();
        }

        _quotas.Clear();
    }

    private void Adopt(List<VmThread> found)
    {
        var threads = new TrackedThread[found.Count];
        for (var i = 0; i < threads.Length; i++)
        {
            // A renamed thread keeps its descriptors only when it is the same in every respect: simple, and rare.
            if (_byTid.Remove(found[i].Tid, out var known) && known.Thread != found[i])
            {
                known.Dispose();
                known = null;
            }

            var owner = found[i].Role == ThreadRole.Vhost && _vhost.Contains(found[i].Tid) ? found[i].Tid : Info.Pid;
            threads[i] = known ?? new TrackedThread(_host, owner, found[i]);
        }

        foreach (var gone in _byTid.Values)
        {
            gone.Dispose();
        }

        _byTid.Clear();
        foreach (var thread in threads)
        {
            _byTid.Add(thread.Thread.Tid, thread);
        }

        _threads = threads;
    }

    private string Comm(string path) => Encoding.UTF8.GetString(_buffer.ReadRecord(_host, path, out _).TrimEnd((byte)'\n'));

    private HostFile? Kept(ref HostFile? file, string name, out Errno errno)
    {
        errno = Errno.None;
        if (file is null)
        {
            errno = _host.Open($"{_folder}/{name}", out file);
        }

        return file;
    }
}
