using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Memory, swap and hugepage pools of the host.</summary>
internal static class HostPaneMemory
{
    private const int LabelWidth = 9;

    /// <summary>Rows that it needs, frame included.</summary>
    public static int Height(HostModel host) => 2 + (host.Memory is null ? 1 : 5) + Math.Max(host.Hugepages.Count, 1);

    /// <summary>Draws it, frame included.</summary>
    public static void Draw(Pen pen, Rect area, HostModel host)
    {
        var inner = pen.Frame(area, "Memory", host.Memory?.Total is { } total ? Bytes(total) : "");
        var y = inner.Y;
        if (host.Memory is { } memory)
        {
            DrawMemory(pen, inner, memory, host.MemoryUsed);
            y += 5;
        }
        else
        {
            pen.Text(inner.X, y++, "/proc/meminfo could not be read", Role.Disabled, inner.Right);
        }

        if (host.Hugepages.Count == 0)
        {
            pen.Text(inner.X, y, "hugepages: this kernel has none (CONFIG_HUGETLBFS)", Role.Disabled, inner.Right);
        }

        foreach (var pool in host.Hugepages)
        {
            DrawPool(pen, new Rect(inner.X, y++, inner.Width, 1), pool);
        }
    }

    private static void DrawMemory(Pen pen, Rect inner, MemInfo memory, ulong? used)
    {
        var total = memory.Total ?? 0;
        var pools = Math.Min(memory.Hugetlb ?? 0, used ?? 0);
        var cache = Math.Min((memory.Buffers ?? 0) + (memory.Cached ?? 0) + (memory.Reclaimable ?? 0) - Math.Min(memory.Shmem ?? 0, memory.Cached ?? 0), memory.Available ?? 0);
        double Share(ulong part) => total == 0 ? double.NaN : (double)part / total;
        ReadOnlySpan<GaugeSegment> segments =
        [
            new(used is { } u ? Share(u - pools) : double.NaN, Role.BarMemory),
            new(Share(pools), Role.BarHuge),
            new(Share(cache), Role.BarCache),
        ];
        Bar(pen, inner.CutTop(1).Top, "memory", segments, used is { } part ? Share(part) : double.NaN, new(80, 95));

        // What does not fit goes to the next of the three lines: the legend of the bar comes first and is always there.
        var at = (X: inner.X + LabelWidth, Y: inner.Y + 1);
        at = Part(pen, at, inner, 0, "used", used - pools, Role.BarMemory);
        at = Part(pen, at, inner, 1, "huge", pools, Role.BarHuge);
        at = Part(pen, at, inner, 2, "cache", cache, Role.BarCache);
        at = Part(pen, at, inner, -1, "available", memory.Available, Role.Text);
        at = Part(pen, at, inner, -1, "shared", memory.Shmem, Role.Text);
        at = Part(pen, at, inner, -1, "THP", memory.AnonHuge, Role.Text);
        at = Part(pen, at, inner, -1, "dirty", memory.Dirty, Role.Text);
        at = Part(pen, at, inner, -1, "committed", memory.CommittedAs, Role.Text);
        _ = Part(pen, at, inner, -1, "of", memory.CommitLimit, Role.Text);

        var swap = new Rect(inner.X, inner.Y + 4, inner.Width, 1);
        if (memory.SwapTotal is > 0 and var swapTotal && memory.SwapFree is { } swapFree)
        {
            var swapped = swapTotal - Math.Min(swapFree, swapTotal);
            var (figure, bar) = swap.CutRight(inner.Width >= 40 ? 16 : 0);
            var fraction = (double)swapped / swapTotal;
            Bar(pen, bar, "swap", [new(fraction, Role.BarIoWait)], fraction, new(1, 25));
            pen.Buffer.WriteRight(figure.Right, figure.Y, $"{Bytes(swapped)} of {Bytes(swapTotal)}", swapped == 0 ? Role.Dim : Role.Text, figure.Width);
        }
        else
        {
            pen.Text(swap.X, swap.Y, "swap", Role.Label, swap.Right);
            pen.Text(swap.X + LabelWidth, swap.Y, memory.SwapTotal == 0 ? "none" : "-", Role.Dim, swap.Right);
        }
    }

    private static void DrawPool(Pen pen, Rect row, HugepagePool pool)
    {
        var label = $"huge {FigureFormat.ToText(Figure.Of(pool.SizeBytes), Unit.Bytes).Replace(".0", "", StringComparison.Ordinal)}";
        if (pool is not { Total: { } total, Free: { } free })
        {
            pen.Text(row.X, row.Y, label, Role.Label, row.Right);
            pen.Text(row.X + LabelWidth, row.Y, "- could not be read", Role.Disabled, row.Right);
            return;
        }

        if (total == 0)
        {
            pen.Text(row.X, row.Y, label, Role.Label, row.Right);
            pen.Text(row.X + LabelWidth, row.Y, "none", Role.Dim, row.Right);
            return;
        }

        var used = total - Math.Min(free, total);
        var reserved = pool.Reserved ?? 0;
        var (figure, bar) = row.CutRight(row.Width >= 40 ? 16 : 0);
        Bar(pen, bar, label, [new((double)used / total, Role.BarHuge), new((double)reserved / total, Role.BarCache)], (double)used / total, null);
        pen.Buffer.WriteRight(figure.Right, figure.Y, string.Create(CultureInfo.InvariantCulture, $"{used} of {total}"), used == 0 ? Role.Dim : Role.Text, figure.Width);
    }

    private static void Bar(Pen pen, Rect row, string label, ReadOnlySpan<GaugeSegment> segments, double fraction, Thresholds? thresholds)
    {
        var percent = fraction * 100;
        Gauge.Render(pen.Buffer, new Rect(row.X, row.Y, row.Width - 5, 1), label.PadRight(LabelWidth - 1), segments, "", pen.Unicode);
        pen.Buffer.WriteRight(row.Right, row.Y, Pen.Percent(percent), Pen.StyleOf(percent, thresholds), 4);
    }

    private static (int X, int Y) Part(Pen pen, (int X, int Y) at, Rect inner, int segment, string label, ulong? bytes, Role role)
    {
        // The same marks as the bar above, with and without colours.
        const string Fills = "|#=";
        var text = bytes is { } b ? Bytes(b) : "-";
        var (x, y) = at;
        if (x + (segment >= 0 ? 2 : 0) + label.Length + 1 + text.Length > inner.Right)
        {
            (x, y) = (inner.X + LabelWidth, y + 1);
        }

        if (y > inner.Y + 3)
        {
            return (x, y);
        }

        if (segment >= 0 && x < inner.Right)
        {
            pen.Buffer.Set(x, y, pen.Unicode ? '■' : Fills[segment], role);
            x += 2;
        }

        return (pen.Pair(x, y, label, text, bytes is null ? Role.Disabled : bytes == 0 ? Role.Dim : Role.Text, inner.Right) + 2, y);
    }

    private static string Bytes(ulong bytes) => FigureFormat.ToText(Figure.Of(bytes), Unit.Bytes);
}
