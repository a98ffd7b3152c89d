using System.Buffers.Binary;
using System.Runtime.InteropServices;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

/// <summary>A ring in memory of our own, written as the kernel writes it.</summary>
public sealed unsafe class PerfRingBufferTests : IDisposable
{
    private const int Size = 4096;

    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed(4096 + Size);
    private readonly PerfRingBuffer _ring;
    private ulong _head;

    public PerfRingBufferTests() => _ring = new PerfRingBuffer(_memory, _memory + 4096, Size);

    [Fact]
    public void Drain_hands_over_samples_in_order_and_makes_room()
    {
        for (ulong i = 1; i <= 3; i++)
        {
            Sample(i, (int)i * 8);
        }

        var sink = Drain();
        Assert.Equal(["sample 1 8 ok", "sample 2 16 ok", "sample 3 24 ok"], sink.Log);
        Assert.Equal(0, _ring.Waiting);
    }

    [Fact]
    public void Drain_puts_a_record_together_that_runs_over_the_end()
    {
        // Records of 24 + 44 rounded up: none divides the size, so many straddle the end, at every possible place.
        var sink = new Sink();
        for (ulong i = 1; i < 3000; i++)
        {
            Sample(i, 44 + ((int)i % 5 * 8));
            if (i % 7 == 0)
            {
                _ring.Drain(ref sink);
            }
        }

        _ring.Drain(ref sink);
        Assert.Equal(2999, sink.Log.Count);
        for (var i = 0; i < sink.Log.Count; i++)
        {
            Assert.StartsWith($"sample {i + 1} ", sink.Log[i], StringComparison.Ordinal);
            Assert.EndsWith(" ok", sink.Log[i], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Drain_after_an_overrun_tells_how_many_were_lost()
    {
        Sample(1, 8);
        Write(2, 24, body => BinaryPrimitives.WriteUInt64LittleEndian(body[8..], 12345));
        Sample(2, 8);
        Assert.Equal(["sample 1 8 ok", "lost 12345", "sample 2 8 ok"], Drain().Log);
    }

    [Fact]
    public void Drain_passes_over_records_of_other_types()
    {
        Write(5, 32, _ => { });
        Sample(1, 8);
        Assert.Equal(["sample 1 8 ok"], Drain().Log);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(4000)]
    public void Drain_of_a_size_that_cannot_be_drops_the_rest_and_goes_on(int size)
    {
        Sample(1, 8);
        var at = _head;
        Write(9, 32, _ => { });
        BinaryPrimitives.WriteUInt16LittleEndian(At(at + 6), (ushort)size);
        Assert.Equal(["sample 1 8 ok", "broken"], Drain().Log);
        Sample(2, 8);
        Assert.Equal(["sample 2 8 ok"], Drain().Log);
    }

    [Fact]
    public void Drain_of_a_head_that_ran_past_the_ring_drops_everything()
    {
        _head += (10 * Size) + 8;
        Publish();
        Assert.Equal(["broken"], Drain().Log);
        Assert.Equal(0, _ring.Waiting);
    }

    [Fact]
    public void Drain_of_noise_never_reads_outside_and_ends()
    {
        var random = new Random(1);
        for (var round = 0; round < 20000; round++)
        {
            random.NextBytes(new Span<byte>(_memory + 4096, Size));
            _head += (ulong)random.Next(0, (Size / 8) + 3) * 8;
            Publish();
            _ = Drain();
            Assert.Equal(0, _ring.Waiting);
        }
    }

    [Fact]
    public void Drain_allocates_nothing()
    {
        var sink = new CountingSink();
        Fuzz.AllocatesNothing(() =>
        {
            for (ulong i = 0; i < 20; i++)
            {
                Sample(i, 64);
            }

            _ring.Drain(ref sink);
        });
        Assert.Equal(1200 * 20, sink.Samples);
    }

    public void Dispose()
    {
        _ring.Dispose();
        NativeMemory.Free(_memory);
    }

    private void Sample(ulong time, int rawSize)
    {
        var total = (8 + 8 + 4 + rawSize + 7) / 8 * 8;
        Span<byte> record = stackalloc byte[total];
        BinaryPrimitives.WriteUInt32LittleEndian(record, 9);
        BinaryPrimitives.WriteUInt16LittleEndian(record[6..], (ushort)total);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], time);
        BinaryPrimitives.WriteUInt32LittleEndian(record[16..], (uint)rawSize);
        for (var i = 0; i < rawSize; i++)
        {
            record[20 + i] = (byte)(time + (ulong)i);
        }

        Put(record);
    }

    private void Write(uint type, int total, SpanAction fill)
    {
        Span<byte> record = stackalloc byte[total];
        BinaryPrimitives.WriteUInt32LittleEndian(record, type);
        BinaryPrimitives.WriteUInt16LittleEndian(record[6..], (ushort)total);
        fill(record[8..]);
        Put(record);
    }

    private void Put(ReadOnlySpan<byte> record)
    {
        foreach (var b in record)
        {
            At(_head++)[0] = b;
        }

        Publish();
    }

    private Span<byte> At(ulong position) => new(_memory + 4096 + (position % Size), 2);

    private void Publish() => *(ulong*)(_memory + 1024) = _head;

    private Sink Drain()
    {
        var sink = new Sink();
        _ring.Drain(ref sink);
        return sink;
    }

    private delegate void SpanAction(Span<byte> body);

    private readonly struct Sink() : IPerfRecordSink
    {
        public List<string> Log { get; } = [];

        public void OnSample(ulong time, ReadOnlySpan<byte> raw)
        {
            var ok = true;
            for (var i = 0; i < raw.Length; i++)
            {
                ok &= raw[i] == (byte)(time + (ulong)i);
            }

            Log.Add($"sample {time} {raw.Length} {(ok ? "ok" : "wrong")}");
        }

        public void OnLost(ulong count) => Log.Add($"lost {count}");

        public void OnBroken() => Log.Add("broken");
    }

    private struct CountingSink : IPerfRecordSink
    {
        public int Samples { get; private set; }

        public void OnSample(ulong time, ReadOnlySpan<byte> raw) => Samples++;

        public readonly void OnLost(ulong count)
        {
        }

        public readonly void OnBroken()
        {
        }
    }
}
