using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Pane 2: every vCPU of every VM in one table.</summary>
internal sealed class VcpusPane() : TablePane<VcpuRow>(Catalog.VcpuMetrics, DefaultColumns.Vcpus, new SortSpec("cpu_pct", Reversed: false))
{
    /// <inheritdoc/>
    public override string Id => "vcpus";

    /// <inheritdoc/>
    public override string Title => "vCPUs";

    /// <inheritdoc/>
    public override char Key => '2';

    /// <inheritdoc/>
    public override IReadOnlyList<string> UsualColumns => DefaultColumns.Vcpus;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [new("Enter", "VM")];

    /// <inheritdoc/>
    public override bool IsAboutVms => true;

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("One row per virtual CPU, of all VMs together: sort by RDY% to see who waits, by PCPU to see who shares a CPU. Enter opens its VM.");
        base.Describe(help, ui);
    }

    /// <inheritdoc/>
    protected override IEnumerable<VcpuRow> Source(Ui ui) => VmRow.All(ui.Snapshot).SelectMany(VcpuRow.Of);

    /// <inheritdoc/>
    protected override object KeyOf(VcpuRow row) => (row.Vm.Info.Key, row.Load.Thread.VcpuIndex);

    /// <inheritdoc/>
    protected override (VmInfo Vm, int? Vcpu)? VmOf(VcpuRow row) => (row.Vm.Info, row.Load.Thread.VcpuIndex);

    /// <inheritdoc/>
    protected override string SearchText(VcpuRow row) => row.Vm.Info.Name;

    /// <inheritdoc/>
    protected override void Open(VcpuRow row, Ui ui) => ui.OpenVm = row.Vm.Info.Key;

    /// <inheritdoc/>
    protected override bool RenderEmpty(Buffer buffer, Rect area, Ui ui)
    {
        buffer.Write(area.X + 2, area.Y + 1, Rows.All > 0 ? $"No vCPU matches the filter {Filter}" : "No vCPUs: no virtual machine runs, or its threads cannot be told apart.", Role.Warn, area.Width - 2);
        return true;
    }
}
