using System.Buffers.Binary;
using System.Text;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

/// <summary>Makes what a KVM statistics descriptor answers, byte by byte as the kernel's document has it.</summary>
internal sealed class StatsBlob(string id = "kvm-4721/vcpu-0")
{
    public const uint Cumulative = 0, Instant = 1, Peak = 2, LinearHistogram = 3, LogHistogram = 4;
    public const uint Bytes = 1 << 4, Seconds = 2 << 4, Boolean = 4 << 4, Base2 = 1 << 8;

    private readonly List<(string Name, uint Flags, short Exponent, uint BucketSize, ulong[] Values)> _counters = [];

    public int NameSize { get; init; } = 48;

    /// <summary>Bytes between header, id, descriptors and data: a reader that assumes offsets finds the wrong ones.</summary>
    public int Gap { get; init; } = 8;

    public StatsBlob Add(string name, ulong value, uint flags = Cumulative, short exponent = 0) => Add(name, [value], flags, exponent);

    public StatsBlob Add(string name, ulong[] values, uint flags, short exponent = 0, uint bucketSize = 0)
    {
        _counters.Add((name, flags, exponent, bucketSize, values));
        return this;
    }

    public byte[] Build()
    {
        var descriptorSize = 16 + NameSize;
        var idAt = 24 + Gap;
        var descriptorsAt = idAt + NameSize + Gap;
        var dataAt = descriptorsAt + (_counters.Count * descriptorSize) + Gap;
        dataAt += (8 - (dataAt % 8)) % 8;
        var blob = new byte[dataAt + (_counters.Sum(c => c.Values.Length) * 8)];
        uint[] header = [0, (uint)NameSize, (uint)_counters.Count, (uint)idAt, (uint)descriptorsAt, (uint)dataAt];
        for (var i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(blob.AsSpan(i * 4), header[i]);
        Encoding.ASCII.GetBytes(id, blob.AsSpan(idAt));
        var offset = 0;
        for (var i = 0; i < _counters.Count; i++)
        {
            var (name, flags, exponent, bucketSize, values) = _counters[i];
            var at = blob.AsSpan(descriptorsAt + (i * descriptorSize));
            BinaryPrimitives.WriteUInt32LittleEndian(at, flags);
            BinaryPrimitives.WriteInt16LittleEndian(at[4..], exponent);
            BinaryPrimitives.WriteUInt16LittleEndian(at[6..], (ushort)values.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(at[8..], (uint)offset);
            BinaryPrimitives.WriteUInt32LittleEndian(at[12..], bucketSize);
            Encoding.ASCII.GetBytes(name, at[16..]);
            foreach (var value in values)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(blob.AsSpan(dataAt + offset), value);
                offset += 8;
            }
        }

        return blob;
    }

    /// <summary>Bytes as a file.</summary>
    public sealed class File(byte[] bytes) : HostFile
    {
        public override int ReadAt(long offset, Span<byte> buffer)
        {
            var n = (int)Math.Clamp(bytes.Length - offset, 0, buffer.Length);
            bytes.AsSpan((int)Math.Min(offset, bytes.Length), n).CopyTo(buffer);
            return n;
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
