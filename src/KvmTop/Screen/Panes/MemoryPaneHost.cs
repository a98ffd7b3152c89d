using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>The upper part of the memory pane: hugepage pools, NUMA nodes, and what the kernel does with memory.</summary>
internal static class MemoryPaneHost
{
    private const int LabelWidth = 8;

    private static readonly Thresholds s_given = MemoryTopic.Metrics.First(m => m.Id == "vm_mem_configured_pct").Thresholds!;
    private static readonly Thresholds s_swapping = MemoryTopic.Metrics.First(m => m.Id == "swap_in_bytes_per_s").Thresholds!;
    private static readonly Thresholds s_pressure = new(10, 40);

    /// <summary>Draws it and returns its rows: in two frames where there is room, else as a few lines.</summary>
    public static int Draw(Pen pen, Rect area, Snapshot snapshot)
    {
        var most = area.Height / 2;
        if (area.Width < 100 || area.Height < 28)
        {
            var y = area.Y;
            var bottom = area.Y + most;
            DrawPools(pen, new Rect(area.X + 1, area.Y, area.Width - 2, most), snapshot, ref y, bottom, details: false);
            DrawHost(pen, new Rect(area.X + 1, area.Y, area.Width - 2, most), snapshot, ref y, bottom, details: false);
            return Math.Min(y, bottom) - area.Y;
        }

        var (left, right) = area.CutTop(most).Top.CutLeft(area.Width / 2);
        var rows = Math.Min(most, 2 + Math.Max(
            Rows((ref int y) => DrawPools(default, new Rect(0, 0, left.Width - 4, most), snapshot, ref y, 0, details: true)),
            Rows((ref int y) => DrawHost(default, new Rect(0, 0, right.Width - 4, most), snapshot, ref y, 0, details: true))));
        var pools = pen.Frame(new Rect(left.X, left.Y, left.Width, rows), "Hugepages and nodes");
        var host = pen.Frame(new Rect(right.X, right.Y, right.Width, rows), "Memory management");
        var (poolsY, hostY) = (pools.Y, host.Y);
        DrawPools(pen, pools, snapshot, ref poolsY, pools.Bottom, details: true);
        DrawHost(pen, host, snapshot, ref hostY, host.Bottom, details: true);
        return rows;
    }

    private delegate void Drawing(ref int y);

    private static int Rows(Drawing draw)
    {
        // With the bottom at the top nothing is drawn, and the rows are counted all the same.
        var y = 0;
        draw(ref y);
        return y;
    }

    private static void DrawPools(Pen pen, Rect area, Snapshot snapshot, ref int y, int bottom, bool details)
    {
        var reading = snapshot.Get(HugepagesTopic.Instance);
        if (reading.Value is not { } pools)
        {
            Line(pen, area, ref y, bottom, "huge", reading.Reason ?? "hugepages: not read yet", Role.Disabled);
        }
        else
        {
            var shown = 0;
            foreach (var pool in pools.Pools)
            {
                // In few rows the sizes of which there are none make way.
                if (details || pool is not { Total: 0, Overcommit: 0 or null })
                {
                    DrawPool(pen, area, pool, ref y, bottom, details);
                    shown++;
                }
            }

            if (shown == 0)
            {
                Line(pen, area, ref y, bottom, "huge", $"no pages of {string.Join(", ", pools.Pools.Select(p => HugepagesTopic.SizeName(p.SizeBytes)))}", Role.Dim);
            }
        }

        foreach (var node in snapshot.Get(MemoryTopic.Instance).Value?.Nodes ?? [])
        {
            DrawNode(pen, area, node, reading.Value, ref y, bottom);
        }
    }

    private static void DrawPool(Pen pen, Rect area, HugepagePool pool, ref int y, int bottom, bool details)
    {
        var label = HugepagesTopic.SizeName(pool.SizeBytes);
        if (pool is not { Total: { } total, Free: { } free })
        {
            Line(pen, area, ref y, bottom, label, "could not be read", Role.Disabled);
            return;
        }

        var used = total - Math.Min(free, total);
        var reserved = Math.Min(pool.Reserved ?? 0, free);
        if (total == 0)
        {
            Line(pen, area, ref y, bottom, label, pool.Overcommit is > 0 ? $"no pages, {Count(pool.Overcommit)} on demand" : "no pages", Role.Dim);
            return;
        }

        var rest = $"free {Count(pool.Free)}  reserved {Count(pool.Reserved)}  surplus {Count(pool.Surplus)}  overcommit {Count(pool.Overcommit)}";
        var text = $"{Count(used)} of {Count(total)} used, {Bytes(total * pool.SizeBytes)}";
        var same = !details && area.Width >= 110;
        if (y < bottom)
        {
            ReadOnlySpan<GaugeSegment> segments = [new((double)used / total, Role.BarHuge), new((double)reserved / total, Role.BarCache)];
            Gauge.Render(pen.Buffer, new Rect(area.X, y, area.Width, 1), label.PadRight(LabelWidth - 1), segments, same ? $"{text}  {rest}" : text, pen.Unicode);
        }

        y++;
        if (!same && (details || pool is not { Reserved: 0 or null, Surplus: 0 or null }))
        {
            Line(pen, area, ref y, bottom, "", rest, Role.Dim);
        }
    }

