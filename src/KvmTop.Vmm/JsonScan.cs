using System.Text.Unicode;

namespace KvmTop.Vmm;

/// <summary>
/// Tells whether bytes are JSON without ever throwing: the framework's readers throw at what is none, and whoever is at the other end could have them do so as often as he likes.
/// What is valid here they read without an exception: UTF-8 and the halves of surrogate pairs are looked at too.
/// </summary>
internal static class JsonScan
{
    /// <summary>How deep values may be nested where nothing else is said; the framework's own limit.</summary>
    public const int Deepest = 64;

    /// <summary>True when all of it is one value and white space around it.</summary>
    public static bool IsValid(ReadOnlySpan<byte> json, int deepest = Deepest)
    {
        var at = 0;
        if (!TrySkip(json, ref at, deepest))
            return false;
        SkipSpace(json, ref at);
        return at == json.Length;
    }

    /// <summary>Passes over white space.</summary>
    public static void SkipSpace(ReadOnlySpan<byte> json, scoped ref int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            at++;
    }

    /// <summary>Passes over white space and the value behind it. False when there is none, or it is nested deeper than <paramref name="deepest"/>.</summary>
    public static bool TrySkip(ReadOnlySpan<byte> json, scoped ref int at, int deepest)
    {
        SkipSpace(json, ref at);
        if (at >= json.Length)
            return false;
        switch (json[at])
        {
            case (byte)'"':
                return TryString(json, ref at, out _);
            case (byte)'{':
                var members = new JsonMembers(json, at, deepest);
                while (members.TryNext(out _, out _))
                {
                }

                at = members.End;
                return members.IsWhole;
            case (byte)'[':
                return TryArray(json, ref at, deepest);
            case (byte)'t':
                return TryWord(json, ref at, "true"u8);
            case (byte)'f':
                return TryWord(json, ref at, "false"u8);
            case (byte)'n':
                return TryWord(json, ref at, "null"u8);
            default:
                return TryNumber(json, ref at);
        }
    }

    /// <summary>Passes over a string, of which <paramref name="text"/> is what stands between the quotes, as it stands.</summary>
    public static bool TryString(ReadOnlySpan<byte> json, scoped ref int at, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (at >= json.Length || json[at] != (byte)'"')
            return false;
        var start = ++at;
        var bits = 0;
        while (at < json.Length)
        {
            var b = json[at];
            if (b == (byte)'"')
            {
                text = json[start..at++];
                return bits < 0x80 || Utf8.IsValid(text);
            }

            if (b < 0x20 || (b == (byte)'\\' && !TryEscape(json, ref at)))
                return false;
            bits |= b;
            at++;
        }

        return false;
    }

    private static bool TryArray(ReadOnlySpan<byte> json, scoped ref int at, int deepest)
    {
        at++;
        SkipSpace(json, ref at);
        if (deepest <= 0 || at >= json.Length)
            return false;
        if (json[at] == (byte)']')
        {
            at++;
            return true;
        }

        while (TrySkip(json, ref at, deepest - 1))
        {
            SkipSpace(json, ref at);
            if (at >= json.Length)
                return false;
            var next = json[at++];
            if (next != (byte)',')
                return next == (byte)']';
        }

        return false;
    }

    /// <summary>From the backslash to the last byte of what it escapes.</summary>
    private static bool TryEscape(ReadOnlySpan<byte> json, scoped ref int at)
    {
        if (++at >= json.Length)
            return false;
        if (json[at] != (byte)'u')
            return json[at] is (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t';
        if (!TryUnit(json, ref at, out var unit) || char.IsLowSurrogate((char)unit))
            return false;
        if (!char.IsHighSurrogate((char)unit))
            return true;
        return at + 2 < json.Length && json[at + 1] == (byte)'\\' && json[at += 2] == (byte)'u' && TryUnit(json, ref at, out unit) && char.IsLowSurrogate((char)unit);
    }

    /// <summary>From the "u" to the last of four digits.</summary>
    private static bool TryUnit(ReadOnlySpan<byte> json, scoped ref int at, out int unit)
    {
        unit = 0;
        if (at + 4 >= json.Length)
            return false;
        for (var end = at + 4; at < end;)
        {
            var digit = (int)json[++at];
            digit = digit is >= '0' and <= '9' ? digit - '0' : (digit | 0x20) is >= 'a' and <= 'f' ? (digit | 0x20) - 'a' + 10 : -1;
            if (digit < 0)
                return false;
            unit = (unit * 16) + digit;
        }

        return true;
    }

    private static bool TryWord(ReadOnlySpan<byte> json, scoped ref int at, ReadOnlySpan<byte> word)
    {
        if (!json[at..].StartsWith(word))
            return false;
        at += word.Length;
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> json, scoped ref int at)
    {
        if (json[at] == (byte)'-')
            at++;
        var start = at;
        if (!TryDigits(json, ref at) || (json[start] == (byte)'0' && at > start + 1))
            return false;
        if (at < json.Length && json[at] == (byte)'.')
        {
            at++;
            if (!TryDigits(json, ref at))
                return false;
        }

        if (at >= json.Length || json[at] is not ((byte)'e' or (byte)'E'))
            return true;
        at++;
        if (at < json.Length && json[at] is (byte)'+' or (byte)'-')
            at++;
        return TryDigits(json, ref at);
    }

    private static bool TryDigits(ReadOnlySpan<byte> json, scoped ref int at)
    {
        var start = at;
        while (at < json.Length && json[at] is >= (byte)'0' and <= (byte)'9')
            at++;
        return at > start;
    }
}

/// <summary>Goes through the members of a JSON object. Never throws.</summary>
/// <param name="json">The text.</param>
/// <param name="start">Where the brace is.</param>
/// <param name="deepest">How deep values may be nested, the object counted.</param>
internal ref struct JsonMembers(ReadOnlySpan<byte> json, int start, int deepest)
{
    private readonly ReadOnlySpan<byte> _json = json;
    private int _at = start;
    private bool _begun;

    /// <summary>True once the closing brace has been met: all was well up to there.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>What stands behind what has been read.</summary>
    public readonly int End => _at;

    /// <summary>The next member: its name as it stands between the quotes, and its value with what it consists of. False at the end, and where it is no JSON.</summary>
    public bool TryNext(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var at = _at;
        var found = TryNext(_json, ref at, out name, out value);
        _at = at;
        return found;
    }

    private bool TryNext(ReadOnlySpan<byte> json, scoped ref int at, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        if (IsWhole || deepest <= 0)
            return false;
        JsonScan.SkipSpace(json, ref at);
        if (at >= json.Length)
            return false;
        var first = !_begun;
        var sign = json[at++];
        if (first && sign == (byte)'{')
        {
            _begun = true;
            JsonScan.SkipSpace(json, ref at);
            if (at < json.Length && json[at] == (byte)'}')
            {
                at++;
                IsWhole = true;
                return false;
            }
        }
        else if (first || sign != (byte)',')
        {
            IsWhole = !first && sign == (byte)'}';
            return false;
        }

        JsonScan.SkipSpace(json, ref at);
        if (!JsonScan.TryString(json, ref at, out name))
            return false;
        JsonScan.SkipSpace(json, ref at);
        if (at >= json.Length || json[at++] != (byte)':')
            return false;
        JsonScan.SkipSpace(json, ref at);
        var from = at;
        if (!JsonScan.TrySkip(json, ref at, deepest - 1))
            return false;
        value = json[from..at];
        return true;
    }
}
