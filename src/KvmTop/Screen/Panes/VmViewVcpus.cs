using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>The vCPUs of a VM as a table with a bar of how each spent its time.</summary>
internal static class VmViewVcpus
{
    private const int MinBar = 6;
    private const int MaxBar = 24;

    // In the order of the columns; the number says which go first where there is little room.
    private static readonly Column[] s_columns =
    [
        Of("index", 4, 0), Of("cpu_pct", 5, 0), Of("ready_pct", 5, 0), Of("guest_pct", 5, 2), Of("user_pct", 5, 2), Of("system_pct", 5, 2), Of("halt_poll_pct", 5, 3), Of("exits_per_s", 7, 2),
        Of("pcpu", 4, 1), Of("node", 4, 1), Of("affinity", 10, 1), Of("voluntary_switches_per_s", 6, 3), Of("involuntary_switches_per_s", 6, 3),
    ];

    /// <summary>The figures of the table, for the help.</summary>
    public static IEnumerable<Metric<VcpuRow>> Metrics => s_columns.Select(c => c.Metric);

    /// <summary>Draws the frame and the table; returns its rows.</summary>
    public static int Draw(Pen pen, Rect page, int y, VmRow row)
    {
        var count = row.Vm.Info.VcpuThreads;
        var area = new Rect(page.X, y, page.Width, Math.Max(count, 1) + 4);
        var inner = pen.Frame(area, "vCPUs", count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{count}, by {row.Vm.Info.VcpuSource}"));
        if (count == 0)
        {
            pen.Text(inner.X, inner.Y, $"The vCPU threads could not be told apart: {row.Vm.Info.VcpuSource}", Role.Disabled, inner.Right);
            return area.Height;
        }

        var columns = Fitting(inner.Width);
        var bar = Math.Clamp(inner.Width - columns.Sum(c => c.Width + 1), 0, MaxBar);
        Heading(pen, inner, columns, bar);
        var at = inner.Y + 1;
        foreach (var vcpu in VcpuRow.Of(row))
        {
            // A VM can have hundreds: those above and below the window are not drawn.
            if (at >= 0 && at < pen.Buffer.Height)
            {
                Row(pen, inner, at, columns, bar, vcpu);
            }

            at++;
        }

        Legend(pen, inner, at, bar);
        return area.Height;
    }

    /// <summary>Why figures are missing, one line each; those of the first vCPU stand for all.</summary>
    public static IEnumerable<string> Missing(VmRow row)
    {
        if (row.Vm.Info.VcpuThreads == 0)
        {
            return [];
        }

        var first = new VcpuRow(row.Snapshot, row.Vm, 0);
        return Metrics.Where(m => m.Get(first).MissingReason is not null).GroupBy(m => m.Get(first).MissingReason).Select(g => $"{string.Join(", ", g.Select(m => m.Title))}: {g.Key}");
    }

    private static Column Of(string id, int width, int priority) => new(Catalog.VcpuMetrics.First(m => m.Id == id), width, priority);

    private static List<Column> Fitting(int width)
    {
        var columns = s_columns.ToList();
        for (var priority = 3; priority > 0 && columns.Sum(c => c.Width + 1) + MinBar > width; priority--)
        {
            columns.RemoveAll(c => c.Priority == priority);
        }

        return columns;
    }

    private static void Heading(Pen pen, Rect inner, List<Column> columns, int bar)
    {
        var x = inner.X;
        for (var i = 0; i < columns.Count; i++)
        {
            var (metric, width, _) = columns[i];
            var cell = new Rect(x, inner.Y, Math.Min(width, inner.Right - x), 1);
            Table.WriteCell(pen.Buffer, cell, metric.Title, Role.Heading, metric.IsLeftAligned ? Align.Left : Align.Right, pen.Unicode);
            x += width + 1 + (i == 0 && bar >= MinBar ? bar : 0);
        }
    }

    private static void Row(Pen pen, Rect inner, int y, List<Column> columns, int bar, VcpuRow vcpu)
    {
        var x = inner.X;
        for (var i = 0; i < columns.Count; i++)
        {
            var (metric, width, _) = columns[i];
            pen.Figure(new Rect(x, y, Math.Min(width, inner.Right - x), 1), metric, vcpu);
            x += width + 1;
            if (i == 0 && bar >= MinBar)
            {
                Bar(pen, new Rect(x, y, bar - 1, 1), vcpu);
                x += bar;
            }
        }
    }

    private static void Bar(Pen pen, Rect area, VcpuRow vcpu)
    {
        var (cpu, ready) = (vcpu.Load.CpuPct, vcpu.Load.ReadyPct);
        var (guest, user, system) = vcpu.Times is { } t && t.GuestPct + t.UserPct + t.SystemPct > 0 ? (t.GuestPct, t.UserPct, t.SystemPct) : (1, 0, 0);

        // The parts come from ticks of 10 ms, the whole from nanoseconds: the whole decides how long the bar is.
        var scale = cpu / 100 / (guest + user + system);
        ReadOnlySpan<GaugeSegment> segments =
        [
            new(guest * scale, Role.BarGuest), new(user * scale, Role.BarUser), new(system * scale, Role.BarSystem), new(ready / 100, Role.BarReady),
        ];
        Gauge.Render(pen.Buffer, area, "", segments, "", pen.Unicode);
    }

    private static void Legend(Pen pen, Rect inner, int y, int bar)
    {
        if (bar < MinBar)
        {
            return;
        }

        // The fills are those of the gauge in ASCII.
        var x = inner.X + 5;
        foreach (var (name, role, fill) in new[] { ("guest", Role.BarGuest, '|'), ("emulation", Role.BarUser, '#'), ("system", Role.BarSystem, '='), ("ready", Role.BarReady, '+') })
        {
            if (x + 2 + name.Length > inner.Right)
            {
                break;
            }

            pen.Buffer.Set(x, y, pen.Unicode ? '■' : fill, role);
            x = pen.Text(x + 2, y, name, Role.Dim, inner.Right) + 2;
        }
    }

    private sealed record Column(Metric<VcpuRow> Metric, int Width, int Priority);
}
