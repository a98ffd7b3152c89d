using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Who acts.</summary>
/// <param name="Uid">Effective user id.</param>
/// <param name="Name">Its login name.</param>
/// <param name="Sudo">The user behind sudo (SUDO_USER), or null.</param>
public sealed record Actor(uint Uid, string Name, string? Sudo)
{
    /// <summary>True for root.</summary>
    public bool IsRoot => Uid == 0;
}

/// <summary>
/// The host as something to change. <see cref="Effect"/>s alone use what changes it, while a plan is carried out; planning uses what reads. Tests stand a host of
/// their own here. All members may be called from any one thread at a time; none throws.
/// </summary>
public abstract partial class HostControl
{
    private const int LargestFile = 1 << 20;

    private readonly ReadBuffer _buffer = new(8192, LargestFile);

    /// <summary>Its files, for reading.</summary>
    public abstract HostRoot Files { get; }

    /// <summary>Who acts.</summary>
    public abstract Actor Actor { get; }

    /// <summary>Why nothing here can be changed (a demo, a captured host); null when it can.</summary>
    public virtual string? Refusal => null;

    /// <summary>The text of a small file without the line end at its end; null with the reason when it cannot be read.</summary>
    public string? ReadText(string path, out Errno errno)
    {
        var text = _buffer.ReadAll(Files, path, out errno);
        return errno == Errno.None ? Encoding.UTF8.GetString(text).TrimEnd('\n') : null;
    }

    /// <summary>The whole text of a file as it stands; null with ENOENT when there is none.</summary>
    public string? ReadWhole(string path, out Errno errno)
    {
        var text = _buffer.ReadAll(Files, path, out errno);
        return errno == Errno.None ? Encoding.UTF8.GetString(text) : null;
    }

    /// <summary>Whether this user may write the file (access(2)); ENOENT when there is none.</summary>
    public abstract Errno MayWrite(string path);

    /// <summary>Writes a kernel's file with one write(2).</summary>
    public abstract Errno WriteKernelFile(string path, string text);

    /// <summary>
    /// Puts a file in place of another or of none, so that a reader or a crash finds the old one or the new one whole: written beside it, flushed, renamed.
    /// Missing directories are made. Null as the text takes the file away.
    /// </summary>
    /// <returns>Null, or what went wrong.</returns>
    public abstract string? ReplaceFile(string path, string? text);

    /// <summary>Which run of the kernel this is (/proc/sys/kernel/random/boot_id): pids and start times mean nothing in another. Null when it does not say.</summary>
    public string? BootId => ReadText("/proc/sys/kernel/random/boot_id", out _) is { Length: > 0 and <= 64 } id ? id : null;

    /// <summary>CPUs that a thread may use.</summary>
    public abstract Errno GetAffinity(int tid, out CpuSet cpus);

    /// <summary>Sets the CPUs that a thread may use (sched_setaffinity(2)). EINVAL: none of them is online or allowed by its cpuset.</summary>
    public abstract Errno SetAffinity(int tid, CpuSet cpus);

    /// <summary>When a process or thread began, in ticks since boot; null when there is none. With its number it says who it is.</summary>
    public abstract ulong? StartTimeOf(int pid);

    /// <summary>When a thread of a process began, in ticks since boot; null when that process has none of that number (any more).</summary>
    public abstract ulong? StartTimeOf(int pid, int tid);

    /// <summary>Runs a program by an argument vector, without a shell, within a deadline.</summary>
    public abstract ChildResult Run(IReadOnlyList<string> command, TimeSpan deadline);

    /// <summary>Whether a program is found by PATH.</summary>
    public abstract bool HasProgram(string name);

    /// <summary>Asks the monitor of a VM. Only where one may: libvirt's are refused.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="command">"stop", "cont", ..</param>
    /// <param name="arguments">A JSON object, or null.</param>
    /// <param name="deadline">For connecting and the answer.</param>
    public abstract QmpReply Qmp(VmKey vm, string command, string? arguments, TimeSpan deadline);

    /// <summary>Why the monitor of a VM cannot be asked; null when it can, or when only trying would tell.</summary>
    public abstract string? QmpRefusal(VmKey vm);

    /// <summary>Asks libvirt to do something to a domain of its own: through its library, so that it knows. Never waits longer than the deadline, whatever its daemon does.</summary>
    public abstract LibvirtReply Libvirt(LibvirtRequest request, TimeSpan deadline);

    /// <summary>Why libvirt cannot be asked; null when it can, or when only trying would tell.</summary>
    public abstract string? LibvirtRefusal { get; }

    /// <summary>Sends a signal to a process through its pidfd, after making sure that it is the one meant.</summary>
    public abstract Errno Signal(VmKey process, int signal);

    /// <summary>Waits.</summary>
    public abstract void Pause(TimeSpan time);
}
