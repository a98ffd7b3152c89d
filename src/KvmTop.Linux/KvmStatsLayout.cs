using System.Buffers.Binary;

namespace KvmTop.Linux;

/// <summary>
/// What stands where in a KVM statistics descriptor (KVM_GET_STATS_FD, Documentation/virt/kvm/api.rst 4.133): a header, an id string, descriptors of counters, and the
/// values. Everything is found by what the descriptor says of itself, never by a fixed offset; what it says is bounded before it is believed.
/// </summary>
public sealed class KvmStatsLayout
{
    // struct kvm_stats_header: flags, name_size, num_desc, id_offset, desc_offset, data_offset. Little-endian or not: the host's own order.
    private const int HeaderSize = 24;

    // struct kvm_stats_desc before its name: flags u32, exponent s16, size u16, offset u32, bucket_size u32.
    private const int DescriptorSize = 16;
    private const int LongestName = 256;
    private const int MostDescriptors = 4096;
    private const int MostWords = 16384;
    private const int FarthestOffset = 4 << 20;

    private readonly byte[] _descriptors;

    private KvmStatsLayout(byte[] descriptors, KvmCounterSet counters, int dataOffset)
    {
        (_descriptors, Counters, DataOffset) = (descriptors, counters, dataOffset);
    }

    /// <summary>The counters, by their place in the data.</summary>
    public KvmCounterSet Counters { get; }

    /// <summary>Where the values begin in the file; they are <see cref="KvmCounterSet.Words"/> 64-bit numbers in the host's order.</summary>
    public int DataOffset { get; }

    /// <summary>
    /// Reads the description of a statistics descriptor. A layout among <paramref name="known"/> that is the same is given back instead of a new one; a new one is added.
    /// Null, with the reason, for what is not such a descriptor, is cut short, or claims sizes beyond reason.
    /// </summary>
    /// <param name="file">The descriptor.</param>
    /// <param name="known">Layouts met before.</param>
    /// <param name="id">Whose counters they are: "kvm-TID/vcpu-N", or "kvm-PID" for those of a VM. Cleaned.</param>
    /// <param name="reason">What is wrong, in words for the screen.</param>
    public static KvmStatsLayout? Read(HostFile file, List<KvmStatsLayout> known, out string id, out string reason)
    {
        id = "";
        Span<byte> header = stackalloc byte[HeaderSize];
        if (!ReadExactly(file, 0, header, out reason))
        {
            return null;
        }

        var nameSize = ReadUInt32(header[4..]);
        var count = ReadUInt32(header[8..]);
        var (idOffset, descriptorOffset, dataOffset) = (ReadUInt32(header[12..]), ReadUInt32(header[16..]), ReadUInt32(header[20..]));
        if (nameSize is 0 or > LongestName || count is 0 or > MostDescriptors || Math.Max(Math.Max(idOffset, descriptorOffset), dataOffset) > FarthestOffset)
        {
            reason = $"its header makes no sense: {count} counters with names of {nameSize} bytes";
            return null;
        }

        Span<byte> name = stackalloc byte[(int)nameSize];
        if (!ReadExactly(file, idOffset, name, out reason))
        {
            return null;
        }

        id = KernelText.Clean(UntilNul(name), LongestName);
        var size = (int)(count * (DescriptorSize + nameSize));
        var descriptors = new byte[size];
        if (!ReadExactly(file, descriptorOffset, descriptors, out reason))
        {
            return null;
        }

        foreach (var layout in known)
        {
            if (layout.DataOffset == dataOffset && descriptors.AsSpan().SequenceEqual(layout._descriptors))
            {
                return layout;
            }
        }

        if (Parse(descriptors, (int)nameSize, (int)count) is not { } counters)
        {
            reason = "none of its counters could be understood";
            return null;
        }

        var made = new KvmStatsLayout(descriptors, counters, (int)dataOffset);
        known.Add(made);
        return made;
    }

    /// <summary>Takes "kvm-TID/vcpu-N" apart: the thread that created the vCPU (for QEMU, the one that runs it) and its number.</summary>
    public static bool TryParseVcpu(ReadOnlySpan<char> id, out int tid, out int vcpu)
    {
        (tid, vcpu) = (0, 0);
        var slash = id.IndexOf('/');
        return slash > 4 && id.StartsWith("kvm-") && id[(slash + 1)..].StartsWith("vcpu-")
            && int.TryParse(id[4..slash], System.Globalization.NumberStyles.None, null, out tid)
            && int.TryParse(id[(slash + 6)..], System.Globalization.NumberStyles.None, null, out vcpu);
    }

    /// <summary>The counters of a descriptor table. What lies beyond bounds or is not aligned is left out; unknown types and units are kept as unknown.</summary>
    internal static KvmCounterSet? Parse(ReadOnlySpan<byte> descriptors, int nameSize, int count)
    {
        var counters = new List<KvmCounter>(count);
        var words = 0;
        for (var i = 0; i < count; i++)
        {
            var descriptor = descriptors.Slice(i * (DescriptorSize + nameSize), DescriptorSize + nameSize);
            var flags = ReadUInt32(descriptor);
            int exponent = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadInt16LittleEndian(descriptor[4..]) : BinaryPrimitives.ReadInt16BigEndian(descriptor[4..]);
            int size = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(descriptor[6..]) : BinaryPrimitives.ReadUInt16BigEndian(descriptor[6..]);
            var offset = ReadUInt32(descriptor[8..]);
            var name = KernelText.Clean(UntilNul(descriptor[DescriptorSize..]), LongestName);
            if (name.Length == 0 || size == 0 || offset % 8 != 0 || (offset / 8) + (uint)size > MostWords)
            {
                continue;
            }

            var index = (int)(offset / 8);
            words = Math.Max(words, index + size);
            counters.Add(new KvmCounter(name, TypeOf(flags), UnitOf(flags), ScaleOf(flags, exponent), index, size, ReadUInt32(descriptor[12..])));
        }

        return counters.Count == 0 ? null : new KvmCounterSet(counters, words);
    }

    private static KvmCounterType TypeOf(uint flags) => (flags & 0xf) < (uint)KvmCounterType.Unknown ? (KvmCounterType)(flags & 0xf) : KvmCounterType.Unknown;

    private static KvmCounterUnit UnitOf(uint flags) => (flags >> 4 & 0xf) < (uint)KvmCounterUnit.Unknown ? (KvmCounterUnit)(flags >> 4 & 0xf) : KvmCounterUnit.Unknown;

    private static double ScaleOf(uint flags, int exponent) => (flags >> 8 & 0xf, exponent) switch
    {
        (_, 0) => 1,
        (0, >= -30 and <= 30) => Math.Pow(10, exponent),
        (1, >= -100 and <= 100) => Math.Pow(2, exponent),
        _ => double.NaN,
    };

    private static ReadOnlySpan<byte> UntilNul(ReadOnlySpan<byte> text) => text.IndexOf((byte)0) is >= 0 and var end ? text[..end] : text;

    private static uint ReadUInt32(ReadOnlySpan<byte> bytes) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);

    private static bool ReadExactly(HostFile file, uint offset, Span<byte> target, out string reason)
    {
        var n = file.ReadAt(offset, target);
        reason = n == target.Length ? "" : n < 0 ? ((Errno)(-n)).Describe() : $"it ends after {offset + n} bytes";
        return n == target.Length;
    }
}
