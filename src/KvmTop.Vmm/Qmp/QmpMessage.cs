using System.Buffers.Text;

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

/// <summary>
/// One line of a QMP monitor (docs/interop/qmp-spec of QEMU). It points into the line that it was read from. All texts are raw JSON, and all of it was looked at: whoever reads
/// the payload meets no JSON that throws.
/// </summary>
public readonly ref struct QmpMessage
{
    // QEMU nests a dozen levels at most (a chain of images).
    private const int Deepest = JsonScan.Deepest;

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

    /// <summary>Reads a line. Never throws, nor has anything thrown: what a peer sends must not cost an exception.</summary>
    public static QmpMessage Parse(ReadOnlySpan<byte> line)
    {
        var kind = QmpMessageKind.Invalid;
        ReadOnlySpan<byte> payload = default, data = default, called = default, description = default;
        var id = -1L;
        var members = new JsonMembers(line, 0, Deepest);
        while (members.TryNext(out var name, out var value))
        {
            if (name.SequenceEqual("return"u8) || name.SequenceEqual("QMP"u8))
            {
                kind = name.Length == 3 ? QmpMessageKind.Greeting : QmpMessageKind.Return;
                payload = value;
            }
            else if (name.SequenceEqual("error"u8))
            {
                kind = QmpMessageKind.Error;
                ReadError(value, ref called, ref description);
            }
            else if (name.SequenceEqual("event"u8) && value[0] == (byte)'"')
            {
                kind = QmpMessageKind.Event;
                called = value[1..^1];
            }
            else if (name.SequenceEqual("data"u8))
            {
                data = value;
            }
            else if (name.SequenceEqual("id"u8))
            {
                id = Utf8Parser.TryParse(value, out long number, out var length) && length == value.Length ? number : -1;
            }
        }

        return !members.IsWhole || !line[members.End..].TrimStart(" \t\r\n"u8).IsEmpty
            ? new QmpMessage { Kind = QmpMessageKind.Invalid, Id = -1 }
            : new QmpMessage { Kind = kind, Id = id, Name = called, Description = description, Payload = kind == QmpMessageKind.Event ? data : payload };
    }

    private static void ReadError(ReadOnlySpan<byte> error, ref ReadOnlySpan<byte> called, ref ReadOnlySpan<byte> description)
    {
        var members = new JsonMembers(error, 0, Deepest);
        while (members.TryNext(out var name, out var value))
        {
            if (value[0] != (byte)'"')
                continue;
            if (name.SequenceEqual("class"u8))
                called = value[1..^1];
            else if (name.SequenceEqual("desc"u8))
                description = value[1..^1];
        }
    }
}
