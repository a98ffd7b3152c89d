using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>A simulated vCPU's statistics descriptor, as KVM of Linux 6.8 lays it out: header, id, 45 descriptors, values made when they are read.</summary>
internal sealed class KvmStatsFile(HostModel host, SimProcess process, long generation, SimThread thread) : HostFile
{
    private const int NameSize = 48;
    private const int DescriptorSize = 16 + NameSize;
    private const int DescriptorsAt = 24 + NameSize;
    private const uint Instant = 1, LogHistogram = 4, Seconds = 2 << 4, Boolean = 4 << 4;

    private static byte[]? s_descriptors;

    private byte[]? _head;

    private static byte[] Descriptors => s_descriptors ??= MakeDescriptors();

    private static int DataAt => DescriptorsAt + (KvmCounters.OfVcpu.Length * DescriptorSize);

    public override int ReadAt(long offset, Span<byte> buffer)
    {
        var now = host.Clock.Now();
        if (!process.Life.IsAlive(generation, now))
        {
            return -(int)Errno.ESRCH;
        }

        if (offset < 0)
        {
            return -(int)Errno.EINVAL;
        }

        var head = _head ??= MakeHead();
        if (offset < head.Length)
        {
            var part = head.AsSpan((int)offset, (int)Math.Min(buffer.Length, head.Length - offset));
            part.CopyTo(buffer);
            return part.Length;
        }

        Span<ulong> values = stackalloc ulong[KvmCounters.WordsOfVcpu];
        KvmCounters.FillVcpu(values, new ProcessMoment(host, process, generation, thread, now));
        var data = MemoryMarshal.AsBytes(values);
        var from = (int)Math.Min(offset - DataAt, data.Length);
        var n = Math.Min(buffer.Length, data.Length - from);
        data.Slice(from, n).CopyTo(buffer);
        return n;
    }

    protected override void Dispose(bool disposing)
    {
    }

    private static byte[] MakeDescriptors()
    {
        var all = new byte[KvmCounters.OfVcpu.Length * DescriptorSize];
        var offset = 0;
        for (var i = 0; i < KvmCounters.OfVcpu.Length; i++)
        {
            var name = KvmCounters.OfVcpu[i];
            var isHistogram = name.EndsWith("_hist", StringComparison.Ordinal);
            var isTime = isHistogram || name.EndsWith("_ns", StringComparison.Ordinal);
            var at = all.AsSpan(i * DescriptorSize);
            var flags = isHistogram ? LogHistogram | Seconds : isTime ? Seconds : name is "blocking" or "guest_mode" ? Instant | Boolean : 0;
            var size = isHistogram ? KvmCounters.Buckets : 1;
            BitConverter.TryWriteBytes(at, flags);
            BitConverter.TryWriteBytes(at[4..], (short)(isTime ? -9 : 0));
            BitConverter.TryWriteBytes(at[6..], (ushort)size);
            BitConverter.TryWriteBytes(at[8..], (uint)offset);
            Encoding.ASCII.GetBytes(name, at[16..]);
            offset += size * 8;
        }

        return all;
    }

    private byte[] MakeHead()
    {
        var head = new byte[DataAt];
        uint[] fields = [0, NameSize, (uint)KvmCounters.OfVcpu.Length, 24, DescriptorsAt, (uint)DataAt];
        MemoryMarshal.AsBytes(fields.AsSpan()).CopyTo(head);
        var tid = process.Life.PidOf(generation) + thread.Offset;
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"kvm-{tid}/vcpu-{thread.Vcpu}"), head.AsSpan(24));
        Descriptors.CopyTo(head, DescriptorsAt);
        return head;
    }
}
