using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>The running machine. A captured host or a simulation is refused as a whole.</summary>
/// <param name="files">Its files.</param>
/// <param name="monitors">QMP connections, shared with whoever else asks; null where there are none.</param>
/// <param name="sudoUser">The user behind sudo (SUDO_USER), or null.</param>
/// <param name="libvirt">Which libvirt: the setting <c>libvirt-uri</c>.</param>
public sealed partial class LiveControl(HostRoot files, Func<VmKey, QmpConnection?> monitors, string? sudoUser, string libvirt = LibvirtTarget.Automatic) : HostControl
{
    private const int MostBytes = 4096;

    // A monitor that nobody holds greets at once.
    private static readonly TimeSpan s_greeting = TimeSpan.FromMilliseconds(500);

    // Its name takes a look into passwd, which only who acts or audits wants.
    private readonly Lazy<Actor> _actor = new(() => ActorOf(files, sudoUser));
    private readonly Lock _libvirtGate = new();
    private (string Uri, LibvirtControl Control)? _libvirt;

    /// <inheritdoc/>
    public override HostRoot Files => files;

    /// <inheritdoc/>
    public override Actor Actor => _actor.Value;

    /// <inheritdoc/>
    public override string? Refusal => files.IsLive ? null : $"this is no running machine ({files.Label ?? "another root"}): nothing here can be changed";

    /// <inheritdoc/>
    public override Errno MayWrite(string path) => HostCalls.Access(path);

