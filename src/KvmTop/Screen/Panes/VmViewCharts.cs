using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>The history of a VM as charts. Keeps its own copy, so that it stays when the VM has gone and stands still while the display is frozen.</summary>
internal sealed class VmViewCharts
{
    private static readonly (SeriesKind Kind, string Title, Gradient Gradient, Unit Unit)[] s_charts =
    [
        (SeriesKind.Cpu, "CPU", Gradient.Cpu, Unit.Percent),
        (SeriesKind.Ready, "Ready, worst vCPU", Gradient.Ready, Unit.Percent),
        (SeriesKind.Read, "Read", Gradient.Io, Unit.BytesPerSecond),
        (SeriesKind.Write, "Write", Gradient.Io, Unit.BytesPerSecond),
        (SeriesKind.Exits, "Exits", Gradient.Exits, Unit.PerSecond),
    ];

    private readonly double[][] _values = [.. s_charts.Select(_ => new double[Series.Capacity])];
    private readonly int[] _counts = new int[s_charts.Length];
    private double _allVcpus = double.NaN;
    private Snapshot? _copied;

    /// <summary>Takes the history up to this tick.</summary>
    public void Update(VmRow row, History history)
    {
        if (_copied == row.Snapshot)
        {
            return;
        }

        _copied = row.Snapshot;
        _allVcpus = row.Vm.Info.VcpuCount is { } n ? n * 100.0 : double.NaN;
        for (var i = 0; i < s_charts.Length; i++)
        {
            _counts[i] = history.Vm(row.Vm.Info.Key, s_charts[i].Kind)?.CopyLatest(_values[i]) ?? _counts[i];
        }
    }

    /// <summary>Draws one chart with its frame; where several VMs are on the screen, the VM's name goes before the title.</summary>
    public void Draw(Pen pen, Rect area, SeriesKind kind, string? name = null)
    {
        var index = Array.FindIndex(s_charts, c => c.Kind == kind);
        var (_, title, gradient, unit) = s_charts[index];
        var values = _values[index].AsSpan(0, _counts[index]);
        var wide = BrailleChart.Capacity(area.Width, pen.Unicode);
        var shown = values.Length > wide ? values[^wide..] : values;
        var (low, high) = Range(shown);
        var now = values.IsEmpty ? double.NaN : values[^1];
        var label = $"now {Text(now, unit)}{(double.IsNaN(low) || area.Width < 44 ? "" : $"  min {Text(low, unit)}  max {Text(high, unit)}")}";
        var inner = Box.Render(pen.Buffer, area, name is null ? title : $"{name}: {title}", pen.Unicode, label);
        if (double.IsNaN(high))
        {
            pen.Text(inner.X + 1, inner.Y, values.IsEmpty ? "no history yet" : "no figures: see below", Role.Disabled, inner.Right);
            return;
        }

        var top = Top(kind, high);
        BrailleChart.Render(pen.Buffer, inner, shown, new ChartOptions { Max = top, Gradient = gradient, TopLabel = Text(top, unit).PadLeft(5), BottomLabel = "0" }, pen.Unicode);
    }

    /// <summary>The top of a scale: all vCPUs when they are well used, else a round number above the highest value.</summary>
    private double Top(SeriesKind kind, double high) => kind switch
    {
        SeriesKind.Cpu when high >= _allVcpus * 0.4 && high <= _allVcpus => _allVcpus,
        SeriesKind.Cpu or SeriesKind.Ready or SeriesKind.Exits => Round(Math.Max(high, 10)),
        _ => RoundBytes(Math.Max(high, 1024)),
    };

    internal static double Round(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return (value / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }

    internal static double RoundBytes(double value)
    {
        var power = Math.Pow(1024, Math.Floor(Math.Log(value, 1024)));
        return Math.Pow(2, Math.Ceiling(Math.Log2(value / power))) * power;
    }

    private static (double Low, double High) Range(ReadOnlySpan<double> values)
    {
        var (low, high) = (double.NaN, double.NaN);
        foreach (var value in values)
        {
            low = value < low || double.IsNaN(low) ? value : low;
            high = value > high || double.IsNaN(high) ? value : high;
        }

        return (low, high);
    }

    private static string Text(double value, Unit unit) =>
        FigureFormat.ToText(Figure.Of(value), unit) + (double.IsNaN(value) ? "" : unit == Unit.Percent ? "%" : "/s");
}
