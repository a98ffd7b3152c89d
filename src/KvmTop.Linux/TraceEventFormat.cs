using System.Buffers.Text;
using System.Text;

namespace KvmTop.Linux;

/// <summary>A field of a trace event.</summary>
/// <param name="Name">Its name in the kernel's structure.</param>
/// <param name="Offset">Bytes from the start of the raw event.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Signed">Whether it is to be sign-extended.</param>
public sealed record TraceField(string Name, int Offset, int Size, bool Signed)
{
    /// <summary>Reads a number of 1, 2, 4 or 8 bytes out of a raw event, little end first. False for any other size, and where the event ends before it.</summary>
    public bool TryRead(ReadOnlySpan<byte> raw, out ulong value)
    {
        value = 0;
        if ((uint)Offset > (uint)raw.Length || Size > raw.Length - Offset)
        {
            return false;
        }

        var at = raw[Offset..];
        switch (Size)
        {
            case 1:
                value = Signed ? (ulong)(sbyte)at[0] : at[0];
                return true;
            case 2:
                var two = BitConverter.ToUInt16(at);
                value = Signed ? (ulong)(short)two : two;
                return true;
            case 4:
                var four = BitConverter.ToUInt32(at);
                value = Signed ? (ulong)(int)four : four;
                return true;
            case 8:
                value = BitConverter.ToUInt64(at);
                return true;
            default:
                return false;
        }
    }
}

/// <summary>
/// What <c>events/GROUP/NAME/format</c> of tracefs says about an event (Documentation/trace/events.rst): where its fields lie, and the names that its
/// print format gives to their values. Fields move between kernel versions, so nothing is known but what this text says; what it does not say is missing.
/// </summary>
public sealed class TraceEventFormat
{
    private const int MostFields = 128;

    private readonly Dictionary<string, TraceField> _fields = new(StringComparer.Ordinal);

    private TraceEventFormat(string name, ulong id, IReadOnlyList<TraceSymbols> symbols) => (Name, Id, Symbols) = (name, id, symbols);

    /// <summary>The event's name.</summary>
    public string Name { get; private set; }

    /// <summary>Its number: the first field of every raw event, and the <c>config</c> of perf_event_open(2). 0 when the text has none.</summary>
    public ulong Id { get; private set; }

    /// <summary>All fields, the common ones included.</summary>
    public IReadOnlyCollection<TraceField> Fields => _fields.Values;

    /// <summary>The tables of names in the print format, in its order.</summary>
    public IReadOnlyList<TraceSymbols> Symbols { get; private set; }

    /// <summary>The field of a name; null when this kernel's event has none, or one that is no number.</summary>
    public TraceField? Field(string name) => _fields.GetValueOrDefault(name);

    /// <summary>
    /// The table of names for the values of a field. Where the print format chooses between tables by another field (<c>(REC->isa == 1) ? .. : ..</c>),
    /// that whose condition holds, else the one that stands behind the colon. Null when there is none.
    /// </summary>
    public TraceSymbols? SymbolsOf(string field, ulong condition = 0)
    {
        TraceSymbols? otherwise = null;
        foreach (var table in Symbols)
        {
            if (table.Field != field)
            {
                continue;
            }

            if (table.Condition is null)
            {
                otherwise ??= table;
            }
            else if (table.Condition == condition)
            {
                return table;
            }
        }

        return otherwise;
    }

    /// <summary>Reads a format file. Lines that say nothing we know are passed over: any text makes a format, if an empty one.</summary>
    public static TraceEventFormat Parse(ReadOnlySpan<byte> text)
    {
        var format = new TraceEventFormat("", 0, []);
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var trimmed = line.Trim(" \t\r"u8);
            if (trimmed.StartsWith("name:"u8))
            {
                format.Name = KernelText.Clean(trimmed[5..], 64);
            }
            else if (trimmed.StartsWith("ID:"u8))
            {
                format.Id = ByteFields.Parse(trimmed[3..].Trim((byte)' '), out ulong id) ? id : 0;
            }
            else if (trimmed.StartsWith("field:"u8) && format._fields.Count < MostFields && ParseField(trimmed) is { } field)
            {
                format._fields.TryAdd(field.Name, field);
            }
            else if (trimmed.StartsWith("print fmt:"u8))
            {
                format.Symbols = TraceSymbols.ParseAll(trimmed);
            }
        }

