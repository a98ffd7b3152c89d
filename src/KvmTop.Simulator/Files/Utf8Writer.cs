using System.Buffers.Text;

namespace KvmTop.Simulator.Files;

/// <summary>Writes the text of a kernel file straight into the reader's buffer. What does not fit sets <see cref="Overflowed"/> and is dropped.</summary>
internal ref struct Utf8Writer(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    public int Length { get; private set; }

    public bool Overflowed { get; private set; }

    public void Text(scoped ReadOnlySpan<byte> text)
    {
        if (text.TryCopyTo(_target[Length..]))
        {
            Length += text.Length;
        }
        else
        {
            Overflowed = true;
        }
    }

    public void Text(string text)
    {
        if (System.Text.Encoding.UTF8.TryGetBytes(text, _target[Length..], out var n))
        {
            Length += n;
        }
        else
        {
            Overflowed = true;
        }
    }

    public void Number(long number)
    {
        if (Utf8Formatter.TryFormat(number, _target[Length..], out var n))
        {
            Length += n;
        }
        else
        {
            Overflowed = true;
        }
    }

    /// <summary>A number and what stands before it.</summary>
    public void Number(scoped ReadOnlySpan<byte> before, long number)
    {
        Text(before);
        Number(number);
    }

    /// <summary>Flush right in a field.</summary>
    public void Padded(long number, int width)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var n);
        for (var i = n; i < width; i++)
        {
            Text(" "u8);
        }

        Text(digits[..n]);
    }

    /// <summary>Hundredths as a decimal number with two digits.</summary>
    public void Hundredths(long hundredths)
    {
        Number(hundredths / 100);
        Text("."u8);
        var rest = hundredths % 100;
        Number(rest / 10);
        Number(rest % 10);
    }
}
