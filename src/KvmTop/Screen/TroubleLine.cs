using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>A place of the header that can be clicked.</summary>
/// <param name="Area">Where.</param>
/// <param name="Vm">The VM that it opens, or null.</param>
/// <param name="Pane">The pane that it goes to; with neither it opens the list of troubles.</param>
internal sealed record HeaderLink(Rect Area, VmKey? Vm, string? Pane);

/// <summary>The header's line of troubles: the same list whatever pane is shown, the worst first, as many as fit; and that nothing is read any more, before all else.</summary>
internal static class TroubleLine
{
    // A longer name would push figures off a narrow screen.
    private const int LongestName = 24;

    /// <summary>True when there is anything but an all-clear to tell.</summary>
    public static bool HasSomething(Ui ui) => ui.Freshness.IsOld || ui.Troubles.Vms.Count > 0 || ui.Troubles.Unread is not null;

    /// <summary>Draws it from the pencil's place on.</summary>
    /// <param name="pen">Where.</param>
    /// <param name="right">The column that it ends before.</param>
    /// <param name="ui">The moment.</param>
    /// <param name="saysWhenWell">Also that nothing is wrong, or that this is not known yet.</param>
    public static void Render(Pencil pen, int right, Ui ui, bool saysWhenWell)
    {
        var line = new Line(pen, right, ui);
        var mark = ui.Unicode ? "▲" : "!";
        if (ui.Freshness.IsOld)
        {
            line.Write($" {mark} {ui.Freshness.Words} ", Role.Critical, null, 0);
        }

        foreach (var source in ui.Snapshot.Sources)
        {
            if (source.Status is ReadingStatus.Stale)
            {
                line.Write($" {mark} {source.Topic.Title}: {Vmm.HostileText.Clean(source.Reason ?? "", 60)} ", Role.Critical, null, 0);
            }
        }

        var troubles = ui.Troubles;
        for (var i = 0; i < troubles.Vms.Count; i++)
        {
            var (trouble, left) = (troubles.Vms[i], troubles.Vms.Count - i);
            var more = left > 1 ? string.Create(CultureInfo.InvariantCulture, $" +{left - 1} more").Length : 0;
            var name = $" {mark} {Short(trouble.Name, ui.Unicode)} ";
            var role = trouble.IsCritical ? Role.Critical : Role.Warn;
            var others = trouble.Losses.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $" (+{trouble.Losses.Count - 1})") : "";
            if (line.TryWrite($"{name}{trouble.Words} ", role, trouble.Vm, more)
                || line.TryWrite($"{name}{trouble.Losses[0].Words}{others} ", role, trouble.Vm, more)
                || (i == 0 && line.TryWrite($"{name}{trouble.Losses[0].Brief}{others} ", role, trouble.Vm, more)))
            {
                continue;
            }

            if (i == 0)
            {
                // The worst is there at any width, and shows that it is cut.
                line.Write($"{name}{trouble.Losses[0].Figure} ", role, trouble.Vm, more);
                left--;
            }

            if (left > 0)
            {
                line.Write(string.Create(CultureInfo.InvariantCulture, $" +{left} more"), Role.Warn, null, 0);
            }

            return;
        }

        if (troubles.Vms.Count == 0 && saysWhenWell && !(troubles.IsEmptyHost || ui.Freshness.IsOld))
        {
            var dot = (troubles.IsClear, ui.Unicode) switch { (true, true) => "●", (true, false) => "*", (false, true) => "○", _ => "o" };
            line.Write($" {dot} {troubles.Verdict}", troubles.IsClear ? Role.Good : troubles.Unread is null ? Role.Label : Role.Critical, null, 0);
        }
    }

    private static string Short(string name, bool unicode)
    {
        if (CellWidth.Of(name) <= LongestName)
        {
            return name;
        }

        var end = name.Length;
        while (end > 0 && (CellWidth.Of(name.AsSpan(0, end)) >= LongestName || char.IsLowSurrogate(name[end - 1]) || char.IsHighSurrogate(name[end - 1])))
        {
            end--;
        }

        return name[..end] + (unicode ? "…" : "~");
    }

    /// <summary>Writes along the line and notes what can be clicked.</summary>
    private sealed class Line(Pencil pencil, int right, Ui ui)
    {
        private Pencil _pen = pencil;

        public bool TryWrite(string text, Role role, VmKey? vm, int reserve)
        {
            if (_pen.X + CellWidth.Of(text) + reserve > right)
            {
                return false;
            }

            Write(text, role, vm, reserve);
            return true;
        }

        public void Write(string text, Role role, VmKey? vm, int reserve)
        {
            var x = _pen.X;
            _pen.WriteCut(text, role, right - reserve, ui.Unicode);
            if (_pen.X > x)
            {
                ui.HeaderLinks.Add(new HeaderLink(new Rect(x, _pen.Y, _pen.X - x, 1), vm, null));
            }
        }
    }
}
