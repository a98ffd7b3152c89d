namespace KvmTop.Linux;

/// <summary>One line of a pressure file: the share of time in percent over 10, 60 and 300 seconds, and the stalled time since boot.</summary>
public readonly record struct PressureLine(double Avg10, double Avg60, double Avg300, ulong TotalMicroseconds);

/// <summary>
/// Pressure stall information as in <c>/proc/pressure/{cpu,memory,io,irq}</c> and a cgroup's *.pressure (Documentation/accounting/psi.rst).
/// Missing without CONFIG_PSI; EOPNOTSUPP when it is switched off at boot (psi=0).
/// </summary>
/// <param name="Some">At least one task stalled. The irq file has no such line.</param>
/// <param name="Full">All tasks stalled at once. The cpu file of kernels before 5.13 has no such line.</param>
public readonly record struct Pressure(PressureLine? Some, PressureLine? Full)
{
    /// <summary>Reads the text of a pressure file. Allocates nothing. False when it holds neither line.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Pressure value)
    {
        value = default;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            if (line.StartsWith("some "u8))
                value = value with { Some = Line(line["some ".Length..]) };
            else if (line.StartsWith("full "u8))
                value = value with { Full = Line(line["full ".Length..]) };
        }

        return value.Some is not null || value.Full is not null;
    }

    private static PressureLine? Line(ReadOnlySpan<byte> text)
    {
        var fields = new ByteFields(text);
        return fields.TryNext(out var a) && a.StartsWith("avg10="u8) && ByteFields.Parse(a["avg10=".Length..], out double avg10)
            && fields.TryNext(out var b) && b.StartsWith("avg60="u8) && ByteFields.Parse(b["avg60=".Length..], out double avg60)
            && fields.TryNext(out var c) && c.StartsWith("avg300="u8) && ByteFields.Parse(c["avg300=".Length..], out double avg300)
            && fields.TryNext(out var d) && d.StartsWith("total="u8) && ByteFields.Parse(d["total=".Length..], out ulong total)
                ? new PressureLine(avg10, avg60, avg300, total)
                : null;
    }
}
