using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Load, context switches and pressure of the host.</summary>
internal static class HostPaneLoad
{
    private const int LabelWidth = 9;
    private static readonly Thresholds s_pressure = new(10, 40);

    /// <summary>Rows that it needs, frame included.</summary>
    public static int Height(HostModel host) => 2 + 3 + (HasPressure(host) ? 6 : 1);

    /// <summary>Draws it, frame included.</summary>
    public static void Draw(Pen pen, Rect area, HostModel host)
    {
        var inner = pen.Frame(area, "Load and pressure");
        var y = inner.Y;
        pen.Text(inner.X, y, "load", Role.Label, inner.Right);
        if (host.Load is { } load)
        {
            var cpus = Math.Max(host.Cpus.Count, 1);
            var limits = new Thresholds(cpus, 2 * cpus);
            var x = inner.X + LabelWidth;
            foreach (var (value, span) in new[] { (load.One, "1m"), (load.Five, "5m"), (load.Fifteen, "15m") })
            {
                if (x + 7 <= inner.Right)
                {
                    pen.Number(x + 6, y, value, Unit.Number, 6, Pen.StyleOf(value, limits));
                    pen.Text(x + 7, y, span, Role.Dim, inner.Right);
                }

                x += 12;
            }

            pen.Text(inner.X, y + 1, "threads", Role.Label, inner.Right);
            if (inner.Width >= LabelWidth + 30)
            {
                pen.Number(inner.X + LabelWidth + 6, y + 1, load.Running, Unit.Count, 6);
                pen.Text(inner.X + LabelWidth + 7, y + 1, "runnable of", Role.Dim, inner.Right);
                pen.Number(inner.X + LabelWidth + 25, y + 1, load.Threads, Unit.Count, 6);
            }
        }
        else
        {
            pen.Text(inner.X + LabelWidth, y, "- /proc/loadavg could not be read", Role.Disabled, inner.Right);
        }

        pen.Text(inner.X, y + 2, "switches", Role.Label, inner.Right);
        pen.Number(inner.X + LabelWidth + 6, y + 2, host.ContextSwitchesPerSecond, Unit.PerSecond, 6);
        pen.Text(inner.X + LabelWidth + 7, y + 2, "/s context switches", Role.Dim, inner.Right);
        y += 3;
        if (!HasPressure(host))
        {
            pen.Text(inner.X, y, "pressure", Role.Label, inner.Right);
            pen.Text(inner.X + LabelWidth, y, $"- {host.PressureReason ?? "not known"}", Role.Disabled, inner.Right);
            return;
        }

        DrawHeadings(pen, inner, y);
        y += 2;
        DrawPressure(pen, inner, y++, "cpu", host.CpuPressure);
        DrawPressure(pen, inner, y++, "memory", host.MemoryPressure);
        DrawPressure(pen, inner, y++, "io", host.IoPressure);
        DrawPressure(pen, inner, y, "irq", host.IrqPressure);
    }

    private static bool HasPressure(HostModel host) => host.CpuPressure is not null || host.MemoryPressure is not null || host.IoPressure is not null;

    private static void DrawHeadings(Pen pen, Rect inner, int y)
    {
        pen.Text(inner.X, y, "pressure", Role.Heading, inner.Right);
        var x = inner.X + LabelWidth;
        pen.Text(x + 3, y, "some %", Role.Heading, inner.Right);
        pen.Text(x + 22, y, "full %", Role.Heading, inner.Right);
        foreach (var offset in new[] { 0, 19 })
        {
            if (x + offset + 17 <= inner.Right)
            {
                pen.Buffer.WriteRight(x + offset + 5, y + 1, "10s", Role.Dim);
                pen.Buffer.WriteRight(x + offset + 11, y + 1, "60s", Role.Dim);
                pen.Buffer.WriteRight(x + offset + 17, y + 1, "300s", Role.Dim);
            }
        }
    }

    private static void DrawPressure(Pen pen, Rect inner, int y, string label, Pressure? pressure)
    {
        pen.Text(inner.X, y, label, Role.Label, inner.Right);
        var x = inner.X + LabelWidth;
        DrawLine(pen, x, y, inner.Right, pressure?.Some);
        DrawLine(pen, x + 19, y, inner.Right, pressure?.Full);
        var bar = new Rect(x + 38, y, inner.Right - x - 38, 1);
        if (bar.Width >= 6 && (pressure?.Some ?? pressure?.Full) is { } line)
        {
            Gauge.Render(pen.Buffer, bar, "", line.Avg10 / 100, Gradient.Ready, "", pen.Unicode);
        }
    }

    private static void DrawLine(Pen pen, int x, int y, int right, PressureLine? line)
    {
        if (x + 17 > right)
        {
            return;
        }

        double[] values = line is { } l ? [l.Avg10, l.Avg60, l.Avg300] : [double.NaN, double.NaN, double.NaN];
        for (var i = 0; i < values.Length; i++)
        {
            pen.Number(x + 5 + (i * 6), y, values[i], Unit.Percent, 5, Pen.StyleOf(values[i], s_pressure));
        }
    }
}
