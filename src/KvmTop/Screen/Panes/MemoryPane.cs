using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Pane 4: the hugepage pools and what the kernel does with memory, above the memory of each VM.</summary>
internal sealed class MemoryPane() : TablePane<VmRow>(Catalog.VmMetrics, DefaultColumns.Memory, new SortSpec("mem_configured_bytes", Reversed: false))
{
    private static readonly Role[] s_nodeRoles = [Role.BarGuest, Role.BarUser, Role.BarReady, Role.BarCache, Role.BarSystem, Role.BarHuge];

    /// <inheritdoc/>
    public override string Id => "memory";

    /// <inheritdoc/>
    public override string Title => "Memory";

    /// <inheritdoc/>
    public override char Key => '4';

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs =>
        [.. base.Needs, HostTopic.Instance, HugepagesTopic.Instance, MemoryTopic.Instance, VmMemoryTopic.Instance, VmsTopic.Instance];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UsualColumns => DefaultColumns.Memory;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [new("Enter", "VM")];

    /// <inheritdoc/>
    public override void Render(Buffer buffer, Rect area, Ui ui)
    {
        var pen = new Pen(buffer, ui.Unicode);
        var height = MemoryPaneHost.Draw(pen, area, ui.Snapshot);
        base.Render(buffer, area.CutTop(height).Remaining, ui);
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("Memory", Role.Title)
            .Add("What each VM was given, what it got, of which pages, and on which NUMA node. Sort by LOCAL% to see who is far from its memory, by SWAP to see who was pushed out. Enter opens a VM.")
            .Add(11, new("Pools      ", Role.Strong), new("Hugepages by size from /sys/kernel/mm/hugepages: used, and reserved (promised, not yet touched; they count as free). Surplus pages are above the pool's fixed size; overcommit is how many of them there may be.", Role.Text))
            .Add(11, new("Nodes      ", Role.Strong), new("Memory of each NUMA node that is not free, its part of the pools, and misses: pages that it had to give in another node's place (/sys/devices/system/node/nodeN).", Role.Text))
            .Add(11, new("VMs        ", Role.Strong), new("Memory given to all VMs together, in percent of the host's. Over 100 they cannot all use theirs at once.", Role.Text))
            .Add(11, new("THP        ", Role.Strong), new("Transparent hugepages: mode and effort (/sys/kernel/mm/transparent_hugepage); per second those given at a fault, those refused (fell back to small pages), those that khugepaged made, and those taken apart (/proc/vmstat).", Role.Text))
            .Add(11, new("KSM        ", Role.Strong), new("Merging of equal pages (/sys/kernel/mm/ksm). profit is what it saves less its bookkeeping: the kernel's own figure, before Linux 6.4 pages_sharing pages less 64 bytes for each page that is kept track of.", Role.Text))
            .Add(11, new("swap       ", Role.Strong), new("Read back from swap and written to it, per second (/proc/vmstat); pressure is the share of the last 10, 60 and 300 s in which some, or all (full), tasks waited for memory (/proc/pressure/memory).", Role.Text));
        base.Describe(help, ui);
    }

    /// <inheritdoc/>
    protected override IEnumerable<VmRow> Source(Ui ui) => VmRow.All(ui.Snapshot);

    /// <inheritdoc/>
    protected override object KeyOf(VmRow row) => row.Vm.Info.Key;

    /// <inheritdoc/>
    protected override (VmInfo Vm, int? Vcpu)? VmOf(VmRow row) => (row.Vm.Info, null);

    /// <inheritdoc/>
    protected override string SearchText(VmRow row) => row.Vm.Info.Name;

    /// <inheritdoc/>
    protected override void Open(VmRow row, Ui ui) => ui.OpenVm = row.Vm.Info.Key;

    /// <inheritdoc/>
    protected override bool DrawOwn(Buffer buffer, Metric<VmRow> metric, VmRow row, Figure figure, Rect cell, Surface surface)
    {
        if (metric.Id != "numa_split" || figure.Text is not { } text || VmMemoryMetrics.Of(row)?.Nodes is not { Count: > 0 and <= 64 } nodes)
        {
            return false;
        }

        var all = nodes.Sum(n => (double)n.Bytes);
        var segments = new GaugeSegment[nodes.Count];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = new GaugeSegment(nodes[i].Bytes / all, s_nodeRoles[nodes[i].Node % s_nodeRoles.Length]);
        }

        Gauge.Render(buffer, cell, "", segments, text, Unicode, surface);
        return true;
    }

    /// <inheritdoc/>
    protected override bool RenderEmpty(Buffer buffer, Rect area, Ui ui)
    {
        buffer.Write(area.X + 2, area.Y + 1, Rows.All > 0 ? $"No VM matches the filter {Filter}" : "No virtual machine runs.", Role.Warn, area.Width - 2);
        return true;
    }
}
