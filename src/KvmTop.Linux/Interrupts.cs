using System.Text;

namespace KvmTop.Linux;

/// <summary>One source of interrupts and how often it struck since boot. Kept and overwritten from tick to tick.</summary>
public sealed class InterruptLine
{
    internal InterruptLine()
    {
    }

    /// <summary>The number or name before the colon: "24", "LOC", "NET_RX".</summary>
    public string Label { get; internal set; } = "";

    /// <summary>What follows the counts ("PCI-MSIX-0000:01:00.0 0-edge nvme0q0"), blanks squeezed; empty for softirqs.</summary>
    public string Description { get; internal set; } = "";

    /// <summary>The sum over all CPUs.</summary>
    public ulong Total { get; internal set; }

    /// <summary>One count for each column of the header. Lines that count once for the whole machine (ERR, MIS) have a single one.</summary>
    public ulong[] PerCpu { get; internal set; } = [];

    // The bytes from which Description was made, so that it is made again only when they change.
    internal byte[] RawLabel { get; set; } = [];

    internal byte[] RawDescription { get; set; } = [];
}

/// <summary><c>/proc/interrupts</c> and <c>/proc/softirqs</c> (proc_interrupts(5)): a header of CPUs, then one line for each source.</summary>
public static class Interrupts
{
    private const int MostCpus = 65536;
    private const int MostLines = 65536;
    private const int LongestText = 256;

    /// <summary>
    /// Reads the table into two lists that the caller keeps: <paramref name="cpus"/> gets the CPU number of each column, and the objects and
    /// arrays in <paramref name="lines"/> are used again, so that an unchanged table allocates nothing. False when there is no header.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, List<int> cpus, List<InterruptLine> lines)
    {
        cpus.Clear();
        var reader = new ByteLines(text);
        if (reader.TryNext(out var header))
        {
            var columns = new ByteFields(header);
            while (cpus.Count < MostCpus && columns.TryNext(out var column))
            {
                if (!column.StartsWith("CPU"u8) || !ByteFields.Parse(column[3..], out int cpu) || cpu < 0)
                {
                    cpus.Clear();
                    break;
                }

                cpus.Add(cpu);
            }
        }

        if (cpus.Count == 0)
        {
            lines.Clear();
            return false;
        }

        var used = 0;
        while (used < MostLines && reader.TryNext(out var line))
        {
            var colon = line.IndexOf((byte)':');
            if (colon <= 0)
                continue;

            if (used == lines.Count)
                lines.Add(new InterruptLine());
            Fill(lines[used], line[..colon].Trim((byte)' '), line[(colon + 1)..], cpus.Count);
            used++;
        }

        lines.RemoveRange(used, lines.Count - used);
        return true;
    }

    private static void Fill(InterruptLine into, ReadOnlySpan<byte> label, ReadOnlySpan<byte> rest, int columns)
    {
        var count = 0;
        var counts = new ByteFields(rest);
        while (count < columns && counts.TryUInt64(out _))
            count++;

        if (into.PerCpu.Length != count)
            into.PerCpu = new ulong[count];

        var values = new ByteFields(rest);
        ulong total = 0;
        for (var i = 0; i < count; i++)
        {
            _ = values.TryUInt64(out var n);
            into.PerCpu[i] = n;
            total = unchecked(total + n);
        }

        into.Total = total;
        label = label[..Math.Min(label.Length, LongestText)];
        if (!label.SequenceEqual(into.RawLabel))
        {
            into.RawLabel = label.ToArray();
            into.Label = KernelText.Clean(label, LongestText);
        }

        var description = values.Rest;
        description = description[..Math.Min(description.Length, LongestText)];
        if (!description.SequenceEqual(into.RawDescription))
        {
            into.RawDescription = description.ToArray();
            into.Description = Squeeze(KernelText.Clean(description, LongestText));
        }
    }

    private static string Squeeze(string text)
    {
        var squeezed = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c != ' ' || (squeezed.Length > 0 && squeezed[^1] != ' '))
                squeezed.Append(c);
        }

        return squeezed.ToString().TrimEnd();
    }
}
