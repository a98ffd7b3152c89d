using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace KvmTop.Vmm;

/// <summary>
/// What the header of a qcow2 image says of other files (docs/interop/qcow2.rst of QEMU). Read to compare it with what a definition says, never to go by it: whoever wrote
/// the image wrote that.
/// </summary>
/// <param name="Backing">The name of the image below it, as it stands there; null for none.</param>
/// <param name="HasDataFile">Its data lies in another file.</param>
/// <param name="DataFile">The name of that file, as it stands there; null when it does not say.</param>
public sealed record Qcow2Header(string? Backing, bool HasDataFile, string? DataFile)
{
    /// <summary>How much of an image is looked at. Header, extensions and backing name lie in the first cluster, and its beginning at that.</summary>
    public const int Bytes = 64 << 10;

    private const int LongestName = 1023;
    private const uint DataFileName = 0x44415441;

    /// <summary>Reads it. Null, and why, when QEMU would not take it, or when it is encrypted.</summary>
    /// <param name="head">The first <see cref="Bytes"/> of the image.</param>
    /// <param name="fault">Why.</param>
    public static Qcow2Header? Read(ReadOnlySpan<byte> head, out string fault)
    {
        fault = "its header is cut or damaged";
        if (head.Length < 72 || DiskImage.FormatOf(head) != "qcow2")
            return null;
        var version = BinaryPrimitives.ReadUInt32BigEndian(head[4..]);
        if (version is not (2 or 3))
        {
            fault = string.Create(CultureInfo.InvariantCulture, $"its version is {version}, not 2 or 3");
            return null;
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(head[32..]) != 0)
        {
            fault = "it is encrypted, and kvmtop has no key for it";
            return null;
        }

        if (version == 3 && head.Length < 104)
            return null;
        var hasDataFile = version == 3 && (BinaryPrimitives.ReadUInt64BigEndian(head[72..]) & 4) != 0;
        var length = version == 3 ? BinaryPrimitives.ReadUInt32BigEndian(head[100..]) : 72;
        var backingAt = BinaryPrimitives.ReadUInt64BigEndian(head[8..]);
        var backingLength = BinaryPrimitives.ReadUInt32BigEndian(head[16..]);
        if (length < (version == 3 ? 104 : 72) || length > head.Length)
            return null;
        string? backing = null;
        if (backingAt != 0)
        {
            if (backingLength > LongestName || backingAt > (ulong)head.Length || backingAt + backingLength > (ulong)head.Length)
                return null;
            backing = Encoding.UTF8.GetString(head.Slice((int)backingAt, (int)backingLength));
        }

        var end = backingAt > length ? (int)backingAt : head.Length;
        return Extension(head[..end], (int)length, DataFileName, out var dataFile) ? new Qcow2Header(backing, hasDataFile, dataFile) : null;
    }

    /// <summary>Whether a name of the header means a path: absolute, or from the directory where the image lies.</summary>
    public static bool Means(string name, string image, string path)
    {
        if (name.StartsWith("file:", StringComparison.Ordinal))
            name = name[5..];
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
            return false;

        // "json:..", "nbd://..": before the first '/', a colon makes it no path.
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return (colon < 0 || (slash >= 0 && slash < colon)) && Path.GetFullPath(Path.Combine(Path.GetDirectoryName(image) ?? "/", name)) == path;
    }

    private static bool Extension(ReadOnlySpan<byte> head, int at, uint wanted, out string? text)
    {
        text = null;
        while (at + 8 <= head.Length)
        {
            var type = BinaryPrimitives.ReadUInt32BigEndian(head[at..]);
            var length = BinaryPrimitives.ReadUInt32BigEndian(head[(at + 4)..]);
            if (type == 0)
                return true;
            at += 8;
            if (length > head.Length - at)
                return false;
            if (type == wanted && length <= LongestName)
                text = Encoding.UTF8.GetString(head.Slice(at, (int)length));
            at += (int)((length + 7) & ~7u);
        }

        return true;
    }
}
