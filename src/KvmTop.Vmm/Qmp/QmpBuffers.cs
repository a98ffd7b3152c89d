using System.Numerics;

namespace KvmTop.Vmm;

/// <summary>
/// The buffers for what monitors send: used again by all connections of a run, and counted, for there is a limit to what all of them may take together. From any thread.
/// </summary>
/// <param name="mostBytes">What all monitors together may make us keep.</param>
internal sealed class QmpBuffers(int mostBytes)
{
    private const int SmallestLog = 9;
    private const int LargestLog = 22;

    // Kept for the next one; what is beyond is left to the collector of garbage.
    private const int MostSpareBytes = 2 << 20;

    private readonly Stack<byte[]>[] _spare = new Stack<byte[]>[LargestLog - SmallestLog + 1];
    private readonly object _gate = new();
    private int _spareBytes;
    private long _inUse;

    /// <summary>More is kept than may be.</summary>
    public bool IsOver => Interlocked.Read(ref _inUse) > mostBytes;

    /// <summary>A buffer of at least so many bytes.</summary>
    public byte[] Rent(int length)
    {
        var log = Math.Max(BitOperations.Log2((uint)Math.Max(length - 1, 1)) + 1, SmallestLog);
        var size = 1 << log;
        Interlocked.Add(ref _inUse, size);
        lock (_gate)
        {
            if (log <= LargestLog && _spare[log - SmallestLog] is { Count: > 0 } spare)
            {
                _spareBytes -= size;
                return spare.Pop();
            }
        }

        return new byte[size];
    }

    /// <summary>Gives one back that nobody looks at any more; an empty array is none.</summary>
    public void Return(byte[] buffer)
    {
        if (buffer.Length == 0)
            return;
        Forget(buffer);
        var place = BitOperations.Log2((uint)buffer.Length) - SmallestLog;
        lock (_gate)
        {
            if (place < _spare.Length && _spareBytes + buffer.Length <= MostSpareBytes)
            {
                _spareBytes += buffer.Length;
                (_spare[place] ??= new Stack<byte[]>()).Push(buffer);
            }
        }
    }

    /// <summary>Counts one no more that somebody may still look at: it goes when he is done.</summary>
    public void Forget(byte[] buffer) => Interlocked.Add(ref _inUse, -buffer.Length);
}
