namespace KvmTop.Linux;

/// <summary>Sizes as the memory files write them, "   1636 kB".</summary>
internal static class KilobyteFields
{
    /// <summary>The first number of <paramref name="text"/> in bytes; false when there is none or it does not fit.</summary>
    public static bool TryBytes(ReadOnlySpan<byte> text, out ulong bytes)
    {
        var fields = new ByteFields(text);
        // A kernel counts no more than this, and sums of several such must not wrap around.
        if (!fields.TryUInt64(out bytes) || bytes > 1UL << 50)
            return false;

        bytes *= 1024;
        return true;
    }
}
