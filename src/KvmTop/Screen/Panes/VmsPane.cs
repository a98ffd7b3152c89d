using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>A row of the VMs pane: a VM, or one of its vCPUs in the tree.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Vcpu">Position of the vCPU, or -1 for the VM itself.</param>
internal sealed record VmTreeRow(VmRow Vm, int Vcpu)
{
    /// <summary>True for the VM itself.</summary>
    public bool IsVm => Vcpu < 0;

    /// <summary>True for a domain of libvirt's that does not run: a name and what it would start with, and nothing else.</summary>
    public bool IsOff => Vm.Vm.State == VmState.Off;
}

/// <summary>Pane 1: every VM with what it costs and what it waits for; with the tree, its vCPUs below it.</summary>
internal sealed class VmsPane : TablePane<VmTreeRow>
{
    private const int LeastChart = 6, MostChart = 10, LeastChartWidth = 40;

    private static readonly SeriesKind[] s_charts = [SeriesKind.Cpu, SeriesKind.Ready, SeriesKind.Exits, SeriesKind.Write];
    private static readonly Dictionary<string, Metric<VcpuRow>> s_vcpuMetrics = Catalog.VcpuMetrics.ToDictionary(m => m.Id);

    private readonly HashSet<VmKey> _closed = [];
    private readonly HashSet<VmKey> _opened = [];
    private VmViewCharts _charts = new();
    private VmKey? _charted;
    private bool _tree;

    public VmsPane(Ui ui)
        : base([.. Catalog.VmMetrics.Select(m => Lift(m, ui))], ui.Options.Columns.Count > 0 ? ui.Options.Columns : DefaultColumns.Vms, SortOf(ui))
    {
        _ = SetFilter(ui.Options.Filter);
    }

    /// <inheritdoc/>
    public override string Id => "vms";

    /// <inheritdoc/>
    public override string Title => "VMs";

    /// <inheritdoc/>
    public override char Key => '1';

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs =>
        _tree || _opened.Count > 0 ? [.. base.Needs, LibvirtTopic.Instance, VcpuTimesTopic.Instance] : [.. base.Needs, LibvirtTopic.Instance];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UsualColumns => DefaultColumns.Vms;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [new("F5", _tree ? "List" : "Tree"), new("Enter", "VM")];

    /// <inheritdoc/>
    public override bool IsAboutVms => true;

    /// <inheritdoc/>
    public override void Render(Buffer buffer, Rect area, Ui ui)
    {
        // Where the table leaves room, the VM under the cursor shows how it came to its figures.
        var free = area.Height - Rows.Shown - 1;
        if (free < LeastChart || area.Width < LeastChartWidth || !HasSelected || Selected.IsOff)
        {
            base.Render(buffer, area, ui);
            return;
        }

        var (charts, table) = area.CutBottom(Math.Min(free, MostChart));
        base.Render(buffer, table, ui);
        DrawCharts(new Pen(buffer, ui.Unicode), charts, Selected.Vm, ui);
    }

    /// <inheritdoc/>
    public override bool Handle(InputEvent input, Ui ui)
    {
        if (input.Key == Tui.Key.F5 || input.Is('t'))
        {
            _tree = !_tree;
            _opened.Clear();
            _closed.Clear();
            Update(ui);
            return true;
        }

        if (input.Is('x') && HasSelected && !Selected.IsOff)
        {
            // One VM's vCPUs alone, whatever the tree shows of the others.
            var set = _tree ? _closed : _opened;
            if (!set.Remove(Selected.Vm.Vm.Info.Key))
            {
                set.Add(Selected.Vm.Vm.Info.Key);
            }

            Update(ui);
            return true;
        }

        return base.Handle(input, ui);
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("One row per virtual machine. F5 or t shows the vCPUs of all below them, x those of the VM under the cursor; Enter opens a VM.");
        base.Describe(help, ui);
    }

    /// <inheritdoc/>
    protected override IEnumerable<VmTreeRow> Source(Ui ui) =>
        VmRow.All(ui.Snapshot).Concat(OffDomains.Of(ui.Snapshot)).Select(vm => new VmTreeRow(vm, -1));

    /// <inheritdoc/>
    protected override object KeyOf(VmTreeRow row) => (row.Vm.Vm.Info.Key, row.IsVm ? -1 : row.Vm.Vm.Threads[row.Vcpu].Thread.VcpuIndex);

    /// <inheritdoc/>
    protected override (VmInfo Vm, int? Vcpu)? VmOf(VmTreeRow row) =>
        row.IsOff ? null : (row.Vm.Vm.Info, row.IsVm ? null : row.Vm.Vm.Threads[row.Vcpu].Thread.VcpuIndex);

    /// <inheritdoc/>
    protected override string SearchText(VmTreeRow row) => row.IsVm ? row.Vm.Vm.Info.Name : "";

    /// <inheritdoc/>
    protected override void Open(VmTreeRow row, Ui ui)
    {
        if (row.IsOff)
        {
            ui.Message = $"{row.Vm.Vm.Info.Name} is not running";
        }
        else
        {
            ui.OpenVm = row.Vm.Vm.Info.Key;
        }
    }

