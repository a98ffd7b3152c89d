using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>What stands above the counters: whose they are, where they come from, exits, the cost of halt polling, page sizes.</summary>
internal static class ExitsPaneSummary
{
    private const double PageBytes = 4096;

    /// <summary>Draws it and returns its rows.</summary>
    public static int Draw(Pen pen, Rect area, ExitsPaneTree tree, KvmCounterTable table, Snapshot snapshot)
    {
        var y = area.Y;
        DrawPlace(pen, area, y++, tree, snapshot);
        if (table.Rows.Count > 0)
        {
            y += DrawFigures(pen, area, y, table);
        }

        if (Why(tree, snapshot) is { } why && y < area.Bottom)
        {
            pen.Text(area.X, y++, why, Role.Disabled, area.Right);
        }

        return y - area.Y;
    }

    private static void DrawPlace(Pen pen, Rect area, int y, ExitsPaneTree tree, Snapshot snapshot)
    {
        var separator = pen.Unicode ? " ▸ " : " > ";
        var x = pen.Text(area.X, y, "host", tree.Node.Vm is null ? Role.Title : Role.Label, area.Right);
        if (tree.Node.Vm is { } key)
        {
            x = pen.Text(x, y, separator, Role.Dim, area.Right);
            x = pen.Text(x, y, tree.Vm?.Vm.Info.Name ?? string.Create(CultureInfo.InvariantCulture, $"pid {key.Pid}"), tree.Node.Vcpu < 0 ? Role.Title : Role.Label, area.Right - 24);
            if (tree.Node.Vcpu >= 0)
            {
                x = pen.Text(x, y, separator, Role.Dim, area.Right);
                x = pen.Text(x, y, string.Create(CultureInfo.InvariantCulture, $"vcpu {tree.Node.Vcpu}"), Role.Title, area.Right);
            }
        }

        var source = Source(tree, snapshot);
        var width = CellWidth.Of(source) + 5;
        if (x + width < area.Right)
        {
            x = pen.Text(area.Right - width, y, "from ", Role.Dim, area.Right);
            pen.Text(x, y, source, Role.Accent2, area.Right);
        }
    }

    private static string Source(ExitsPaneTree tree, Snapshot snapshot)
    {
        if (tree.Node.Vm is not null)
        {
            var own = tree.Vm?.Kvm?.VmSource is { } vm && vm != tree.Vm.Kvm?.Source && tree.Node.Vcpu < 0 ? $", the VM's own from {vm}" : "";
            return (tree.Vm?.Kvm?.Source ?? "nowhere") + own;
        }

        var model = snapshot.Get(KvmStatsTopic.Instance).Value;
        return string.Create(CultureInfo.InvariantCulture, $"the sum over {model?.Counted ?? 0} of {model?.Vms.Length ?? 0} VMs");
    }

    private static int DrawFigures(Pen pen, Rect area, int y, KvmCounterTable table)
    {
        double PerSecond(string name) => table.Find(name) is { IsPresent: true } row ? row.PerSecond : double.NaN;
        var (useful, vain, asleep) = (PerSecond("halt_poll_success_ns") / 1e7, PerSecond("halt_poll_fail_ns") / 1e7, PerSecond("halt_wait_ns") / 1e7);
        var (x, rows) = (area.X, 1);
        Add("exits", Text(PerSecond("exits"), Unit.PerSecond, "/s"), PerSecond("exits"));
        if (!double.IsNaN(useful + vain))
        {
            var split = pen.Unicode ? $" = {Text(useful, Unit.Percent, "")} worth it + {Text(vain, Unit.Percent, "")} in vain" : $" = {Text(useful, Unit.Percent, "")} worth it, {Text(vain, Unit.Percent, "")} in vain";
            Add("halt polling", Text(useful + vain, Unit.Percent, "%") + (useful + vain > 0 ? split : ""), useful + vain);
        }

        if (!double.IsNaN(asleep))
        {
            Add("asleep", Text(asleep, Unit.Percent, "%"), asleep);
        }

        foreach (var (name, label, size) in new[] { ("pages_4k", "in 4K pages", PageBytes), ("pages_2m", "2M", PageBytes * 512), ("pages_1g", "1G", PageBytes * 512 * 512) })
        {
            if (table.Find(name) is { IsPresent: true } pages)
            {
                Add(label, Text(pages.Total * size, Unit.Bytes, ""), pages.Total);
            }
        }

        return rows;

        void Add(string label, string value, double figure)
        {
            var width = label.Length + 1 + CellWidth.Of(value);
            if (x > area.X && x + width > area.Right)
            {
                (x, rows) = (area.X, rows + 1);
            }

            x = pen.Pair(x, y + rows - 1, label, value, Pen.StyleOf(figure), area.Right) + 3;
        }
    }

    /// <summary>Why there is nothing, or nothing better.</summary>
    private static string? Why(ExitsPaneTree tree, Snapshot snapshot)
    {
        var reading = snapshot.Get(KvmStatsTopic.Instance);
        var why = tree.IsGone ? "it is not there any more: Esc goes back"
            : reading.Value is null ? reading.Reason ?? "not read yet"
            : tree.Node.Vm is null ? reading.Reason
            : tree.Node.Vcpu >= 0 && tree.Vm?.Kvm is { Source: { } source, HasVcpus: false } ? $"{source} counts the VM as a whole, not its vCPUs. {tree.Vm.Kvm?.Why}"
            : tree.Vm?.Kvm?.Why;
        return why is null ? null : HostileText.Clean(why, 400);
    }

    private static string Text(double value, Unit unit, string suffix) => FigureFormat.ToText(Figure.Of(value), unit) + (double.IsNaN(value) ? "" : suffix);
}
