using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>The busiest sources of interrupts and softirqs.</summary>
internal sealed class HostPaneInterrupts
{
    private const int Most = 24;

    private InterruptRate[] _hard = [];
    private InterruptRate[] _soft = [];
    private string? _reason;

    /// <summary>Rows of the longer list.</summary>
    public int Rows => Math.Max(_hard.Length, _soft.Length);

    /// <summary>Takes the figures of a tick.</summary>
    public void Update(Reading<InterruptsModel> reading)
    {
        _reason = reading.Value is null ? reading.Reason ?? "not read yet" : null;
        _hard = Busiest(reading.Value?.Hard);
        _soft = Busiest(reading.Value?.Soft);
    }

    /// <summary>Draws both lists, beside each other or in one frame.</summary>
    public void Draw(Pen pen, Rect area, bool stacked)
    {
        if (stacked)
        {
            var inner = pen.Frame(area, "Interrupts", "per second");
            var soft = Math.Min(_soft.Length, Math.Max((inner.Height - 1) / 2, 1));
            var (top, rest) = inner.CutTop(inner.Height - soft - 1);
            DrawList(pen, top, _hard);
            var (rule, bottom) = rest.CutTop(1);
            pen.Text(rule.X, rule.Y, "softirqs", Role.Heading, rule.Right);
            DrawList(pen, bottom, _soft);
            return;
        }

        var (left, right) = area.CutLeft(area.Width / 2);
        DrawList(pen, pen.Frame(left, "Interrupts", "per second"), _hard);
        DrawList(pen, pen.Frame(right, "Softirqs", "per second"), _soft);
    }

    private static InterruptRate[] Busiest(IReadOnlyList<InterruptRate>? rates) =>
        [.. (rates ?? []).OrderByDescending(r => double.IsNaN(r.PerSecond) ? -1 : r.PerSecond).Take(Most)];

    private void DrawList(Pen pen, Rect area, InterruptRate[] rates)
    {
        if (_reason is { } reason)
        {
            pen.Text(area.X, area.Y, reason, Role.Disabled, area.Right);
            return;
        }

        var highest = rates.Length == 0 ? 1 : Math.Max(rates[0].PerSecond, 1);
        var labels = Math.Clamp(rates.Length == 0 ? 4 : rates.Max(r => r.Label.Length), 4, 8);
        for (var i = 0; i < rates.Length && i < area.Height; i++)
        {
            var (rate, y) = (rates[i], area.Y + i);
            pen.Text(area.X, y, rate.Label, rate.PerSecond > 0 ? Role.Label : Role.Dim, area.X + labels);
            var x = area.X + labels + 1;
            if (x + 6 > area.Right)
            {
                continue;
            }

            pen.Number(x + 6, y, rate.PerSecond, Unit.PerSecond, 6);
            x += 7;
            var bar = Math.Clamp((area.Right - x) / 3, 0, 16);
            if (bar >= 5)
            {
                Gauge.Render(pen.Buffer, new Rect(x, y, bar, 1), "", rate.PerSecond / highest, Gradient.Exits, "", pen.Unicode);
                x += bar + 1;
            }

            pen.Text(x, y, rate.Description, Role.Dim, area.Right);
        }
    }
}