    private static void DrawNode(Pen pen, Rect area, NodeSample node, HugepagesModel? pools, ref int y, int bottom)
    {
        if (y < bottom && node.Memory is { Total: > 0 and { } total, Free: { } free })
        {
            var used = total - Math.Min(free, total);
            var text = $"{Bytes(used)} of {Bytes(total)}";
            foreach (var pool in pools?.Pools ?? [])
            {
                if (pool.Total is > 0 && pools!.Of(node.Node, pool.SizeBytes) is { Total: { } all, Free: { } unused })
                {
                    text += $"  {HugepagesTopic.SizeName(pool.SizeBytes)} {Count(all - Math.Min(unused, all))}/{Count(all)}";
                }
            }

            if (area.Width >= 70 && node.Memory.Misses is { } misses)
            {
                text += $"  misses {FigureFormat.ToText(Figure.Of(misses), Unit.Count, 5)}";
            }

            // A pool that nobody uses is not free memory either: what of the bar is the pools' is marked as such.
            ulong pooled = 0;
            foreach (var pool in pools?.Pools ?? [])
            {
                pooled += (pools!.Of(node.Node, pool.SizeBytes)?.Total ?? 0) * pool.SizeBytes;
            }

            pooled = Math.Min(pooled, used);
            ReadOnlySpan<GaugeSegment> segments = [new((double)(used - pooled) / total, Role.BarMemory), new((double)pooled / total, Role.BarHuge)];
            Gauge.Render(pen.Buffer, new Rect(area.X, y, area.Width, 1), string.Create(CultureInfo.InvariantCulture, $"node {node.Node}").PadRight(LabelWidth - 1), segments, text, pen.Unicode);
        }

        y++;
    }

    private static void DrawHost(Pen pen, Rect area, Snapshot snapshot, ref int y, int bottom, bool details)
    {
        var reading = snapshot.Get(MemoryTopic.Instance);
        var host = snapshot.Get(HostTopic.Instance).Value;
        DrawGiven(pen, area, snapshot, host, ref y, bottom);
        if (reading.Value is not { } memory)
        {
            Line(pen, area, ref y, bottom, "THP", reading.Reason ?? "not read yet", Role.Disabled);
            return;
        }

        var (thp, ksm, settings) = (memory.Facts.Thp, memory.Facts.Ksm, memory.Facts.Settings);
        var flow = new Flow(pen, area, y, bottom, details);
        flow.Begin("THP");
        if (thp is null)
        {
            flow.Word("this kernel has none", Role.Disabled);
        }
        else
        {
            flow.Word(thp.Enabled ?? "-", Role.Strong);
            flow.Pair("defrag", thp.Defrag);
            flow.Pair("shmem", thp.Shmem);
            flow.Rate("faulted", memory.Thp.Faulted);
            flow.Rate("fell back", memory.Thp.FellBack);
            flow.Rate("split", memory.Thp.Split);
            if (details)
            {
                flow.Begin("");
            }

            flow.Rate("khugepaged made", memory.Thp.Collapsed);
            flow.Pair("scans", $"{Number(thp.PagesToScan)} pages each {Seconds(thp.ScanSleepMilliseconds)}");
            flow.Pair("defrag", thp.KhugepagedDefrag switch { null => null, 0 => "no", _ => "yes" });
        }

        flow.Begin("KSM");
        if (ksm is not { } merging)
        {
            flow.Word("this kernel has none", Role.Disabled);
        }
        else
        {
            flow.Word(MemoryTopic.KsmName(ksm), Role.Strong);
            flow.Pair("profit", merging.Profit is { } profit ? Signed(profit) : null, merging.Profit < 0 ? Role.Warn : Role.Text);
            flow.Pair("merged", merging.Bytes(merging.Sharing + (merging.Shared ?? 0)) is { } merged ? Bytes(merged) : null);
            flow.Pair("into", merging.Bytes(merging.Shared) is { } into ? Bytes(into) : null);
            flow.Pair("scans", Count(merging.FullScans));
            flow.Pair("across nodes", merging.MergeAcrossNodes switch { null => null, 0 => "no", _ => "yes" });
        }

        flow.Begin("swap");
        flow.BytesRate("in", memory.SwapInBytesPerSecond, s_swapping);
        flow.BytesRate("out", memory.SwapOutBytesPerSecond, s_swapping);
        flow.Rate("major faults", memory.MajorFaultsPerSecond);
        flow.BeginDetail("PSI");
        DrawPressure(ref flow, host?.MemoryPressure, host?.PressureReason);
        if (details)
        {
            flow.Begin("kernel");
            flow.Pair("overcommit", settings.OvercommitMode switch { null => null, 0 => "heuristic", 1 => "always", _ => $"never beyond {Number(settings.OvercommitRatio)}%" });
            flow.Pair("swappiness", Number(settings.Swappiness));
            flow.Pair("zone reclaim", Number(settings.ZoneReclaim));
            flow.Pair("NUMA balancing", settings.NumaBalancing switch { null => null, 0 => "off", _ => "on" });
            flow.Rate("migrated", memory.MigratedPerSecond);
        }

        y = flow.End();
    }

