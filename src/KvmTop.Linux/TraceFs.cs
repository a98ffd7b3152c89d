using System.Globalization;
using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// The tracing file system: where it is mounted, and what it says of an event. Only ever read: the global buffer, its <c>enable</c> files and its
/// filters may be somebody else's.
/// </summary>
public sealed class TraceFs
{
    // What the kernel itself makes for it; the second is where kernels before 4.1 had it, and where debugfs still mounts it on first use.
    private static readonly string[] s_usual = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

    private readonly HostRoot _host;
    private readonly ReadBuffer _buffer = new(16384, 1 << 20);

    private TraceFs(HostRoot host, string path) => (_host, Path) = (host, path);

    /// <summary>Its mount point.</summary>
    public string Path { get; }

    /// <summary>How to mount it, for messages.</summary>
    public static string MountCommand => "mount -t tracefs nodev /sys/kernel/tracing";

    /// <summary>
    /// Finds it: at its usual places, else wherever /proc/self/mountinfo says. Null, and the error: EACCES when it is mounted but closed to this user,
    /// ENOENT when it is mounted nowhere.
    /// </summary>
    public static TraceFs? Find(HostRoot host, out Errno errno)
    {
        errno = Errno.ENOENT;
        foreach (var path in s_usual.Concat(Mounted(host)))
        {
            var found = host.Open(path + "/events/kvm/kvm_userspace_exit/id", out var file);
            file?.Dispose();
            if (found == Errno.None)
            {
                errno = Errno.None;
                return new TraceFs(host, path);
            }

            if (found.IsDenied() || (errno == Errno.ENOENT && host.Exists(path + "/events")))
            {
                // Mounted, but closed to us, or a kernel without KVM's events.
                errno = found.IsDenied() ? found : Errno.ENODEV;
            }
        }

        return null;
    }

    /// <summary>The number of an event of the group kvm, from its <c>id</c> file: what perf_event_open(2) wants. 0 when this kernel has no such event.</summary>
    public ulong EventId(string name)
    {
        var text = _buffer.ReadAll(_host, $"{Path}/events/kvm/{name}/id", out _);
        return ByteFields.Parse(text.Trim("\n "u8), out ulong id) ? id : 0;
    }

    /// <summary>What an event of the group kvm looks like in memory, from its <c>format</c> file; null when this kernel has no such event.</summary>
    public TraceEventFormat? Format(string name)
    {
        var text = _buffer.ReadAll(_host, $"{Path}/events/kvm/{name}/format", out var errno);
        return errno == Errno.None ? TraceEventFormat.Parse(text) : null;
    }

    private static List<string> Mounted(HostRoot host)
    {
        // "36 25 0:32 / /sys/kernel/tracing rw,nosuid - tracefs tracefs rw": the fifth field, and the type behind the dash.
        var places = new List<string>();
        var lines = new ByteLines(new ReadBuffer().ReadAll(host, "/proc/self/mountinfo", out _));
        while (lines.TryNext(out var line) && places.Count < 8)
        {
            var dash = line.IndexOf(" - tracefs "u8);
            var fields = new ByteFields(dash < 0 ? default : line[..dash]);
            if (dash >= 0 && fields.Skip(4) && fields.TryNext(out var place) && place.Length < 1024)
            {
                places.Add(Unescape(place));
            }
        }

        return places;
    }

    /// <summary>The kernel writes blanks and backslashes of a path as \040.</summary>
    private static string Unescape(ReadOnlySpan<byte> place)
    {
        var text = new StringBuilder();
        var path = Encoding.UTF8.GetString(place);
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '\\' && i + 3 < path.Length && int.TryParse(path.AsSpan(i + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var octal))
            {
                text.Append((char)(((octal / 100) * 64) + (octal / 10 % 10 * 8) + (octal % 10)));
                i += 3;
            }
            else
            {
                text.Append(path[i]);
            }
        }

        return text.ToString();
    }
}
