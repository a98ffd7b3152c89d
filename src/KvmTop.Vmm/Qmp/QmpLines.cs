namespace KvmTop.Vmm;

/// <summary>
/// Puts the bytes of a stream together to messages: a line each or, from a monitor that prints pretty (-qmp-pretty), the lines from "{" to "}".
/// What does not fit into the limit is not kept: the stream is then broken.
/// </summary>
/// <param name="buffers">Where the room for messages comes from that arrive in pieces.</param>
internal sealed class QmpLines(QmpBuffers buffers)
{
    /// <summary>The longest message of all. The statistics of a guest with 256 vCPUs take 1.5 MB; nothing else comes near.</summary>
    public const int Longest = 4 << 20;

    private byte[] _partial = [];
    private int _length;
    private int _lineStart;
    private bool _pretty;

    /// <summary>The longest message that there is a reason for now.</summary>
    public int Limit { get; set; } = Longest;

    /// <summary>A message was longer than the limit: nothing that follows it can be made sense of.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Bytes that are kept for a message that is not complete.</summary>
    public int Held => _partial.Length;

    /// <summary>
    /// Takes the next message off <paramref name="bytes"/>. It is valid until the next call. False when there is none that is complete: all bytes were taken then.
    /// </summary>
    /// <param name="bytes">What came in; shortened by what was taken.</param>
    /// <param name="message">The message, without the line's end.</param>
    public bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> message)
    {
        message = default;
        if (_length == 0 && _partial.Length > 0)
            Restart();
        while (true)
        {
            var end = bytes.IndexOf((byte)'\n');
            if (end < 0)
            {
                Append(bytes);
                bytes = default;
                return false;
            }

            if (_length == 0 && !IsBrace(bytes[..end], (byte)'{'))
            {
                message = bytes[..end];
                bytes = bytes[(end + 1)..];
                IsBroken = end > Limit;
                return !IsBroken;
            }

            Append(bytes[..(end + 1)]);
            bytes = bytes[(end + 1)..];
            if (IsBroken)
                return false;

            var line = _partial.AsSpan(_lineStart.._length);
            _pretty |= _lineStart == 0 && IsBrace(line, (byte)'{');
            _lineStart = _length;
            if (!_pretty || IsBrace(line, (byte)'}'))
            {
                // The buffer is given back at the next call: until then the message is looked at.
                message = _partial.AsSpan(0, _length);
                (_length, _lineStart, _pretty) = (0, 0, false);
                return true;
            }
        }
    }

    /// <summary>Begins with a new stream.</summary>
    public void Clear()
    {
        IsBroken = false;
        Restart();
    }

    private static bool IsBrace(ReadOnlySpan<byte> line, byte brace) => line.TrimEnd("\r\n "u8) is [var only] && only == brace;

    private void Restart()
    {
        (_length, _lineStart, _pretty) = (0, 0, false);
        buffers.Return(_partial);
        _partial = [];
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > Limit)
        {
            Clear();
            IsBroken = true;
            return;
        }

        if (_length + bytes.Length > _partial.Length)
        {
            var larger = buffers.Rent(_length + bytes.Length);
            _partial.AsSpan(0, _length).CopyTo(larger);
            buffers.Return(_partial);
            _partial = larger;
        }

        bytes.CopyTo(_partial.AsSpan(_length));
        _length += bytes.Length;
    }
}
