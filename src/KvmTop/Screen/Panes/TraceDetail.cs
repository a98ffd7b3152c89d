using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>One exit reason in full: figures, the histograms of its time in the kernel and in the VMM, and what the guest asked for.</summary>
internal static class TraceDetail
{
    private const int ScaleWidth = 6;
    private const int CountWidth = 5;

    /// <summary>Draws a page; returns its rows.</summary>
    public static int Draw(Pen pen, Rect page, ExitReasonReport reason)
    {
        var y = page.Y;
        y += DrawFigures(pen, page, y, reason);
        var side = page.Width >= 72;
        var left = side ? Math.Clamp(page.Width / 2, 38, 64) : page.Width;
        var rows = DrawHistogram(pen, new Rect(page.X, y, left, page.Height), reason);
        if (side)
        {
            return y + Math.Max(rows, DrawLists(pen, new Rect(page.X + left, y, page.Width - left, page.Height), reason)) - page.Y;
        }

        y += rows;
        return y + DrawLists(pen, new Rect(page.X, y, page.Width, page.Height), reason) - page.Y;
    }

    private static int DrawFigures(Pen pen, Rect page, int y, ExitReasonReport reason)
    {
        // A low screen has no rows for a frame.
        var framed = page.Height >= 20;
        var rate = $"{FigureFormat.ToText(Figure.Of(reason.PerSecond), Unit.PerSecond)}/s";
        var inner = framed ? pen.Frame(new Rect(page.X, y, page.Width, 6), reason.Name, rate) : new Rect(page.X + 2, y, page.Width - 4, 4);
        if (!framed)
        {
            pen.Text(inner.X, y, reason.Name, Role.Title, inner.X + 9);
            pen.Buffer.WriteRight(inner.Right, y, rate, Role.Dim);
        }

        string[] titles = ["", "COUNT", "MEAN", "P50", "P99", "MAX", "TOTAL"];
        for (var i = 0; i < titles.Length; i++)
        {
            pen.Buffer.WriteRight(inner.X + 6 + (i * 8), inner.Y, titles[i], Role.Heading, 8);
        }

        var row = inner.Y + 1;
        foreach (var (title, histogram) in new[] { ("exit", reason.Statistics.Total), ("kernel", reason.Statistics.Kernel), ("VMM", reason.Statistics.Vmm) })
        {
            pen.Text(inner.X, row, title, Role.Label, inner.Right);
            double[] seconds = [histogram.MeanNanoseconds / 1e9, histogram.Percentile(50) / 1e9, histogram.Percentile(99) / 1e9, histogram.Count == 0 ? double.NaN : histogram.MaxNanoseconds / 1e9, histogram.Count == 0 ? double.NaN : histogram.SumNanoseconds / 1e9];
            pen.Number(inner.X + 14, row, title == "exit" ? reason.Count : histogram.Count, Unit.Count, 7);
            for (var i = 0; i < seconds.Length; i++)
            {
                // Durations of nanoseconds are no zeros.
                pen.Number(inner.X + 22 + (i * 8), row, seconds[i], Unit.Latency, 7, double.IsNaN(seconds[i]) ? Role.Disabled : Role.Text);
            }

            row++;
        }

        return framed ? 6 : 4;
    }

    private static int DrawHistogram(Pen pen, Rect area, ExitReasonReport reason)
    {
        var (kernel, vmm) = (reason.Statistics.Kernel, reason.Statistics.Vmm);
        var (first, last) = (64, -1);
        foreach (var part in new[] { kernel, vmm })
        {
            if (part.Doublings() is { } range)
            {
                (first, last) = (Math.Min(first, range.First), Math.Max(last, range.Last));
            }
        }

        var rows = last < 0 ? 1 : last - first + 2;
        var inner = pen.Frame(new Rect(area.X, area.Y, area.Width, rows + 2), "Latency", "bars: log of count");
        if (last < 0)
        {
            pen.Text(inner.X, inner.Y, "no time is known: KVM did this without an exit", Role.Disabled, inner.Right);
            return rows + 2;
        }

        long most = 1;
        for (var p = first; p <= last; p++)
        {
            most = Math.Max(most, Math.Max(kernel.CountInDoubling(p), vmm.CountInDoubling(p)));
        }

        var half = (inner.Width - ScaleWidth - 1) / 2;
        var middle = inner.X + ScaleWidth + 1 + half;
        pen.Text(inner.X, inner.Y, "FROM", Role.Heading, inner.Right);
        pen.Text(inner.X + ScaleWidth + 1, inner.Y, "KERNEL", Role.Heading, middle);
        pen.Text(middle, inner.Y, "VMM", Role.Heading, inner.Right);
        for (var p = first; p <= last; p++)
        {
            var y = inner.Y + 1 + p - first;
            pen.Buffer.WriteRight(inner.X + ScaleWidth, y, ExitTraceReport.Scale(p), Role.Label, ScaleWidth);
            DrawBar(pen, new Rect(inner.X + ScaleWidth + 1, y, half - 1, 1), kernel.CountInDoubling(p), most, Role.BarSystem);
            DrawBar(pen, new Rect(middle, y, half - 1, 1), vmm.CountInDoubling(p), most, Role.BarUser);
        }

        return rows + 2;
    }

    private static void DrawBar(Pen pen, Rect area, long count, long most, Role role)
    {
        if (count == 0)
        {
            return;
        }

        var room = area.Width - CountWidth - 1;
        var length = Math.Clamp((int)Math.Round(room * Math.Log2(1 + count) / Math.Log2(1 + most)), 1, Math.Max(room, 1));
        for (var i = 0; i < length; i++)
        {
            pen.Buffer.Set(area.X + i, area.Y, pen.Unicode ? '■' : role == Role.BarUser ? '#' : '=', role);
        }

        pen.Number(area.X + length + 1 + FigureFormat.ToText(Figure.Of(count), Unit.Count, CountWidth).Length, area.Y, count, Unit.Count, CountWidth, Role.Dim);
    }

    private static int DrawLists(Pen pen, Rect area, ExitReasonReport reason)
    {
        var y = area.Y;
        foreach (var (title, entries, most) in new[] { ("Asked for", reason.Details, 10), ("To the VMM for", reason.Userspace, 4), ("Guest instruction", reason.Rips, 8) })
        {
            var top = entries.Take(most).ToList();
            if (top.Count == 0)
            {
                continue;
            }

            var inner = pen.Frame(new Rect(area.X, y, area.Width, top.Count + 2), title, "share   mean");
            for (var i = 0; i < top.Count; i++)
            {
                var at = inner.Y + i;
                var entry = top[i];
                pen.Text(inner.X, at, entry.Text, Role.Text, inner.Right - 14);
                var share = string.Create(CultureInfo.InvariantCulture, $"{(entry.Error > 0 ? "<" : "")}{100.0 * entry.Count / Math.Max(reason.Count, 1):0.0}%");
                pen.Buffer.WriteRight(inner.Right - 7, at, share, Role.Strong, 7);
                var mean = entry.Seconds > 0 && entry.Count > 0 ? entry.Seconds / entry.Count : double.NaN;
                pen.Number(inner.Right, at, mean, Unit.Latency, 6, double.IsNaN(mean) ? Role.Disabled : Role.Dim);
            }

            y += top.Count + 2;
        }

        return y - area.Y;
    }
}
