using System.Text;

namespace KvmTop.Tests.Campaigns;

/// <summary>Makes hostile inputs out of good ones, the same ones for the same seed: cut, changed, stretched, and with what terminals, parsers and paths are attacked with.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly byte[][] s_words =
    [
        "\u001b]0;owned\u0007\u001b[2J"u8.ToArray(), "\u009b31m"u8.ToArray(), "\u202e\u2066\u200b"u8.ToArray(), "\0"u8.ToArray(), "\r\n\r\n"u8.ToArray(), "\u2028"u8.ToArray(),
        "99999999999999999999999"u8.ToArray(), "-1"u8.ToArray(), "18446744073709551615"u8.ToArray(), "1e400"u8.ToArray(), "0x"u8.ToArray(), "NaN"u8.ToArray(),
        "../../../../etc/shadow"u8.ToArray(), "/dev/zero"u8.ToArray(), "-readconfig"u8.ToArray(), ",file=/etc/shadow,"u8.ToArray(), "$(reboot)`reboot`;reboot"u8.ToArray(), "%n%s%x"u8.ToArray(),
        "\"\\ud800\""u8.ToArray(), "{\"a\":{\"a\":{\"a\":["u8.ToArray(), "null"u8.ToArray(), "}}}]]]"u8.ToArray(), "{}"u8.ToArray(), "[[[[[[[["u8.ToArray(), "\"\""u8.ToArray(), "true"u8.ToArray(),
        [0xff, 0xfe, 0x00], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x80],
    ];

    private readonly Random _random = new(seed);

    /// <summary>A number below the limit.</summary>
    public int Next(int limit) => _random.Next(limit);

    /// <summary>One of them.</summary>
    public T One<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    /// <summary>A text in UTF-8, spoiled.</summary>
    public byte[] Spoil(string text) => Spoil(Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes, spoiled in one to six places. Never longer than 1 MiB.</summary>
    public byte[] Spoil(byte[] good)
    {
        if (_random.Next(20) == 0)
            return Noise();
        var bytes = new List<byte>(good);
        for (var n = _random.Next(1, 7); n > 0; n--)
            Spoil(bytes);
        return bytes.Count <= 1 << 20 ? [.. bytes] : [.. bytes[..(1 << 20)]];
    }

    private byte[] Noise()
    {
        var noise = new byte[_random.Next(0, 3000)];
        _random.NextBytes(noise);
        return noise;
    }

    private void Spoil(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count + 1);
        switch (_random.Next(8))
        {
            case 0 when at < bytes.Count:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 1:
                bytes.RemoveRange(at, _random.Next(bytes.Count - at + 1));
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(_random.Next(12), bytes.Count - at));
                break;
            case 3:
                bytes.InsertRange(at, Enumerable.Repeat((byte)_random.Next(256), _random.Next(1, 5000)));
                break;
            case 4:
                // A piece of itself once more: keys twice, lines twice.
                var length = Math.Min(_random.Next(1, 400), bytes.Count - at);
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 5:
                SpoilNumber(bytes, at);
                break;
            default:
                bytes.InsertRange(at, One(s_words));
                break;
        }
    }

    // The next number becomes another one.
    private void SpoilNumber(List<byte> bytes, int at)
    {
        var from = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
        if (from < 0)
            return;
        var to = bytes.FindIndex(from, b => b is < (byte)'0' or > (byte)'9');
        bytes.RemoveRange(from, (to < 0 ? bytes.Count : to) - from);
        bytes.InsertRange(from, One(s_words[6..12]));
    }
}
