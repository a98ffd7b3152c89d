namespace KvmTop.Linux;

/// <summary>Which file a path means at a moment (statx(2), links not followed): whoever compares two moments sees whether it is the same one still.</summary>
/// <param name="Device">Its file system.</param>
/// <param name="Inode">Its number there.</param>
/// <param name="IsLink">It is a symbolic link.</param>
public sealed record FileMark(ulong Device, ulong Inode, bool IsLink)
{
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int InodeAt = 32, DeviceAt = 136;

    /// <summary>Of a path on the running machine; null when nothing is there, or when it cannot be looked at.</summary>
    public static unsafe FileMark? Of(string path)
    {
        var raw = stackalloc byte[Libc.StatxSize];
        if (Libc.statx(Libc.AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, raw) != 0)
            return null;
        var bytes = new ReadOnlySpan<byte>(raw, Libc.StatxSize);
        var isLink = (BitConverter.ToUInt16(bytes[Libc.StatxMode..]) & 0xF000) == 0xA000;
        return new FileMark(BitConverter.ToUInt64(bytes[DeviceAt..]), BitConverter.ToUInt64(bytes[InodeAt..]), isLink);
    }
}