        return format;
    }

    /// <summary><c>field:unsigned int exit_reason;	offset:8;	size:4;	signed:0;</c></summary>
    private static TraceField? ParseField(ReadOnlySpan<byte> line)
    {
        var end = line.IndexOf((byte)';');
        if (end < 0 || !TryNumber(line, "offset:"u8, out var offset) || !TryNumber(line, "size:"u8, out var size))
        {
            return null;
        }

        var declaration = line["field:"u8.Length..end].Trim((byte)' ');
        var bracket = declaration.IndexOf((byte)'[');
        if (bracket >= 0)
        {
            declaration = declaration[..bracket].TrimEnd((byte)' ');
        }

        var name = declaration[(declaration.LastIndexOfAny(" *"u8) + 1)..];
        _ = TryNumber(line, "signed:"u8, out var signed);
        return name.IsEmpty || offset > ushort.MaxValue || size > ushort.MaxValue ? null : new TraceField(KernelText.Clean(name, 64), offset, size, signed == 1);
    }

    private static bool TryNumber(ReadOnlySpan<byte> line, ReadOnlySpan<byte> key, out int value)
    {
        value = 0;
        var at = line.IndexOf(key);
        return at >= 0 && Utf8Parser.TryParse(line[(at + key.Length)..], out value, out _) && value >= 0;
    }
}

/// <summary>A table of names: <c>__print_symbolic(REC->FIELD &amp; MASK, { 0, "NAME" }, ..)</c> in the print format of an event.</summary>
public sealed class TraceSymbols
{
    private const int MostTables = 16;
    private const int MostNames = 1024;

    private static readonly byte[] s_call = Encoding.ASCII.GetBytes("__print_symbolic(");

    private readonly Dictionary<ulong, string> _names = [];

    private TraceSymbols(string field, ulong mask, ulong? condition) => (Field, Mask, Condition) = (field, mask, condition);

    /// <summary>The field whose values it names.</summary>
    public string Field { get; }

    /// <summary>The bits of the field that count.</summary>
    public ulong Mask { get; }

    /// <summary>The value that another field must have for the table to hold, <c>(REC->isa == 1) ?</c>; null for a table without condition.</summary>
    public ulong? Condition { get; }

    /// <summary>How many names there are.</summary>
    public int Count => _names.Count;

    /// <summary>The name of a value, or null. Values of the table that were written as negative match their 32 bits.</summary>
    public string? NameOf(ulong value) => _names.GetValueOrDefault(value & Mask);

    internal static List<TraceSymbols> ParseAll(ReadOnlySpan<byte> print)
    {
        var tables = new List<TraceSymbols>();
        var from = 0;
        while (tables.Count < MostTables && print[from..].IndexOf(s_call) is >= 0 and var at)
        {
            var start = from + at + s_call.Length;
            var reader = new Reader(print[start..]);
            if (Parse(ref reader, ConditionBefore(print[..(from + at)])) is { } table)
            {
                tables.Add(table);
            }

            from = start;
        }

        return tables;
    }

    private static TraceSymbols? Parse(ref Reader reader, ulong? condition)
    {
        var argument = reader.Until((byte)',');
        var record = argument.IndexOf("REC->"u8);
        if (record < 0)
        {
            return null;
        }

        var name = argument[(record + 5)..];
        var length = 0;
        while (length < name.Length && (char.IsAsciiLetterOrDigit((char)name[length]) || name[length] == '_'))
        {
            length++;
        }

        var mask = ulong.MaxValue;
        var and = name[length..].IndexOf((byte)'&');
        if (and >= 0)
        {
            var expression = new Reader(name[(length + and + 1)..]);
            mask = expression.TryExpression(out var m) ? m : mask;
        }

        var table = new TraceSymbols(KernelText.Clean(name[..length], 64), mask, condition);
        while (table._names.Count < MostNames && reader.TrySkipTo((byte)'{'))
        {
            // What cannot be understood has no name; the next entry may.
            if (reader.TryExpression(out var value) && reader.TryTake((byte)',') && reader.TryText(out var text))
            {
                table._names.TryAdd((value > uint.MaxValue ? (uint)value : value) & mask, text);
            }

            if (!reader.TrySkipTo((byte)'}'))
            {
                break;
            }

            if (!reader.TryTake((byte)','))
            {
                break;
            }
        }

        return table;
    }

