using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Where a CPU stands in a line.</summary>
/// <param name="Cpu">Its number.</param>
/// <param name="Node">Its NUMA node.</param>
/// <param name="Column">Its first column.</param>
public sealed record CpuColumn(int Cpu, int Node, int Column);

/// <summary>
/// The physical CPUs side by side, those of a NUMA node together, as headings and columns of text. Where they do not all fit into a line there are several bands, to be
/// drawn one below the other.
/// </summary>
/// <param name="CellWidth">Columns for each CPU: 3, 2 or 1.</param>
/// <param name="Cpus">The CPUs from left to right.</param>
/// <param name="Width">Columns that they take together.</param>
public sealed record CpuColumns(int CellWidth, IReadOnlyList<CpuColumn> Cpus, int Width)
{
    private const int WidestCell = 3;
    private const int Gap = 2;

    /// <summary>Arranges the CPUs of a host: in the widest cells that fit.</summary>
    /// <param name="topology">The CPUs and nodes.</param>
    /// <param name="width">Columns that there are.</param>
    /// <param name="byCore">Threads of one core stand side by side; else CPUs stand in the order of their numbers.</param>
    public static IReadOnlyList<CpuColumns> Fit(CpuTopology topology, int width, bool byCore = false)
    {
        var groups = topology.Cpus
            .GroupBy(c => c.Node)
            .OrderBy(g => g.Key)
            .Select(g => (byCore ? g.OrderBy(c => c.Package).ThenBy(c => c.Die).ThenBy(c => c.Core).ThenBy(c => c.Cpu) : g.OrderBy(c => c.Cpu)).ToList())
            .ToList();
        var cell = WidestCell;
        while (cell > 1 && (topology.Cpus.Count * cell) + ((groups.Count - 1) * Gap) > width)
        {
            cell--;
        }

        var bands = new List<CpuColumns>();
        var band = new List<CpuColumn>();
        var at = 0;
        foreach (var group in groups)
        {
            // A node that fits into a line is not broken over two.
            if (at > 0 && at + Gap + (group.Count * cell) > width)
            {
                Close();
            }

            at += at > 0 ? Gap : 0;
            var part = PartOf(group.Count, Math.Max(width / cell, 1));
            for (var i = 0; i < group.Count; i++)
            {
                if (i > 0 && i % part == 0)
                {
                    Close();
                }

                band.Add(new CpuColumn(group[i].Cpu, group[i].Node, at));
                at += cell;
            }
        }

        if (band.Count > 0)
        {
            Close();
        }

        return bands;

        void Close()
        {
            bands.Add(new CpuColumns(cell, band, at));
            (band, at) = ([], 0);
        }
    }

    /// <summary>The names of the nodes above their CPUs; shorter ones where there is no room for "node 0".</summary>
    public string NodeHeading()
    {
        var line = new char[Width];
        line.AsSpan().Fill(' ');
        for (var i = 0; i < Cpus.Count; i++)
        {
            if (i > 0 && Cpus[i].Node == Cpus[i - 1].Node)
            {
                continue;
            }

            var last = i;
            while (last + 1 < Cpus.Count && Cpus[last + 1].Node == Cpus[i].Node)
            {
                last++;
            }

            var room = Cpus[last].Column + CellWidth - Cpus[i].Column + (last + 1 < Cpus.Count ? Gap - 1 : 0);
            var name = string.Create(CultureInfo.InvariantCulture, $"node {Cpus[i].Node}");
            name = name.Length <= room ? name : string.Create(CultureInfo.InvariantCulture, $"n{Cpus[i].Node}");
            name.AsSpan(0, Math.Min(name.Length, Math.Min(room, Width - Cpus[i].Column))).CopyTo(line.AsSpan(Cpus[i].Column));
        }

        return new string(line).TrimEnd();
    }

    /// <summary>The numbers of the CPUs: in one line where the cells are wide enough, else downwards, a digit in each line.</summary>
    public IReadOnlyList<string> NumberHeading()
    {
        var digits = Cpus.Count == 0 ? 1 : Digits(Cpus.Max(c => c.Cpu));
        if (digits < CellWidth || (digits == 1 && CellWidth == 1))
        {
            var line = new char[Width];
            line.AsSpan().Fill(' ');
            foreach (var (cpu, _, column) in Cpus)
            {
                cpu.ToString(CultureInfo.InvariantCulture).PadLeft(Math.Max(CellWidth - 1, 1)).CopyTo(line.AsSpan(column));
            }

            return [new string(line).TrimEnd()];
        }

        var lines = new string[digits];
        for (var i = 0; i < digits; i++)
        {
            var line = new char[Width];
            line.AsSpan().Fill(' ');
            foreach (var cpu in Cpus)
            {
                line[MarkColumn(cpu)] = cpu.Cpu.ToString(CultureInfo.InvariantCulture).PadLeft(digits)[i];
            }

            lines[i] = new string(line).TrimEnd();
        }

        return lines;
    }

    /// <summary>The column in which a mark of a CPU stands.</summary>
    public int MarkColumn(CpuColumn cpu) => cpu.Column + Math.Max(CellWidth - 2, 0);

    /// <summary>How many CPUs of a node stand in a line when not all fit: about as many in each, and eights where that works out.</summary>
    private static int PartOf(int cpus, int most)
    {
        var lines = Math.Max((cpus + most - 1) / most, 1);
        var even = (cpus + lines - 1) / lines;
        var eights = (even + 7) / 8 * 8;
        return eights <= most ? eights : Math.Max(even, 1);
    }

    private static int Digits(int number) => number < 10 ? 1 : number < 100 ? 2 : number < 1000 ? 3 : number < 10_000 ? 4 : 5;
}