    /// <inheritdoc/>
    public override Errno WriteKernelFile(string path, string text) =>
        Encoding.UTF8.GetByteCount(text) > MostBytes ? Errno.EINVAL : HostCalls.WriteOnce(path, Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public override string? ReplaceFile(string path, string? text) => AtomicFile.Replace(path, text);

    /// <inheritdoc/>
    public override FileMark? MarkOf(string path) => FileMark.Of(path);

    /// <inheritdoc/>
    public override Errno GetAffinity(int tid, out CpuSet cpus) => HostCalls.GetAffinity(tid, out cpus);

    /// <inheritdoc/>
    public override Errno SetAffinity(int tid, CpuSet cpus) => HostCalls.SetAffinity(tid, cpus);

    /// <inheritdoc/>
    public override ulong? StartTimeOf(int pid) => StartTimeIn(FormattableString.Invariant($"/proc/{pid}/stat"));

    /// <inheritdoc/>
    public override ulong? StartTimeOf(int pid, int tid) => StartTimeIn(FormattableString.Invariant($"/proc/{pid}/task/{tid}/stat"));

    /// <inheritdoc/>
    public override ChildResult Run(IReadOnlyList<string> command, TimeSpan deadline) => ChildProcess.Run(command[0], [.. command.Skip(1)], deadline);

    /// <inheritdoc/>
    public override bool HasProgram(string name) => ChildProcess.Find(name) is not null;

    /// <inheritdoc/>
    public override QmpReply Qmp(VmKey vm, string command, string? arguments, TimeSpan deadline)
    {
        if (StartTimeOf(vm.Pid) != vm.StartTimeTicks)
            return new QmpReply(QmpReplyStatus.NotConnected, default, "the VM is gone", default, default);
        if (monitors(vm) is not { } connection)
            return new QmpReply(QmpReplyStatus.NotConnected, default, "QMP: this VM has no monitor to talk to", default, default);
        var reply = connection.Execute(command, arguments, connection.State == QmpState.Ready || deadline < s_greeting ? deadline : s_greeting);
        return reply.Status == QmpReplyStatus.NotConnected && connection.State == QmpState.Connecting ? Ask(connection, vm, command, arguments, deadline) : reply;
    }

    /// <summary>Nobody greets: perhaps a screen of ours holds the monitor, and lets go when it is asked to.</summary>
    private QmpReply Ask(QmpConnection connection, VmKey vm, string command, string? arguments, TimeSpan deadline)
    {
        using var note = NotesFolder is { } folder && PrivateDirectory(folder) is null ? MonitorNote.Leave(this, folder, vm.Pid) : null;
        return connection.Execute(command, arguments, deadline);
    }

    /// <summary>Takes away the notes of runs that were killed while they asked for a monitor.</summary>
    public void SweepNotes()
    {
        if (files.IsLive && NotesFolder is { } folder && files.Exists(folder))
            MonitorNote.Sweep(this, folder);
    }

    /// <summary>Takes away what this run has left for others to read, right before it ends. From any thread.</summary>
    public static void ForgetNotes() => MonitorNote.Forget();

    private string? NotesFolder => MonitorRequest.Folder(Actor.IsRoot, Variable("XDG_RUNTIME_DIR"));

    /// <inheritdoc/>
    public override string? QmpRefusal(VmKey vm) => monitors(vm) switch
    {
        null => "QMP: this VM has no monitor to talk to",
        { State: QmpState.Refused } refused => refused.Reason,
        _ => null,
    };

    /// <inheritdoc/>
    public override LibvirtReply Libvirt(LibvirtRequest request, TimeSpan deadline)
    {
        // Where it is may change while we run: a daemon is started, a session ends.
        var target = LibvirtTargetNow;
        if (target.Uri is not { } uri)
            return new LibvirtReply(false, null, target.Refusal ?? "libvirt: not reached");
        LibvirtControl control;
        lock (_libvirtGate)
        {
            if (_libvirt is not { } known || known.Uri != uri)
            {
                _libvirt?.Control.Dispose();
                _libvirt = known = (uri, new LibvirtControl(uri));
            }

            control = known.Control;
        }

        Func<string, string?>? dispute = null;
        if (request.Process is { } process)
            dispute = name => Dispute(uri, name, process);
        else if (request.Operation is not ("start" or "list"))
            return new LibvirtReply(false, null, "libvirt: nobody said which process the domain is");
        var outcome = control.Call(request.Domain, request.Operation, request.Arguments, deadline, dispute);
        return new LibvirtReply(outcome.IsOk, outcome.Value, outcome.Problem) { IsDenied = outcome.IsDenied, IsOpen = outcome.IsOpen };
    }

    /// <inheritdoc/>
    public override string? LibvirtRefusal => LibvirtTargetNow.Refusal ?? LibvirtControl.Absence;

    /// <inheritdoc/>
    public override Errno Signal(VmKey process, int signal)
    {
        var errno = PidFd.Open(process.Pid, out var held);
        if (held is null)
            return errno;
        using (held)
        {
            // Opened first, looked at second: whoever is held now is whose start time was read.
            return StartTimeOf(process.Pid) == process.StartTimeTicks ? held.Send(signal) : Errno.ESRCH;
        }
    }

    /// <inheritdoc/>
    public override void Pause(TimeSpan time)
    {
        using var pause = new ManualResetEventSlim();
        _ = pause.Wait(time);
    }

    private ulong? StartTimeIn(string path)
    {
        var text = new ReadBuffer(1024, 4096).ReadAll(files, path, out var errno);
        return errno == Errno.None && ProcPidStat.TryParse(text, out var stat) ? stat.StartTimeTicks : null;
    }

    /// <summary>Why a domain is not that process, by libvirt's own word; null when it is. On libvirt's thread.</summary>
    private string? Dispute(string uri, string name, VmKey process) =>
        new LibvirtPidFiles(files, uri, Actor.Uid, Variable("XDG_RUNTIME_DIR"), Variable("HOME")).Dispute(name, process.Pid)
        ?? (StartTimeOf(process.Pid) == process.StartTimeTicks ? null : FormattableString.Invariant($"process {process.Pid} is gone"));

    private LibvirtTarget LibvirtTargetNow => LibvirtTarget.Find(libvirt, files, Actor.Uid, Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"));

    private static Actor ActorOf(HostRoot host, string? sudoUser) => new(
        SystemInfo.EffectiveUserId,
        new UserNames(host).NameOf(unchecked((int)SystemInfo.EffectiveUserId)),
        SystemInfo.EffectiveUserId == 0 && sudoUser is { Length: > 0 } ? HostileText.Clean(sudoUser, 64) : null);
}

/// <summary>The C calls that change the host, and nothing else.</summary>
internal static unsafe partial class HostCalls
{
    private const int O_WRONLY = 1;
    private const int O_CLOEXEC = 0x80000;
    private const int W_OK = 2;
    private const int MaskBytes = (CpuSet.Highest + 1) / 8;

    public static Errno Access(string path) => Result(access(path, W_OK));

    public static Errno WriteOnce(string path, ReadOnlySpan<byte> text)
    {
        var fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            return (Errno)Marshal.GetLastPInvokeError();
        nint n;
        Errno errno;
        fixed (byte* p = text)
        {
            n = write(fd, p, text.Length);
            errno = n < 0 ? (Errno)Marshal.GetLastPInvokeError() : n == text.Length ? Errno.None : Errno.EIO;
        }

        _ = close(fd);
        return errno;
    }

    public static Errno GetAffinity(int tid, out CpuSet cpus)
    {
        // The kernel's mask is as long as its number of possible CPUs; EINVAL when ours is shorter.
        var mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        cpus = CpuSet.Empty;
        if (sched_getaffinity(tid, MaskBytes, mask) < 0)
            return (Errno)Marshal.GetLastPInvokeError();
        var list = new List<int>();
        for (var i = 0; i < MaskBytes / sizeof(ulong); i++)
        {
            for (var word = ((ulong*)mask)[i]; word != 0; word &= word - 1)
                list.Add((i * 64) + System.Numerics.BitOperations.TrailingZeroCount(word));
        }

        cpus = CpuSet.Of(list);
        return Errno.None;
    }

    public static Errno SetAffinity(int tid, CpuSet cpus)
    {
        var mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        foreach (var cpu in cpus)
            mask[cpu / 8] |= (byte)(1 << (cpu % 8));
        return Result(sched_setaffinity(tid, MaskBytes, mask));
    }

    private static Errno Result(int result) => result < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, byte* buffer, nint count);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int access(string path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_getaffinity(int tid, nint size, byte* mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setaffinity(int tid, nint size, byte* mask);
}