    /// <inheritdoc/>
    protected override void Append(VmTreeRow row, Ui ui, List<VmTreeRow> rows)
    {
        rows.Add(row);
        var key = row.Vm.Vm.Info.Key;
        if (_tree ? !_closed.Contains(key) : _opened.Contains(key))
        {
            for (var i = 0; i < row.Vm.Vm.Info.VcpuThreads; i++)
            {
                rows.Add(new VmTreeRow(row.Vm, i));
            }
        }
    }

    /// <inheritdoc/>
    protected override void DrawName(Buffer buffer, VmTreeRow row, Figure figure, Rect cell, Surface surface)
    {
        if (row.IsVm)
        {
            base.DrawName(buffer, row, figure, cell, surface);
            return;
        }

        var vcpu = new VcpuRow(row.Vm.Snapshot, row.Vm.Vm, row.Vcpu);
        var branch = (Unicode, row.Vcpu == row.Vm.Vm.Info.VcpuThreads - 1) switch { (true, true) => "└", (true, false) => "├", (false, true) => "`", _ => "|" };
        Span<char> text = stackalloc char[64];
        text.TryWrite(CultureInfo.InvariantCulture, $" {branch} vcpu {vcpu.Load.Thread.VcpuIndex}", out var length);
        var x = buffer.Write(cell.X, cell.Y, text[..length], new Style(Role.Label, surface), cell.Width);
        if (vcpu.Times is { Cpu: >= 0 } times && text.TryWrite(CultureInfo.InvariantCulture, $" cpu {times.Cpu}", out length))
        {
            buffer.Write(x, cell.Y, text[..length], new Style(Role.Dim, surface), cell.Right - x);
        }
    }

    /// <inheritdoc/>
    protected override double Judged(Metric<VmTreeRow> metric, Figure figure, VmTreeRow row) =>
        // A sum over vCPUs is judged by what each of them has on average: the thresholds are per vCPU.
        row.IsVm && metric.PerVcpu ? figure.Number / Math.Max(row.Vm.Vm.Info.VcpuThreads, 1) : figure.Number;

    /// <inheritdoc/>
    protected override bool RenderEmpty(Buffer buffer, Rect area, Ui ui)
    {
        var reading = ui.Snapshot.Get(VmsTopic.Instance);
        if (Rows.All > 0)
        {
            buffer.Write(area.X + 2, area.Y + 1, $"No VM matches the filter {Filter}  (\\ changes it, Esc there clears it)", Role.Warn, area.Width - 2);
            return true;
        }

        var y = area.Y + 1;
        if (reading.Value is null)
        {
            buffer.Write(area.X + 2, y, ui.Snapshot.Sequence > 0 ? $"{reading.Status}: {reading.Reason}" : ui.Freshness.IsOld ? $"Reading .. {ui.Freshness.Words}" : "Reading ..", Role.Warn, area.Width - 2);
            return true;
        }

        foreach (var line in EmptyHost.Text.Split('\n'))
        {
            buffer.Write(area.X + 2, y, line, y == area.Y + 1 ? Role.Strong : Role.Text, area.Width - 2);
            y++;
        }

        return true;
    }

    private void DrawCharts(Pen pen, Rect area, VmRow vm, Ui ui)
    {
        if (_charted != vm.Vm.Info.Key)
        {
            (_charted, _charts) = (vm.Vm.Info.Key, new VmViewCharts());
        }

        _charts.Update(vm, ui.History);
        var shown = s_charts.AsSpan(0, Math.Min(s_charts.Length, area.Width / LeastChartWidth));
        for (var i = 0; i < shown.Length; i++)
        {
            var (from, to) = (area.Width * i / shown.Length, area.Width * (i + 1) / shown.Length);
            _charts.Draw(pen, new Rect(area.X + from, area.Y, to - from, area.Height), shown[i], i == 0 ? vm.Vm.Info.Name : null);
        }
    }

    private static SortSpec SortOf(Ui ui) => SortSpec.TryParse(ui.Options.Sort, out var sort) ? sort : new SortSpec("cpu_pct", Reversed: false);

    /// <summary>A VM's metric as one of a tree's row: for a vCPU, the figure of the same id, or nothing.</summary>
    private static Metric<VmTreeRow> Lift(Metric<VmRow> metric, Ui ui)
    {
        var vcpu = s_vcpuMetrics.GetValueOrDefault(metric.Id);
        return new Metric<VmTreeRow>
        {
            Id = metric.Id,
            Title = metric.Title,
            Help = metric.PerVcpu ? metric.Help + " The key i divides it by the vCPUs." : metric.Help,
            Source = metric.Source,
            Unit = metric.Unit,
            Width = metric.Width,
            Thresholds = metric.Thresholds,
            Needs = metric.Needs,
            PerVcpu = metric.PerVcpu,
            ScreenOnly = metric.ScreenOnly,
            Get = row =>
            {
                if (!row.IsVm)
                {
                    return vcpu is null ? Figure.Of("") : vcpu.Get(new VcpuRow(row.Vm.Snapshot, row.Vm.Vm, row.Vcpu));
                }

                if (row.IsOff)
                {
                    return OffDomains.Get(metric, row.Vm);
                }

                var figure = metric.Get(row.Vm);
                return ui.WholeVm && metric.PerVcpu && figure.IsNumber && row.Vm.Vm.Info.VcpuCount is > 0 and var n ? Figure.Of(figure.Number / n) : figure;
            },
        };
    }
}
