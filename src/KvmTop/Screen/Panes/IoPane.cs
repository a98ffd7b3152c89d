using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Pane 5: every disk, network and passthrough device of every VM in one table.</summary>
internal sealed class IoPane() : TablePane<IoRow>(Catalog.IoMetrics, DefaultColumns.Io, new SortSpec("in_bytes_per_s", Reversed: false))
{
    /// <inheritdoc/>
    public override string Id => "io";

    /// <inheritdoc/>
    public override string Title => "I/O";

    /// <inheritdoc/>
    public override char Key => '5';

    /// <inheritdoc/>
    public override IReadOnlyList<string> UsualColumns => DefaultColumns.Io;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [new("Enter", "VM")];

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("One row per disk, network device and passthrough device of each VM; IN and OUT are as the guest sees them. Filter by kind to see one sort only (kind=disk). Disks come from QEMU's monitor (QMP): where that cannot be asked, one row stands for the whole process, and BEHIND says why. Enter opens the VM.");
        base.Describe(help, ui);
    }

    /// <inheritdoc/>
    protected override IEnumerable<IoRow> Source(Ui ui) => IoRow.All(ui.Snapshot);

    /// <inheritdoc/>
    protected override object KeyOf(IoRow row) => (row.Vm.Vm.Info.Key, row.Kind, row.Name);

    /// <inheritdoc/>
    protected override (VmInfo Vm, int? Vcpu)? VmOf(IoRow row) => (row.Vm.Vm.Info, null);

    /// <inheritdoc/>
    protected override string SearchText(IoRow row) => row.Vm.Vm.Info.Name + " " + row.Name;

    /// <inheritdoc/>
    protected override void Open(IoRow row, Ui ui) => ui.OpenVm = row.Vm.Vm.Info.Key;

    /// <inheritdoc/>
    protected override bool RenderEmpty(Buffer buffer, Rect area, Ui ui)
    {
        buffer.Write(area.X + 2, area.Y + 1, Rows.All > 0 ? $"No device matches the filter {Filter}" : "No devices: no virtual machine runs.", Role.Warn, area.Width - 2);
        return true;
    }
}
