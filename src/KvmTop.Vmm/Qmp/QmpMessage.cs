using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>What a line of a QMP monitor is.</summary>
public enum QmpMessageKind
{
    /// <summary>Not JSON, too deep, or JSON that is no message of the protocol.</summary>
    Invalid,

    /// <summary>The first line: <c>{"QMP": {"version": ..}}</c>.</summary>
    Greeting,

    /// <summary>The answer to a command.</summary>
    Return,

    /// <summary>A command was refused.</summary>
    Error,

    /// <summary>Something happened in the machine.</summary>
    Event,
}

/// <summary>One line of a QMP monitor (docs/interop/qmp-spec of QEMU). It points into the line that it was read from. All texts are raw JSON.</summary>
public readonly ref struct QmpMessage
{
    // QEMU nests a dozen levels at most (a chain of images).
    private const int Deepest = 64;

    /// <summary>What it is.</summary>
    public QmpMessageKind Kind { get; private init; }

    /// <summary>The value of "return" or "QMP", or the "data" of an event; empty when there is none.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>The "event", or the "class" of an error.</summary>
    public ReadOnlySpan<byte> Name { get; private init; }

    /// <summary>The "desc" of an error.</summary>
    public ReadOnlySpan<byte> Description { get; private init; }

    /// <summary>The "id" that a command had; -1 when there is none that could be ours.</summary>
    public long Id { get; private init; }

    /// <summary>Reads a line. Never throws.</summary>
    public static QmpMessage Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return ParseValid(line);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new QmpMessage { Kind = QmpMessageKind.Invalid, Id = -1 };
        }
    }

    private static QmpMessage ParseValid(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = Deepest });
        var kind = QmpMessageKind.Invalid;
        ReadOnlySpan<byte> payload = default, data = default, name = default, description = default;
        var id = -1L;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return new QmpMessage { Kind = QmpMessageKind.Invalid, Id = -1 };

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("return"u8) || reader.ValueTextEquals("QMP"u8))
            {
                kind = reader.ValueTextEquals("QMP"u8) ? QmpMessageKind.Greeting : QmpMessageKind.Return;
                payload = Value(line, ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                kind = QmpMessageKind.Error;
                reader.Read();
                ReadError(ref reader, ref name, ref description);
            }
            else if (reader.ValueTextEquals("event"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                    {
                    kind = QmpMessageKind.Event;
                    name = reader.ValueSpan;
                }
                else
                {
                    reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("data"u8))
            {
                data = Value(line, ref reader);
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out id))
                {
                    id = -1;
                    reader.Skip();
                }
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // Anything behind the object is no message; the reader throws at it.
        reader.Read();
        return new QmpMessage { Kind = kind, Id = id, Name = name, Description = description, Payload = kind == QmpMessageKind.Event ? data : payload };
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> line, scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return line[start..(int)reader.BytesConsumed];
    }

    private static void ReadError(ref Utf8JsonReader reader, ref ReadOnlySpan<byte> name, ref ReadOnlySpan<byte> description)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isClass = reader.ValueTextEquals("class"u8);
            var isDescription = reader.ValueTextEquals("desc"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String && isClass)
                name = reader.ValueSpan;
            else if (reader.TokenType == JsonTokenType.String && isDescription)
                description = reader.ValueSpan;
            else
                reader.Skip();
        }
    }
}
