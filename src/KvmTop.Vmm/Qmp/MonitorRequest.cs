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

    /// <summary>The note about a VM.</summary>
    public static string PathOf(string folder, int vm) => FormattableString.Invariant($"{folder}/wanted-{vm}");

    /// <summary>Whether a process other than this one, and alive, wants the monitor of a VM.</summary>
    public static bool IsMade(HostRoot host, string folder, int vm)
    {
        var path = PathOf(folder, vm);
        if (!host.Exists(path) || host.Open(path, out var file) != Errno.None)
            return false;
        using (file)
        {
            Span<byte> text = stackalloc byte[16];
            var n = file!.ReadAt(0, text);
            return n > 0 && Utf8Parser.TryParse(text[..n], out int pid, out _) && pid != Environment.ProcessId && host.Exists(FormattableString.Invariant($"/proc/{pid}"));
        }
    }
}
