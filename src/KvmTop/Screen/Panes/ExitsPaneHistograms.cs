using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Text;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>Histograms of KVM over the last interval: a bar for each bucket, from the first that holds something to the last.</summary>
internal static class ExitsPaneHistograms
{
    private const int LabelWidth = 6;
    private const int CountWidth = 6;
    private const int Narrowest = 28;

    /// <summary>Draws as many as fit beside each other; each in a frame.</summary>
    public static void Draw(Pen pen, Rect area, IReadOnlyList<KvmCounterRow> rows)
    {
        var histograms = rows.Where(r => r.Counter.IsHistogram && r.IsPresent).ToList();
        if (histograms.Count == 0)
        {
            var inner = pen.Frame(area, "Histograms");
            pen.Text(inner.X, inner.Y, "none from this source: only statistics descriptors and QMP have them", Role.Disabled, inner.Right);
            return;
        }

        // Those with something in them first, in their order.
        var shown = histograms.OrderBy(h => h.IsIdle ? 1 : 0).Take(Math.Clamp(area.Width / Narrowest, 1, histograms.Count)).OrderBy(histograms.IndexOf).ToList();
        for (var i = 0; i < shown.Count; i++)
        {
            var (left, right) = (area.Width * i / shown.Count, area.Width * (i + 1) / shown.Count);
            Draw(pen, new Rect(area.X + left, area.Y, right - left, area.Height), shown[i]);
        }
    }

    private static void Draw(Pen pen, Rect area, KvmCounterRow row)
    {
        var buckets = row.Buckets;
        var sum = 0.0;
        foreach (var count in buckets)
        {
            sum += count;
        }

        var inner = pen.Frame(area, Title(row.Counter.Name), row.HasBuckets ? $"{FigureFormat.ToText(Figure.Of(sum), Unit.Count)} in the interval" : "");
        if (inner.IsEmpty)
        {
            return;
        }

        if (sum == 0)
        {
            pen.Text(inner.X, inner.Y, row.HasBuckets ? "none in this interval" : CounterRow.NeedsTwo, Role.Disabled, inner.Right);
            return;
        }

        var (first, last) = (buckets.IndexOfAnyExcept(0), buckets.LastIndexOfAnyExcept(0));
        // More buckets than rows: neighbours are put together.
        var step = Math.Max((last - first + inner.Height) / inner.Height, 1);
        var most = 0.0;
        for (var i = first; i <= last; i += step)
        {
            most = Math.Max(most, Sum(buckets, i, step));
        }

        Span<char> label = stackalloc char[LabelWidth];
        for (var (i, y) = (first, inner.Y); i <= last; i += step, y++)
        {
            var count = Sum(buckets, i, step);
            var n = FigureFormat.Format(label, LowEnd(row.Counter, i), row.Counter.Unit == KvmCounterUnit.Seconds ? Unit.Seconds : Unit.Count, LabelWidth);
            pen.Buffer.WriteRight(inner.X + LabelWidth, y, label[..n], Role.Label, LabelWidth);
            var bar = new Rect(inner.X + LabelWidth + 1, y, inner.Width - LabelWidth - CountWidth - 2, 1);
            if (bar.Width >= 4)
            {
                Gauge.Render(pen.Buffer, bar, "", count / most, Gradient.Exits, "", pen.Unicode);
            }

            pen.Number(inner.Right, y, count, Unit.Count, CountWidth);
        }
    }

    // Bucket i of a log histogram holds values whose highest bit is bit i-1: from 2^(i-1) up to 2^i.
    private static double LowEnd(KvmCounter counter, int bucket) => counter.Type switch
    {
        KvmCounterType.LogHistogram => (bucket == 0 ? 0 : Math.Pow(2, bucket - 1)) * counter.Scale,
        KvmCounterType.LinearHistogram => (double)bucket * counter.BucketSize * counter.Scale,
        _ => bucket,
    };

    private static double Sum(ReadOnlySpan<double> buckets, int from, int count)
    {
        var sum = 0.0;
        foreach (var bucket in buckets.Slice(from, Math.Min(count, buckets.Length - from)))
        {
            sum += bucket;
        }

        return sum;
    }

    private static string Title(string name) => name switch
    {
        "halt_wait_hist" => "Sleeps of halted vCPUs",
        "halt_poll_success_hist" => "Polls worth it",
        "halt_poll_fail_hist" => "Polls in vain",
        _ => HostileText.Clean(name, 40),
    };
}
