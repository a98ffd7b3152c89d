using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>What a VM is and what it costs now: labels and figures in a frame, as a grid where there is room, else one after the other.</summary>
internal static class VmViewFacts
{
    private const int CellWidth = 37;
    private const int LabelWidth = 10;

    private static readonly Metric<VmRow>[] s_figures =
    [
        .. new[]
            {
                "cpu_pct", "vcpu_pct", "emulator_pct", "guest_pct", "user_pct", "system_pct", "throttled_pct", "exits_per_s", "halt_poll_pct",
                "rss_bytes", "hugepages_pct", "swap_bytes", "numa_local_pct",
            }
            .Select(id => Catalog.VmMetrics.First(m => m.Id == id)),
    ];

    private static readonly Dictionary<string, string> s_labels = new()
    {
        ["cpu_pct"] = "CPU", ["vcpu_pct"] = "vCPUs", ["emulator_pct"] = "emul", ["guest_pct"] = "guest", ["user_pct"] = "user", ["system_pct"] = "system",
        ["throttled_pct"] = "throttled", ["exits_per_s"] = "exits/s", ["halt_poll_pct"] = "polling", ["rss_bytes"] = "RSS", ["hugepages_pct"] = "huge",
        ["swap_bytes"] = "swap", ["numa_local_pct"] = "local",
    };

    /// <summary>Draws the frame and what is in it; returns its rows.</summary>
    public static int Draw(Pen pen, Rect page, int y, VmRow row)
    {
        var info = row.Vm.Info;
        var words = Words(row);
        var width = page.Width - 4;
        var grid = page.Height >= 30;
        var columns = grid ? Math.Max(width / CellWidth, 1) : 0;
        var rows = (grid ? Grid(default, default, words, columns, width, false) : Flow(default, new Rect(0, 0, width, 0), words, false)) + Figures(default, new Rect(0, 0, width, 0), row, false);
        var state = row.Vm.State == VmState.Unknown ? "state unknown" : row.Vm.State.ToString().ToLowerInvariant();
        var area = new Rect(page.X, y, page.Width, rows + 2);
        var inner = pen.Frame(area, info.Name, string.Create(CultureInfo.InvariantCulture, $"pid {info.Pid}{pen.Dot}{state}"));
        var used = grid ? Grid(pen, inner, words, columns, width, true) : Flow(pen, inner, words, true);
        Figures(pen, new Rect(inner.X, inner.Y + used, inner.Width, inner.Height), row, true);
        return area.Height;
    }

    /// <summary>Why figures are missing, one line each.</summary>
    public static IEnumerable<string> Missing(VmRow row)
    {
        foreach (var metric in s_figures)
        {
            if (metric.Get(row).MissingReason is { } reason)
            {
                yield return $"{s_labels[metric.Id]}: {reason}";
            }
        }

        if (row.Vm.IoReason is { } io)
        {
            yield return $"read and write: {io}";
        }
    }

    private static List<Word> Words(VmRow row)
    {
        var info = row.Vm.Info;
        var d = info.Description;
        string? Clean(string? text) => text is null ? null : HostileText.Clean(text, 128);
        string? Bytes(ulong? bytes) => bytes is { } b ? FigureFormat.ToText(Figure.Of(b), Unit.Bytes) : null;
        var vcpus = info.VcpuCount is { } n ? string.Create(CultureInfo.InvariantCulture, $"{n}{(d.MaxVcpus > n ? $" of {d.MaxVcpus}" : "")}, told by {Clean(info.VcpuSource)}") : Clean(info.VcpuSource);
        var memory = Bytes(d.MemoryBytes) is { } m ? m + (d.MaxMemoryBytes > d.MemoryBytes ? $" of {Bytes(d.MaxMemoryBytes)}" : "") + (VmMemoryMetrics.Backing(d) is var backing and not VmMemoryMetrics.Anonymous ? ", " + backing : "") : null;
        var words = new List<Word>
        {
            new("VMM", VmsMetrics.Name(info.Vmm) + (d.LibvirtOwned ? " under libvirt" : "")),
            new("accel", info.Accelerator),
            new("user", Clean(info.User)),
            new("machine", Clean(d.Machine)),
            new("cpu model", Clean(d.CpuModel)),
            new("memory", memory),
            new("vCPUs", vcpus),
            new("uuid", Clean(d.Uuid)),
            new("cgroup", info.Cgroup is { } group ? VmFindings.CgroupName(group) : null),
        };
        if (LibvirtTopic.Of(row)?.Title is { } title)
        {
            words.Insert(0, new("title", Clean(title)));
        }

        words.AddRange(info.Quotas.Take(3).Select(q => new Word("quota in", VmFindings.CgroupName(q))));
        return words;
    }

    // Words that need more than a cell take a whole line below the others.
    private static int Grid(Pen pen, Rect inner, List<Word> words, int columns, int width, bool draws)
    {
        var cell = width / columns;
        var shorts = words.Where(w => LabelWidth + Tui.CellWidth.Of(w.Value ?? "-") < cell).ToList();
        var rows = (shorts.Count + columns - 1) / columns;
        for (var i = 0; i < shorts.Count && draws; i++)
        {
            Write(pen, new Rect(inner.X + (i % columns * cell), inner.Y + (i / columns), Math.Min(cell, inner.Right - inner.X - (i % columns * cell)), 1), shorts[i]);
        }

        foreach (var word in words.Except(shorts))
        {
            if (draws)
            {
                Write(pen, new Rect(inner.X, inner.Y + rows, inner.Width, 1), word);
            }

            rows++;
        }

        return rows;
    }

    private static void Write(Pen pen, Rect cell, Word word)
    {
        pen.Text(cell.X, cell.Y, word.Label, Role.Label, cell.Right);
        pen.Text(cell.X + LabelWidth, cell.Y, word.Value ?? "-", word.Value is null ? Role.Disabled : Role.Text, cell.Right);
    }

    private static int Flow(Pen pen, Rect inner, List<Word> words, bool draws)
    {
        var (x, y) = (0, 0);
        foreach (var (label, value) in words)
        {
            // In few rows only what is there and matters.
            if (value is null || label is "cgroup" or "uuid")
            {
                continue;
            }

            var width = label.Length + 1 + Tui.CellWidth.Of(value);
            (x, y) = x > 0 && x + width > inner.Width ? (0, y + 1) : (x, y);
            if (draws)
            {
                pen.Pair(inner.X + x, inner.Y + y, label, value, Role.Text, inner.Right);
            }

            x += width + 2;
        }

        return y + 1;
    }

    private static int Figures(Pen pen, Rect inner, VmRow row, bool draws)
    {
        var (x, y) = (0, 0);
        foreach (var metric in s_figures)
        {
            var figure = metric.Get(row);
            var value = FigureFormat.ToText(figure, metric.Unit) + (metric.Unit == Unit.Percent && !figure.IsMissing ? "%" : "");
            var label = s_labels[metric.Id];
            var width = label.Length + 1 + Math.Max(value.Length, 5);
            (x, y) = x > 0 && x + width > inner.Width ? (0, y + 1) : (x, y);
            if (draws)
            {
                pen.Pair(inner.X + x, inner.Y + y, label, value, Pen.StyleOf(figure.Number, metric.Thresholds), inner.Right);
            }

            x += width + 2;
        }

        return y + 1;
    }

    private sealed record Word(string Label, string? Value);
}
