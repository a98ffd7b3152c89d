using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>How far memory is from each NUMA node, and which CPUs are kept free of what.</summary>
internal sealed class HostPaneLayout() : HostSection('l', "Layout")
{
    private const int SideBySideFrom = 120;
    private const int LabelWidth = 13;

    private CpuLayoutModel? _model;
    private CpuTopology? _topology;
    private string? _reason;

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [CpuLayoutTopic.Instance, MachineTopic.Instance];

    /// <inheritdoc/>
    public override void Update(Ui ui)
    {
        var (reading, machine) = (ui.Snapshot.Get(CpuLayoutTopic.Instance), ui.Snapshot.Get(MachineTopic.Instance));
        (_model, _topology) = (reading.Value, machine.Value?.Topology);
        _reason = _model is null ? reading.Reason ?? "not read yet" : _topology is null ? machine.Reason ?? "not read yet" : null;
    }

    /// <inheritdoc/>
    public override int Draw(Pen pen, Rect page)
    {
        if (_reason is not null)
        {
            pen.Text(page.X + 1, page.Y, $"CPU layout: {_reason}", Role.Disabled, page.Right);
            return 1;
        }

        var sets = Sets();
        if (page.Width < SideBySideFrom)
        {
            var rows = DrawDistances(pen, new Rect(page.X, page.Y, page.Width, DistanceRows));
            return rows + DrawSets(pen, new Rect(page.X, page.Y + rows, page.Width, page.Height), sets);
        }

        var left = Math.Clamp(page.Width / 3, 44, 60);
        var right = new Rect(page.X + left, page.Y, page.Width - left, page.Height);
        var height = Math.Max(DistanceRows, DrawSets(pen, right, sets));
        _ = DrawDistances(pen, new Rect(page.X, page.Y, left, height));
        return height;
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help) => help
        .Add(9, new("NUMA     ", Role.Strong), new("how far the memory of each node is, from /sys/devices/system/node/nodeN/distance: 10 is the node's own, 20 costs about twice as much. A vCPU should run where its memory is: pane 4 shows who does not.", Role.Text))
        .Add(9, new("isolated ", Role.Strong), new("outside the scheduler's balancing, by isolcpus= at boot (/sys/devices/system/cpu/isolated) or by isolated cpuset partitions (/sys/fs/cgroup/cpuset.cpus.isolated). Nothing runs there that is not pinned there.", Role.Text))
        .Add(9, new("no tick  ", Role.Strong), new("nohz_full=: no timer interrupt while a single task runs (/sys/devices/system/cpu/nohz_full).", Role.Text))
        .Add(9, new("housekeeping ", Role.Strong), new("online and neither isolated nor without tick: where everything else runs.", Role.Text))
        .Add(9, new("interrupts, work ", Role.Strong), new("where interrupts go that nobody has placed (/proc/irq/default_smp_affinity), and the kernel's unbound work (/sys/devices/virtual/workqueue/cpumask). Both should leave isolated CPUs alone.", Role.Text));

    private int DistanceRows => 3 + _topology!.Nodes.Count;

    private List<Set> Sets()
    {
        var isolation = _model!.Isolation;
        var online = _topology!.Online;
        var housekeeping = isolation.Housekeeping(online);
        var isolated = isolation.AllIsolated;
        var sets = new List<Set>
        {
            Of("online", online, Role.Text),
            Of("offline", isolation.Offline, Role.Warn),
            Of("isolated", isolation.Isolated, Role.Accent),
        };
        if (isolation.Partitioned is { Count: > 0 } partitioned)
        {
            sets.Add(Of("by cpuset", partitioned, Role.Accent));
        }

        sets.Add(Of("no tick", isolation.NoTick, Role.Accent));
        sets.Add(Of("housekeeping", housekeeping, Role.Text));
        sets.Add(Avoiding("interrupts", isolation.Interrupts));
        sets.Add(Avoiding("unbound work", isolation.UnboundWork));
        return sets;

        static Set Of(string label, CpuSet? cpus, Role role) =>
            cpus is null ? new(label, "- not told by this kernel", null, Role.Disabled) : cpus.Count == 0 ? new(label, "none", null, Role.Dim)
            : new(label, string.Create(CultureInfo.InvariantCulture, $"{cpus}  ({cpus.Count})"), cpus, role);

        Set Avoiding(string label, CpuSet? cpus)
        {
            var set = Of(label, cpus?.Intersect(online), Role.Text);
            return cpus?.Intersect(isolated) is { Count: > 0 } both ? set with { Text = set.Text + $", isolated {both} too", Role = Role.Warn } : set;
        }
    }