    private static void DrawGiven(Pen pen, Rect area, Snapshot snapshot, HostModel? host, ref int y, int bottom)
    {
        var percent = MemoryTopic.ConfiguredPct(snapshot);
        if (double.IsNaN(percent) || host?.Memory?.Total is not { } total)
        {
            Line(pen, area, ref y, bottom, "VMs", "not known", Role.Disabled);
            return;
        }

        if (y < bottom)
        {
            Gauge.Render(
                pen.Buffer, new Rect(area.X, y, area.Width - 5, 1), "VMs".PadRight(LabelWidth - 1), [new(percent / 100, Role.BarMemory)], $"{Bytes((ulong)(percent / 100 * total))} given of {Bytes(total)}", pen.Unicode);
            pen.Buffer.WriteRight(area.Right, y, Pen.Percent(percent), Pen.StyleOf(percent, s_given), 5);
        }

        y++;
    }

    private static void DrawPressure(ref Flow flow, Pressure? pressure, string? reason)
    {
        if (pressure is not { } psi)
        {
            flow.Word(reason ?? "-", Role.Disabled);
            return;
        }

        flow.Pressure("some", psi.Some, s_pressure);
        flow.Pressure("full", psi.Full, s_pressure);
    }

    private static void Line(Pen pen, Rect area, ref int y, int bottom, string label, string text, Role role)
    {
        if (y < bottom)
        {
            pen.Text(area.X, y, label, Role.Label, area.Right);
            pen.Text(area.X + LabelWidth, y, text, role, area.Right);
        }

        y++;
    }

    private static string Count(ulong? count) => count is { } n ? n.ToString(CultureInfo.InvariantCulture) : "-";

    private static string Number(long? number) => number is { } n ? n.ToString(CultureInfo.InvariantCulture) : "-";

    private static string Seconds(long? milliseconds) => milliseconds is { } ms ? FigureFormat.ToText(Figure.Of(ms / 1000.0), Unit.Seconds) : "-";

    private static string Bytes(ulong bytes) => FigureFormat.ToText(Figure.Of(bytes), Unit.Bytes);

    private static string Signed(long bytes) => FigureFormat.ToText(Figure.Of(bytes), Unit.Bytes);

    /// <summary>Words behind a label, on as many lines as they need, or on one when there are few rows.</summary>
    private ref struct Flow(Pen pen, Rect area, int y, int bottom, bool details)
    {
        private int _x;
        private int _y = y - 1;

        public void Begin(string label)
        {
            _y++;
            _x = area.X + LabelWidth;
            if (_y < bottom)
            {
                pen.Text(area.X, _y, label, Role.Label, area.Right);
            }
        }

        /// <summary>A line of its own where there is room, else the same line goes on under the other name.</summary>
        public void BeginDetail(string label)
        {
            if (details)
            {
                Begin(label);
            }
            else
            {
                Word(label, Role.Label);
            }
        }

        public void Word(string text, Style style) => Put("", text, style);

        public void Pair(string label, string? value, Style? style = null) => Put(label, value ?? "-", value is null or "-" ? Role.Disabled : style ?? Role.Text);

        public void Rate(string label, double value) => Put(label, FigureFormat.ToText(Figure.Of(value), Unit.PerSecond) + "/s", Pen.StyleOf(value));

        public void BytesRate(string label, double value, Thresholds thresholds) =>
            Put(label, FigureFormat.ToText(Figure.Of(value), Unit.BytesPerSecond) + "/s", Pen.StyleOf(value, thresholds));

        public void Pressure(string label, PressureLine? line, Thresholds thresholds) => Put(
            label,
            line is { } l ? string.Create(CultureInfo.InvariantCulture, $"{l.Avg10:0.0} {l.Avg60:0.0} {l.Avg300:0.0}") : "-",
            line is { } p ? Pen.StyleOf(p.Avg10, thresholds) : Role.Disabled);

        public readonly int End() => _y + 1;

        private void Put(string label, string value, Style style)
        {
            var width = label.Length + (label.Length > 0 ? 1 : 0) + CellWidth.Of(value);
            if (_x + width > area.Right && _x > area.X + LabelWidth)
            {
                if (!details)
                {
                    return;
                }

                _y++;
                _x = area.X + LabelWidth;
            }

            if (_y < bottom)
            {
                if (label.Length > 0)
                {
                    pen.Pair(_x, _y, label, value, style, area.Right);
                }
                else
                {
                    pen.Text(_x, _y, value, style, area.Right);
                }
            }

            _x += width + 2;
        }
    }
}
