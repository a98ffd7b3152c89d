using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>A note by which this run asks another for a monitor (<see cref="MonitorRequest"/>): taken away when the answer is there, and when this program ends before.</summary>
internal sealed class MonitorNote : IDisposable
{
    private static volatile MonitorNote? s_current;

    private readonly HostRoot _host;
    private readonly string _path;
    private readonly string _text;

    private MonitorNote(HostRoot host, string path, string text) => (_host, _path, _text) = (host, path, text);

    /// <summary>Leaves one; null when it cannot be written. Those of runs that were killed are swept away first.</summary>
    public static MonitorNote? Leave(HostControl host, string folder, int vm)
    {
        Sweep(host, folder);
        var note = new MonitorNote(host.Files, MonitorRequest.PathOf(folder, vm), FormattableString.Invariant($"{Environment.ProcessId} {host.StartTimeOf(Environment.ProcessId)}\n"));
        s_current = note;
        if (AtomicFile.Replace(note._path, note._text) is null)
            return note;
        s_current = null;
        return null;
    }

    /// <summary>Takes away what whoever asked has left behind: it has ended, and nobody reads it any more.</summary>
    public static void Sweep(HostControl host, string folder)
    {
        var names = new List<string>();
        if (TrustedFile.CheckFolder(folder) is not null || host.Files.List(folder, names) != Errno.None)
            return;
        foreach (var name in names)
        {
            if (name.StartsWith(MonitorRequest.Prefix, StringComparison.Ordinal) && !name.Contains('.', StringComparison.Ordinal) && !MonitorRequest.IsAlive(host.Files, $"{folder}/{name}", out _))
                _ = AtomicFile.Replace($"{folder}/{name}", null);
        }
    }

    /// <summary>Takes the note of this run away, if there is one: the program ends in the middle of a question. From any thread.</summary>
    public static void Forget() => s_current?.Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        s_current = null;

        // Another run may want the same monitor, and have written its own in place of ours.
        if (MonitorRequest.IsAlive(_host, _path, out var pid) && pid == Environment.ProcessId)
            _ = AtomicFile.Replace(_path, null);
    }
}
