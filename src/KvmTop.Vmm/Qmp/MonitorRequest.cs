using System.Buffers.Text;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>
/// How one kvmtop asks another for a monitor, which serves one client at a time: a note in the directory of our own (<c>/run/kvmtop</c>, <c>$XDG_RUNTIME_DIR/kvmtop</c>)
/// named after the VM's process, with the pid of whoever wants it. A screen that holds the monitor for its figures sees it at its next tick and lets go for a while.
/// </summary>
public static class MonitorRequest
{
    /// <summary>How long whoever held it stays away.</summary>
    public static readonly TimeSpan Absence = TimeSpan.FromSeconds(15);

    /// <summary>The directory of a user; null where there is none. Nobody else may write there, so that nobody else can keep monitors from us.</summary>
    public static string? Folder(bool isRoot, string? runtimeDirectory) =>
        isRoot ? "/run/kvmtop" : runtimeDirectory is { Length: > 0 } && runtimeDirectory.StartsWith('/') ? runtimeDirectory.TrimEnd('/') + "/kvmtop" : null;

    /// <summary>How the names of notes begin.</summary>
    public const string Prefix = "wanted-";

    /// <summary>The note about a VM.</summary>
    public static string PathOf(string folder, int vm) => FormattableString.Invariant($"{folder}/{Prefix}{vm}");

    /// <summary>Whether a process other than this one, and alive, wants the monitor of a VM.</summary>
    public static bool IsMade(HostRoot host, string folder, int vm) =>
        PathOf(folder, vm) is var path && host.Exists(path) && IsAlive(host, path, out var pid) && pid != Environment.ProcessId;

    /// <summary>Whether who wrote a note lives still: a pid and when it began, so that a note of one that was killed does not come to mean another.</summary>
    public static bool IsAlive(HostRoot host, string path, out int pid)
    {
        Span<byte> text = stackalloc byte[512];
        var note = Head(host, path, text[..48]);
        return Utf8Parser.TryParse(note, out pid, out var used) && used < note.Length && Utf8Parser.TryParse(note[(used + 1)..], out ulong start, out _)
            && ProcPidStat.TryParse(Head(host, FormattableString.Invariant($"/proc/{pid}/stat"), text), out var stat) && stat.StartTimeTicks == start;
    }

    private static ReadOnlySpan<byte> Head(HostRoot host, string path, Span<byte> buffer)
    {
        if (host.Open(path, out var file) != Errno.None)
            return default;
        using (file)
            return file!.ReadAt(0, buffer) is > 0 and var n ? buffer[..n] : default;
    }
}
