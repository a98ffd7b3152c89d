using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>The threads of a VM that run no vCPU, the busiest first.</summary>
internal static class VmViewThreads
{
    private const int Most = 12;
    private static readonly Thresholds s_cpu = new(70, 90);
    private static readonly Thresholds s_ready = VmsMetrics.PerVcpu.First(m => m.Id == "ready_pct").Thresholds!;

    /// <summary>Draws the frame and the list; returns its rows.</summary>
    public static int Draw(Pen pen, Rect page, int y, VmRow row)
    {
        var threads = row.Vm.Threads.AsSpan(row.Vm.Info.VcpuThreads).ToArray();
        Array.Sort(threads, static (a, b) => (Key(b.CpuPct), a.Thread.Tid).CompareTo((Key(a.CpuPct), b.Thread.Tid)));
        var shown = Math.Min(threads.Length, Most);
        var rows = Math.Max(shown, 1) + (threads.Length > shown ? 1 : 0);
        var area = new Rect(page.X, y, page.Width, rows + 3);
        var inner = pen.Frame(area, "Other threads", threads.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{threads.Length}{pen.Dot}{Pen.Percent(row.Vm.EmulatorPct)} of a CPU"));
        if (threads.Length == 0)
        {
            pen.Text(inner.X, inner.Y, "none seen", Role.Disabled, inner.Right);
            return area.Height;
        }

        var name = Math.Clamp(inner.Width - 48, 8, 18);
        var numbers = inner.X + name + 21;
        pen.Text(inner.X, inner.Y, "THREAD", Role.Heading, inner.Right);
        pen.Text(inner.X + name + 1, inner.Y, "ROLE", Role.Heading, inner.Right);
        pen.Text(numbers - 5, inner.Y, "  TID", Role.Heading, inner.Right);
        pen.Text(numbers + 2, inner.Y, "CPU%", Role.Heading, inner.Right);
        pen.Text(numbers + 8, inner.Y, "RDY%", Role.Heading, inner.Right);
        pen.Text(numbers + 14, inner.Y, "RUN/s", Role.Heading, inner.Right);
        for (var i = 0; i < shown; i++)
        {
            var (load, at) = (threads[i], inner.Y + 1 + i);
            pen.Text(inner.X, at, HostileText.Clean(load.Thread.Name, 32), load.CpuPct >= 0.05 ? Role.Text : Role.Dim, inner.X + name);
            pen.Text(inner.X + name + 1, at, RoleName(load.Thread.Role), Role.Dim, Math.Min(inner.X + name + 13, inner.Right));
            if (numbers + 19 > inner.Right)
            {
                continue;
            }

            pen.Buffer.WriteRight(numbers, at, load.Thread.Tid.ToString(CultureInfo.InvariantCulture), Role.Dim, 8);
            pen.Number(numbers + 6, at, load.CpuPct, Unit.Percent, 5, Pen.StyleOf(load.CpuPct, s_cpu));
            pen.Number(numbers + 12, at, load.ReadyPct, Unit.Percent, 5, Pen.StyleOf(load.ReadyPct, s_ready));
            pen.Number(numbers + 19, at, load.SlicesPerSecond, Unit.PerSecond, 6);
            var bar = new Rect(numbers + 20, at, Math.Min(inner.Right - numbers - 20, 24), 1);
            if (bar.Width >= 6)
            {
                Gauge.Render(pen.Buffer, bar, "", load.CpuPct / 100, Gradient.Cpu, "", pen.Unicode);
            }
        }

        if (threads.Length > shown)
        {
            pen.Text(inner.X, inner.Y + 1 + shown, string.Create(CultureInfo.InvariantCulture, $"and {threads.Length - shown} that did less"), Role.Dim, inner.Right);
        }

        return area.Height;
    }

    private static double Key(double value) => double.IsNaN(value) ? -1 : value;

    private static string RoleName(ThreadRole role) => role switch
    {
        ThreadRole.Main => "main loop",
        ThreadRole.IoThread => "I/O thread",
        ThreadRole.Worker => "worker",
        ThreadRole.Vnc => "display",
        ThreadRole.CallRcu => "RCU",
        ThreadRole.Vhost => "vhost",
        ThreadRole.Migration => "migration",
        _ => "other",
    };
}