    /// <summary>The N of "(REC->isa == N) ?" where that is what stands just before.</summary>
    private static ulong? ConditionBefore(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd(" \t"u8);
        if (text.IsEmpty || text[^1] != '?')
        {
            return null;
        }

        text = text[..^1].TrimEnd(" \t)"u8);
        var equals = text.LastIndexOf("=="u8);
        return equals >= 0 && text.Length - equals < 32 && ByteFields.Parse(text[(equals + 2)..].Trim((byte)' '), out ulong value) ? value : null;
    }

    /// <summary>Reads C constants and strings.</summary>
    private ref struct Reader(ReadOnlySpan<byte> text)
    {
        private const int DeepestNesting = 8;

        private ReadOnlySpan<byte> _rest = text;

        public ReadOnlySpan<byte> Until(byte end)
        {
            var at = _rest.IndexOf(end);
            var found = at < 0 ? _rest : _rest[..at];
            _rest = at < 0 ? default : _rest[(at + 1)..];
            return found;
        }

        /// <summary>Goes behind the next such character; false, and stays, when a parenthesis that was not opened here closes before it.</summary>
        public bool TrySkipTo(byte wanted)
        {
            var depth = 0;
            for (var i = 0; i < _rest.Length; i++)
            {
                var c = _rest[i];
                if (c == wanted && depth == 0)
                {
                    _rest = _rest[(i + 1)..];
                    return true;
                }

                if (c == '"')
                {
                    i = EndOfText(_rest, i);
                }
                else if (c == '(')
                {
                    depth++;
                }
                else if (c == ')' && --depth < 0)
                {
                    return false;
                }
            }

            return false;
        }

        public bool TryTake(byte wanted)
        {
            _rest = _rest.TrimStart(" \t"u8);
            if (_rest.IsEmpty || _rest[0] != wanted)
            {
                return false;
            }

            _rest = _rest[1..];
            return true;
        }

        /// <summary>A string, or several side by side, which C joins.</summary>
        public bool TryText(out string text)
        {
            text = "";
            var any = false;
            while (TryTake((byte)'"'))
            {
                var end = EndOfText(_rest, -1);
                text += KernelText.Clean(_rest[..Math.Min(end, _rest.Length)], 64);
                _rest = end < _rest.Length ? _rest[(end + 1)..] : default;
                any = true;
            }

            return any;
        }

        /// <summary>Numbers joined by |, &lt;&lt; and +, with parentheses.</summary>
        public bool TryExpression(out ulong value, int depth = 0)
        {
            if (!TryShift(out value, depth))
            {
                return false;
            }

            while (TryTake((byte)'|'))
            {
                if (!TryShift(out var right, depth))
                {
                    return false;
                }

                value |= right;
            }

            return true;
        }

        private bool TryShift(out ulong value, int depth)
        {
            if (!TrySum(out value, depth))
            {
                return false;
            }

            while (TryTake((byte)'<'))
            {
                if (!TryTake((byte)'<') || !TrySum(out var right, depth))
                {
                    return false;
                }

                value <<= (int)(right & 63);
            }

            return true;
        }

        private bool TrySum(out ulong value, int depth)
        {
            if (!TryTerm(out value, depth))
            {
                return false;
            }

            while (TryTake((byte)'+'))
            {
                if (!TryTerm(out var right, depth))
                {
                    return false;
                }

                value += right;
            }

            return true;
        }

        private bool TryTerm(out ulong value, int depth)
        {
            value = 0;
            if (depth > DeepestNesting)
            {
                return false;
            }

            if (TryTake((byte)'-'))
            {
                var ok = TryTerm(out value, depth + 1);
                value = 0UL - value;
                return ok;
            }

            if (TryTake((byte)'('))
            {
                return TryExpression(out value, depth + 1) && TryTake((byte)')');
            }

            _rest = _rest.TrimStart(" \t"u8);
            var hex = _rest.StartsWith("0x"u8) || _rest.StartsWith("0X"u8);
            if (!Utf8Parser.TryParse(hex ? _rest[2..] : _rest, out value, out var used, hex ? 'x' : 'D'))
            {
                return false;
            }

            _rest = _rest[(used + (hex ? 2 : 0))..].TrimStart("uUlL"u8);
            return true;
        }

        private static int EndOfText(ReadOnlySpan<byte> text, int quote)
        {
            for (var i = quote + 1; i < text.Length; i++)
            {
                if (text[i] == '\\')
                {
                    i++;
                }
                else if (text[i] == '"')
                {
                    return i;
                }
            }

            return text.Length;
        }
    }
}
