using System.Globalization;
using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>What kind of file a path is.</summary>
public enum FileKind
{
    Other,
    Regular,
    Directory,
    CharacterDevice,
    BlockDevice,
    Socket,
    Pipe,
    Link,
}

/// <summary>Whose a file is and who may use it (stat(2)).</summary>
/// <param name="Kind">What kind of file it is.</param>
/// <param name="Uid">Its owner.</param>
/// <param name="Gid">Its group.</param>
/// <param name="Mode">Permission bits (the low twelve).</param>
/// <param name="DeviceMajor">Of a device: its major number.</param>
/// <param name="DeviceMinor">Of a device: its minor number.</param>
/// <param name="Links">How many names it has; 0 when nobody asked.</param>
public readonly record struct FileFacts(FileKind Kind, uint Uid, uint Gid, int Mode, uint DeviceMajor = 0, uint DeviceMinor = 0, uint Links = 0)
{
    /// <summary>Permissions as ls(1) writes them: "crw-rw----".</summary>
    public string ModeText
    {
        get
        {
            Span<char> text = stackalloc char[10];
            text[0] = Kind switch { FileKind.CharacterDevice => 'c', FileKind.BlockDevice => 'b', FileKind.Directory => 'd', FileKind.Socket => 's', FileKind.Pipe => 'p', FileKind.Link => 'l', _ => '-' };
            for (var i = 0; i < 9; i++)
                text[i + 1] = (Mode >> (8 - i) & 1) != 0 ? "rwx"[i % 3] : '-';
            return text.ToString();
        }
    }

    /// <summary>Permissions as chmod(1) takes them: "0660".</summary>
    public string ModeNumber => "0" + Convert.ToString(Mode & 0xFFF, 8).PadLeft(3, '0');

    /// <summary>"0:109" when nobody knows the names.</summary>
    public string Owner => string.Create(CultureInfo.InvariantCulture, $"{Uid}:{Gid}");

    /// <summary>Of a path; links are followed.</summary>
    internal static Errno Read(string path, out FileFacts facts) => Read(Libc.AT_FDCWD, path, 0, out facts);

    /// <summary>Of what is open.</summary>
    internal static Errno Read(int fd, out FileFacts facts) => Read(fd, "", Libc.AT_EMPTY_PATH, out facts);

    private static unsafe Errno Read(int folder, string path, int flags, out FileFacts facts)
    {
        facts = default;
        var raw = stackalloc byte[Libc.StatxSize];
        if (Libc.statx(folder, path, flags, Libc.STATX_BASIC_STATS, raw) != 0)
            return (Errno)Marshal.GetLastPInvokeError();

        var bytes = new ReadOnlySpan<byte>(raw, Libc.StatxSize);
        var mode = BitConverter.ToUInt16(bytes[Libc.StatxMode..]);
        var kind = (mode & 0xF000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Directory,
            0x2000 => FileKind.CharacterDevice,
            0x6000 => FileKind.BlockDevice,
            0xC000 => FileKind.Socket,
            0x1000 => FileKind.Pipe,
            0xA000 => FileKind.Link,
            _ => FileKind.Other,
        };
        facts = new FileFacts(
            kind,
            BitConverter.ToUInt32(bytes[Libc.StatxUid..]),
            BitConverter.ToUInt32(bytes[Libc.StatxGid..]),
            mode & 0xFFF,
            BitConverter.ToUInt32(bytes[Libc.StatxDeviceMajor..]),
            BitConverter.ToUInt32(bytes[Libc.StatxDeviceMinor..]),
            BitConverter.ToUInt32(bytes[Libc.StatxLinks..]));
        return Errno.None;
    }
}
