using System.Buffers.Binary;
using System.Text;

namespace KvmTop.Tests.Vmm.Launching;

/// <summary>An empty qcow2 image that QEMU takes, saying of other files what a test wants it to say.</summary>
internal static class Qcow2File
{
    private const int Cluster = 1 << 16;

    /// <summary>Its bytes.</summary>
    public static byte[] Make(string? backing = null, string? dataFile = null, bool hasDataFile = false, uint version = 3, uint crypt = 0)
    {
        var bytes = new byte[4 * Cluster];
        void U32(int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), value);
        void U64(int at, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(at), value);
        "QFI\u00fb".Select(c => (byte)c).ToArray().CopyTo(bytes, 0);
        U32(4, version);
        U32(20, 16);
        U64(24, 1 << 20);
        U32(32, crypt);
        U32(36, 1);
        U64(40, 3 * Cluster);
        U64(48, Cluster);
        U32(56, 1);
        U64(72, hasDataFile ? 4u : 0u);
        U32(96, 4);
        U32(100, 104);
        var at = version == 3 ? 104 : 72;
        if (dataFile is not null)
        {
            U32(at, 0x44415441);
            U32(at + 4, (uint)Encoding.UTF8.GetByteCount(dataFile));
            _ = Encoding.UTF8.GetBytes(dataFile, bytes.AsSpan(at + 8));
        }

        if (backing is not null)
        {
            U64(8, 2048);
            U32(16, (uint)Encoding.UTF8.GetByteCount(backing));
            _ = Encoding.UTF8.GetBytes(backing, bytes.AsSpan(2048));
        }

        // The clusters of header, table, block and L1 are in use once each.
        U64(Cluster, 2 * Cluster);
        for (var i = 0; i < 4; i++)
            bytes[(2 * Cluster) + (2 * i) + 1] = 1;
        return bytes;
    }
}