    private int DrawDistances(Pen pen, Rect area)
    {
        var inner = pen.Frame(area, "NUMA distances", "10 is a node's own memory");
        var known = _model!.Nodes.Any(n => n.Distances.Count > 0);
        var cell = Math.Clamp(_topology!.Nodes.Max(n => n.Number).ToString(CultureInfo.InvariantCulture).Length + 1, 4, 6);
        var (x, y) = (inner.X + 8, inner.Y);
        var columns = known ? Math.Min(_topology.Nodes.Count, Math.Max((inner.Width - 8) / cell, 0)) : 0;
        if (!known)
        {
            pen.Text(inner.X, y, "- the kernel tells no distances", Role.Disabled, inner.Right);
        }

        for (var i = 0; i < columns; i++)
        {
            pen.Buffer.WriteRight(x + ((i + 1) * cell), y, _topology.Nodes[i].Number.ToString(CultureInfo.InvariantCulture), Role.Heading, cell);
        }

        for (var row = 0; row < _topology.Nodes.Count; row++)
        {
            var node = _topology.Nodes[row];
            y++;
            pen.Text(inner.X, y, string.Create(CultureInfo.InvariantCulture, $"node {node.Number}"), Role.Label, inner.Right);
            var distances = _model.Nodes.FirstOrDefault(n => n.Node == node.Number)?.Distances ?? [];
            for (var i = 0; i < columns; i++)
            {
                var distance = i < distances.Count ? distances[i] : -1;
                var style = distance < 0 ? Role.Disabled : distance <= 10 ? (Style)Role.Good : Style.Of(Gradient.Ready, Math.Clamp((distance - 10) / 40.0, 0, 1));
                pen.Buffer.WriteRight(x + ((i + 1) * cell), y, distance < 0 ? "-" : distance.ToString(CultureInfo.InvariantCulture), style, cell);
            }

            var text = x + (columns * cell) + 2;
            pen.Text(text, y, node.Cpus.Count == 0 ? "no CPUs, memory alone" : $"CPUs {node.Cpus}", Role.Dim, inner.Right);
        }

        return area.Height;
    }

    private int DrawSets(Pen pen, Rect page, List<Set> sets)
    {
        var words = new TextDocument().Add(LabelWidth, new("command line ", Role.Label), new(_model!.Isolation.Words.Count == 0 ? "keeps no CPU free" : string.Join(' ', _model.Isolation.Words), Role.Text));
        words.Add(LabelWidth, new("threads      ", Role.Label), new(_model.Isolation.Smt switch { "on" => "SMT on: two vCPUs on one core share it", null => "- not told by this kernel", var smt => "SMT " + smt }, Role.Text));
        var wordRows = words.Height(Math.Max(page.Width - 4, 1));
        var map = CpuMap.Draw(
            _topology!, [.. sets.Where(s => s.Cpus is not null && s.Label != "online").Select(s => new CpuMapRow(s.Label, s.Cpus, CpuSet.Empty, Vcpus: 0))],
            new CpuMapStyle(Math.Max(page.Width - 4, 20), pen.Unicode));
        var height = 2 + sets.Count + wordRows + 1 + map.Lines.Count;
        var inner = pen.Frame(new Rect(page.X, page.Y, page.Width, height), "CPUs kept free");
        var y = inner.Y;
        foreach (var (label, text, _, role) in sets)
        {
            pen.Text(inner.X, y, label, Role.Label, inner.X + LabelWidth);
            pen.Text(inner.X + LabelWidth, y++, text, role, inner.Right);
        }

        ScrollText.Render(pen.Buffer, new Rect(inner.X, y, inner.Width, wordRows), words, new ScrollTextState(), pen.Unicode);
        y += wordRows + 1;
        foreach (var line in map.Lines)
        {
            HostPaneMap.DrawLine(pen, new Rect(inner.X, y++, inner.Width, 1), map, line with { Note = "" });
        }

        return height;
    }

    private sealed record Set(string Label, string Text, CpuSet? Cpus, Role Role);
}
