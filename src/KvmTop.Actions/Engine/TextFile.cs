using System.Text;
using System.Text.Unicode;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>
/// Text files that are put back whole after a change (sysctl.d, tmpfiles.d, modprobe.d, udev rules, definitions): read so that nothing of them can be lost on the way, or
/// not at all. The one way to them for whoever plans a change and for whoever carries it out.
/// </summary>
internal static class TextFile
{
    /// <summary>Far more than anybody writes by hand.</summary>
    public const int Most = 256 << 10;

    /// <summary>The text; null without a fault when there is no such file, null with one when the file could not be put back as it is.</summary>
    /// <param name="host">The host.</param>
    /// <param name="path">The file.</param>
    /// <param name="fault">Why not, with the path.</param>
    /// <param name="errno">The error behind the fault, when there is one.</param>
    public static string? Read(HostControl host, string path, out string? fault, out Errno errno)
    {
        fault = null;
        Span<byte> target = stackalloc byte[1];
        if (host.Files.ReadLink(path, target, out _) == Errno.None)
        {
            errno = Errno.ELOOP;
            fault = $"{path} is a symbolic link, which would be replaced and not what it leads to";
            return null;
        }

        // Looked at before it is opened: a pipe would be waited for.
        errno = host.Files.Stat(path, out var facts);
        if (errno == Errno.None && facts.Kind != FileKind.Regular)
        {
            fault = $"{path} is no regular file";
            return null;
        }

        var bytes = errno is Errno.None or Errno.ENOSYS ? host.ReadHead(path, Most + 1, out errno) : null;
        if (bytes is null)
        {
            fault = errno == Errno.ENOENT ? null : $"{path} cannot be read: {errno.Describe()}";
            return null;
        }

        fault = bytes.Length > Most ? $"{path} is too long, or no text: it is longer than {Most >> 10} KiB"
            : !Utf8.IsValid(bytes) ? $"{path} is too long, or no text: it is not UTF-8"
            : bytes.AsSpan().Contains((byte)0) ? $"{path} is too long, or no text: it holds a zero byte"
            : null;
        return fault is null ? Encoding.UTF8.GetString(bytes) : null;
    }

    /// <summary>The same of a file of which single lines are changed and the others kept: one with line ends of another system is refused.</summary>
    public static string? ReadLines(HostControl host, string path, out string? fault, out Errno errno)
    {
        var text = Read(host, path, out fault, out errno);
        if (text?.Contains('\r', StringComparison.Ordinal) != true)
            return text;
        fault = $"{path} has line ends of another system (carriage returns)";
        return null;
    }

    /// <summary>A fault as what stands in the way of a plan.</summary>
    public static Obstacle Refusal(string fault, Errno errno) =>
        errno.IsDenied() ? Obstacle.Privilege(HostileText.Clean(fault, 300))
        : Obstacle.Refused(HostileText.Clean($"{fault}: its other lines could not be kept as they are", 400), "put it right by hand first");
}
