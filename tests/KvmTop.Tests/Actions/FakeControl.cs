using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

/// <summary>A host in a temporary directory that can be changed: files for real, the rest as the test wants it.</summary>
internal sealed partial class FakeControl : HostControl, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kvmtop-actions").FullName;

    public FakeControl()
    {
        Files = new DirectoryHost(_root);
        _ = With("/proc/sys/kernel/random/boot_id", "7a0f\n");
    }

    public override HostRoot Files { get; }

    public override Actor Actor => User;

    public override string? Refusal => RefusalText;

    /// <summary>Who acts; root unless a test says otherwise.</summary>
    public Actor User { get; set; } = new(0, "root", null);

    public string? RefusalText { get; set; }

    /// <summary>What the kernel makes of what is written; the text as it is unless a test says otherwise. An error is answered when it returns null.</summary>
    public Func<string, string, string?> Kernel { get; set; } = (_, text) => text;

    /// <summary>Files that this user may not write.</summary>
    public HashSet<string> Denied { get; } = [];

    /// <summary>What programs do.</summary>
    public Func<IReadOnlyList<string>, ChildResult> Programs { get; set; } = _ => new ChildResult(0, [], [], null);

    /// <summary>What monitors answer.</summary>
    public Func<string, string?, QmpReply> Monitor { get; set; } = (_, _) => new QmpReply(QmpReplyStatus.Ok, "{}"u8.ToArray(), null, default, default);

    /// <summary>What libvirt answers.</summary>
    public Func<LibvirtRequest, LibvirtReply> Domains { get; set; } = _ => new LibvirtReply(true, null, null);

    /// <summary>CPUs of threads by tid.</summary>
    public Dictionary<int, CpuSet> Affinities { get; } = [];

    /// <summary>Start times of processes and threads; what is not here is gone.</summary>
    public Dictionary<int, ulong> Started { get; } = new() { [Environment.ProcessId] = 1 };

    /// <summary>All that changed the host, in order.</summary>
    public List<string> Log { get; } = [];

    /// <summary>What went wrong when a configuration file was written; null for nothing.</summary>
    public string? DiskProblem { get; set; }

    /// <summary>What the kernel does instead when CPUs of a thread are set; null for what it should.</summary>
    public Func<int, CpuSet, Errno>? Set { get; set; }

    /// <summary>CPUs that are online.</summary>
    public CpuSet Online { get; set; } = CpuSet.Of([0, 1, 2, 3]);

    /// <summary>Puts a file there.</summary>
    public FakeControl With(string path, string text)
    {
        var full = Map(path);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        using var file = new FileStream(full, FileMode.Create);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text));
        return this;
    }

    /// <summary>What a file says now.</summary>
    public string? TextOf(string path) => ReadWhole(path, out _);

    /// <summary>Where a path is in the temporary directory: the journal goes there too.</summary>
    public string Map(string path) => _root + path;

    public override Errno MayWrite(string path) =>
        Denied.Contains(path) || !User.IsRoot ? Errno.EACCES : File.Exists(Map(path)) || Directory.Exists(Map(path)) ? Errno.None : Errno.ENOENT;

    public override Errno WriteKernelFile(string path, string text)
    {
        if (!File.Exists(Map(path)))
        {
            return Errno.ENOENT;
        }

        Log.Add($"{path} = {text}");
        if (Kernel(path, text) is not { } after)
        {
            return Errno.EINVAL;
        }

        _ = With(path, after + "\n");
        return Errno.None;
    }

    public override string? ReplaceFile(string path, string? text)
    {
        if (DiskProblem is not null)
        {
            return DiskProblem;
        }

        Log.Add(text is null ? $"remove {path}" : $"replace {path}");
        return AtomicFile.Replace(Map(path), text);
    }

    public override Errno GetAffinity(int tid, out CpuSet cpus) => Affinities.TryGetValue(tid, out cpus!) ? Errno.None : Errno.ESRCH;

    public override Errno SetAffinity(int tid, CpuSet cpus)
    {
        if (!Affinities.ContainsKey(tid))
        {
            return Errno.ESRCH;
        }

        Log.Add(FormattableString.Invariant($"affinity {tid} = {cpus}"));
        if (Set is not null)
        {
            return Set(tid, cpus);
        }

        var allowed = CpuSet.Of(cpus.Where(Online.Contains));
        if (allowed.Count == 0)
        {
            return Errno.EINVAL;
        }

        Affinities[tid] = allowed;
        return Errno.None;
    }

    public override ulong? StartTimeOf(int pid) => Started.TryGetValue(pid, out var start) ? start : null;

    public override ulong? StartTimeOf(int pid, int tid) => Threads.TryGetValue(tid, out var owner) && owner != pid ? null : StartTimeOf(tid);

    /// <summary>Whose threads they are, where they are another process's than is asked for.</summary>
    public Dictionary<int, int> Threads { get; } = [];

    public override ChildResult Run(IReadOnlyList<string> command, TimeSpan deadline)
    {
        Log.Add("run " + string.Join(' ', command));
        return Programs(command);
    }

    public override bool HasProgram(string name) => true;

    public override QmpReply Qmp(VmKey vm, string command, string? arguments, TimeSpan deadline)
    {
        Log.Add($"qmp {command} {arguments}".TrimEnd());
        return Monitor(command, arguments);
    }

    /// <summary>Why no VM's monitor can be asked.</summary>
    public string? NoMonitor { get; set; }

    public override string? QmpRefusal(VmKey vm) => NoMonitor;

    public override LibvirtReply Libvirt(LibvirtRequest request, TimeSpan deadline)
    {
        Log.Add($"libvirt {request.Operation} {string.Join(' ', request.Arguments)}".TrimEnd());
        return DomainProcess is { } its && request.Process is { } process && process != its
            ? new LibvirtReply(false, null, FormattableString.Invariant($"libvirt: it runs domain victim as process {its.Pid}, not as process {process.Pid}"))
            : Domains(request);
    }

    /// <summary>The process by which libvirt runs its domain; null: whichever is asked about.</summary>
    public VmKey? DomainProcess
    {
        get;
        set;
    }

    /// <summary>Why libvirt cannot be asked.</summary>
    public string? NoLibvirt { get; set; }

    public override string? LibvirtRefusal => NoLibvirt;

    /// <summary>A signal that processes here do not die of.</summary>
    public int Survives { get; set; }

    public override Errno Signal(VmKey process, int signal)
    {
        Log.Add(FormattableString.Invariant($"signal {process.Pid} {signal}"));
        return !Started.ContainsKey(process.Pid) ? Errno.ESRCH : signal == Survives || Started.Remove(process.Pid) ? Errno.None : Errno.ESRCH;
    }

    public override FileMark? MarkOf(string path) => FileMark.Of(Map(path));

    public override void Pause(TimeSpan time)
    {
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
