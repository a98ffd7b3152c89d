using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>Takes what a <see cref="PerfRingBuffer"/> holds.</summary>
public interface IPerfRecordSink
{
    /// <summary>A hit: its time in nanoseconds on the kernel's own clock, and the raw event. Valid during the call only.</summary>
    void OnSample(ulong time, ReadOnlySpan<byte> raw);

    /// <summary>So many records found no room in the ring. What comes next does not follow from what came before.</summary>
    void OnLost(ulong count);

    /// <summary>The ring held something that is no record; all that was in it is dropped.</summary>
    void OnBroken();
}

/// <summary>
/// The reader's side of a perf ring buffer (include/uapi/linux/perf_event.h, struct perf_event_mmap_page): the kernel writes at data_head and never over
/// what has not been read up to data_tail; what finds no room is counted and told in a PERF_RECORD_LOST.
/// </summary>
/// <remarks>Used from one thread.</remarks>
public sealed unsafe class PerfRingBuffer : IDisposable
{
    private const int HeadOffset = 1024;
    private const int TailOffset = 1032;
    private const int DataOffsetOffset = 1040;
    private const int HeaderSize = 8;
    private const uint RecordLost = 2;
    private const uint RecordSample = 9;

    private readonly byte* _control;
    private readonly byte* _data;
    private readonly ulong _size;
    private readonly byte[] _whole = new byte[ushort.MaxValue + 1];
    private nint _mapping;
    private readonly nint _mappedBytes;

    private PerfRingBuffer(nint mapping, nint mappedBytes, nint dataOffset, long dataSize)
        : this((byte*)mapping, (byte*)mapping + dataOffset, dataSize)
    {
        _mapping = mapping;
        _mappedBytes = mappedBytes;
    }

    /// <summary>A ring in memory of somebody else's, laid out as the kernel does.</summary>
    /// <param name="control">The control page.</param>
    /// <param name="data">Where the records are.</param>
    /// <param name="dataSize">A power of two.</param>
    public PerfRingBuffer(byte* control, byte* data, long dataSize)
    {
        _control = control;
        _data = data;
        _size = (ulong)dataSize;
    }

    /// <summary>Bytes that wait to be read.</summary>
    public long Waiting => (long)(Volatile.Read(ref *(ulong*)(_control + HeadOffset)) - *(ulong*)(_control + TailOffset));

    /// <summary>Maps the ring of an event; <paramref name="bytes"/> is rounded up to a power of two of pages.</summary>
    /// <returns>EPERM: more locked memory than this user may have (perf_event_mlock_kb, RLIMIT_MEMLOCK).</returns>
    public static Errno Map(PerfEvent owner, int bytes, out PerfRingBuffer? ring)
    {
        ring = null;
        var page = SystemInfo.PageSize;
        var data = (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(bytes, page));
        var length = (nint)(data + page);
        var mapping = Libc.mmap(0, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, owner.Descriptor, 0);
        if (mapping == -1)
        {
            return (Errno)Marshal.GetLastPInvokeError();
        }

        // Kernels before 4.1 do not say where the data begins: behind the first page.
        var offset = *(ulong*)((byte*)mapping + DataOffsetOffset);
        ring = new PerfRingBuffer(mapping, length, offset == 0 || offset > (ulong)page ? page : (nint)offset, data);
        return Errno.None;
    }

    /// <summary>Hands over everything that is there now, in the order of writing, and makes room for more.</summary>
    public void Drain<TSink>(ref TSink sink)
        where TSink : IPerfRecordSink
    {
        // Acquire: what the kernel wrote before it moved the head is seen after this.
        var head = Volatile.Read(ref *(ulong*)(_control + HeadOffset));
        var tail = *(ulong*)(_control + TailOffset);
        while (tail != head)
        {
            var record = Record(tail, head - tail);
            if (record.IsEmpty)
            {
                sink.OnBroken();
                tail = head;
                break;
            }

            Deliver(record, ref sink);
            tail += (ulong)record.Length;
        }

        // Release: we are done with the bytes before the kernel may have them.
        Volatile.Write(ref *(ulong*)(_control + TailOffset), tail);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_mapping != 0)
        {
            _ = Libc.munmap(_mapping, (nuint)_mappedBytes);
            _mapping = 0;
        }
    }

    private static void Deliver<TSink>(ReadOnlySpan<byte> record, ref TSink sink)
        where TSink : IPerfRecordSink
    {
        // struct perf_event_header { u32 type; u16 misc; u16 size; }
        var type = BitConverter.ToUInt32(record);
        var body = record[HeaderSize..];
        if (type == RecordSample && body.Length >= 12)
        {
            // PERF_SAMPLE_TIME, then PERF_SAMPLE_RAW: u32 size, data.
            var size = BitConverter.ToUInt32(body[8..]);
            var raw = body[12..];
            sink.OnSample(BitConverter.ToUInt64(body), raw[..(int)Math.Min(size, (uint)raw.Length)]);
        }
        else if (type == RecordLost && body.Length >= 16)
        {
            // u64 id; u64 lost
            sink.OnLost(BitConverter.ToUInt64(body[8..]));
        }
    }

    /// <summary>The record at a position, put together where it runs over the end of the ring; empty when what is there is none.</summary>
    private ReadOnlySpan<byte> Record(ulong tail, ulong available)
    {
        if (available < HeaderSize || available > _size)
        {
            return default;
        }

        // Records are multiples of 8, so a header never runs over the end.
        var at = tail & (_size - 1);
        if (at + HeaderSize > _size)
        {
            return default;
        }

        ulong size = *(ushort*)(_data + at + 6);
        if (size < HeaderSize || size > available)
        {
            return default;
        }

        if (at + size <= _size)
        {
            return new ReadOnlySpan<byte>(_data + at, (int)size);
        }

        var first = (int)(_size - at);
        new ReadOnlySpan<byte>(_data + at, first).CopyTo(_whole);
        new ReadOnlySpan<byte>(_data, (int)size - first).CopyTo(_whole.AsSpan(first));
        return _whole.AsSpan(0, (int)size);
    }
}
