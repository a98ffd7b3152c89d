using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Who is pinned where: physical CPUs against vCPUs.</summary>
internal sealed class HostPaneMap() : HostSection('m', "Map")
{
    private const int MostLists = 4096;

    private readonly Dictionary<string, CpuSet> _lists = [];
    private readonly List<CpuMapRow> _rows = [];
    private readonly List<CpuMapRow> _everyVcpu = [];
    private CpuTopology? _topology;
    private CpuSet _isolated = CpuSet.Empty;
    private CpuMap? _map;
    private int _width;
    private string? _reason;
    private bool _allVcpus;
    private bool _byCore;

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [VmsTopic.Instance, VcpuTimesTopic.Instance, VcpuPlacementTopic.Instance, MachineTopic.Instance, CpuLayoutTopic.Instance];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [new("v", _allVcpus ? "VMs" : "vCPUs"), new("k", _byCore ? "Numbers" : "Cores")];

    /// <inheritdoc/>
    public override bool HasHead => true;

    /// <inheritdoc/>
    public override void Update(Ui ui)
    {
        var (vms, machine) = (ui.Snapshot.Get(VmsTopic.Instance), ui.Snapshot.Get(MachineTopic.Instance));
        _topology = machine.Value?.Topology;
        _isolated = ui.Snapshot.Get(CpuLayoutTopic.Instance).Value?.Isolation.AllIsolated ?? CpuSet.Empty;
        _reason = vms.Value is null ? vms.Reason ?? "not read yet" : _topology is null ? machine.Reason ?? "not read yet" : null;
        _map = null;
        _rows.Clear();
        if (_reason is not null)
        {
            return;
        }

        if (_lists.Count > MostLists)
        {
            _lists.Clear();
        }

        var seen = 0;
        foreach (var vm in VmRow.All(ui.Snapshot))
        {
            _everyVcpu.Clear();
            foreach (var vcpu in VcpuRow.Of(vm))
            {
                var label = string.Create(CultureInfo.InvariantCulture, $"{vm.Vm.Info.Name}/{vcpu.Load.Thread.VcpuIndex}");
                _everyVcpu.Add(CpuMapRow.Of(label, Allowed(vcpu.Placement?.Affinity), vcpu.Times?.Cpu ?? -1));
            }

            seen += _everyVcpu.Count;
            AddRows(vm.Vm.Info.Name);
        }

        _reason = seen == 0 ? "no vCPU runs, or they could not be told apart" : null;
        var claims = CpuMap.ClaimsOf(_topology!, _rows);
        _rows.Sort((a, b) => Order(a, claims) is var x && Order(b, claims) is var y && x != y ? x.CompareTo(y) : string.CompareOrdinal(a.Label, b.Label));
    }

    /// <inheritdoc/>
    public override int DrawHead(Pen pen, Rect area)
    {
        if (_reason is not null)
        {
            return 0;
        }

        var map = Map(area.Width - 2, pen.Unicode);
        var text = new TextDocument();
        foreach (var problem in map.Problems)
        {
            text.Add(2, new(pen.Unicode ? "● " : "! ", Role.Critical), new(problem, Role.Text));
        }

        text.Add(map.Legend, Role.Dim);
        var rows = Math.Min(text.Height(area.Width - 2), Math.Max(area.Height / 3, 1));
        ScrollText.Render(pen.Buffer, new Rect(area.X + 1, area.Y, area.Width - 2, rows), text, new ScrollTextState(), pen.Unicode);
        if (map.Bands.Count > 1)
        {
            return rows;
        }

        foreach (var line in map.Lines.Take(map.HeadingRows))
        {
            DrawLine(pen, new Rect(area.X + 1, area.Y + rows++, area.Width - 2, 1), map, line);
        }

        return rows;
    }

    /// <inheritdoc/>
    public override int Draw(Pen pen, Rect page)
    {
        if (_reason is not null)
        {
            pen.Text(page.X + 1, page.Y, $"Map: {_reason}", Role.Disabled, page.Right);
            return 1;
        }

        var map = Map(page.Width - 1, pen.Unicode);
        var first = map.Bands.Count > 1 ? 0 : map.HeadingRows;
        for (var i = first; i < map.Lines.Count; i++)
        {
            DrawLine(pen, new Rect(page.X + 1, page.Y + i - first, page.Width - 1, 1), map, map.Lines[i]);
        }

        return map.Lines.Count - first;
    }

    /// <inheritdoc/>
    public override bool Handle(InputEvent input)
    {
        if (input.Is('v'))
        {
            _allVcpus = !_allVcpus;
        }
        else if (input.Is('k'))
        {
            _byCore = !_byCore;
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help) => help
        .Add(9, new("v        ", Role.Key), new("a line for each vCPU, or for the vCPUs of a VM together that may run on the same CPUs", Role.Text))
        .Add(9, new("k        ", Role.Key), new("CPUs by their numbers, or threads of one core side by side", Role.Text))
        .Add(9, new("marks    ", Role.Strong), new("where a vCPU may run (Cpus_allowed_list of /proc/PID/task/TID/status, every 5 s) and where it ran last (field 39 of stat). ! ran where it may not: it was pinned since and has not run yet.", Role.Text))
        .Add(9, new("pinned   ", Role.Strong), new("a vCPU that may run on fewer CPUs than a NUMA node has. It claims its part of each of them: half of each of two. Where the claims on a CPU are more than one, vCPUs wait for each other while others may be idle: the number above stands out, and so do the marks. i: isolated CPUs.", Role.Text));

    /// <summary>Draws a line of a map.</summary>
    public static void DrawLine(Pen pen, Rect row, CpuMap map, CpuMapLine line)
    {
        pen.Text(row.X, row.Y, line.Label, Role.Label, Math.Min(row.X + map.LabelWidth - 1, row.Right));
        var x = row.X + map.LabelWidth;
        for (var i = 0; i < line.Cells.Length && x + i < row.Right; i++)
        {
            if (line.Inks[i] != CpuMapInk.None)
            {
                pen.Buffer.Set(x + i, row.Y, line.Cells[i], RoleOf(line.Inks[i]));
            }
        }

        var note = x + map.Bands.Max(b => b.Width) + 2;
        if (note + 4 <= row.Right)
        {
            pen.Text(note, row.Y, line.Note, Role.Dim, row.Right);
        }
    }

    private static Role RoleOf(CpuMapInk ink) => ink switch
    {
        CpuMapInk.Heading => Role.Heading,
        CpuMapInk.Number => Role.Label,
        CpuMapInk.Isolated => Role.Accent2,
        CpuMapInk.Pinned or CpuMapInk.Added => Role.Good,
        CpuMapInk.Crowded or CpuMapInk.RunningCrowded => Role.Critical,
        CpuMapInk.Running => Role.Strong,
        CpuMapInk.Astray => Role.Warn,
        _ => Role.Dim,
    };

    private CpuMap Map(int width, bool unicode)
    {
        if (_map is null || _width != width)
        {
            (_width, _map) = (width, CpuMap.Draw(_topology!, _rows, new CpuMapStyle(Math.Max(width, 1), unicode) { ByCore = _byCore, Isolated = _isolated }));
        }

        return _map;
    }

    private void AddRows(string name)
    {
        if (_allVcpus)
        {
            _rows.AddRange(_everyVcpu);
            return;
        }

        var groups = _everyVcpu.GroupBy(r => r.Allowed).ToList();
        foreach (var group in groups)
        {
            var rows = group.ToList();
            _rows.Add(groups.Count > 1 && rows.Count == 1 ? rows[0] : new CpuMapRow(
                groups.Count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name} x{rows.Count}"), group.Key, CpuSet.Of(rows.SelectMany(r => r.Last)), rows.Count));
        }
    }

    /// <summary>Those that crowd each other first, then those that are pinned, by their CPUs; then all others.</summary>
    private (int Kind, int First, int Count) Order(CpuMapRow row, CpuClaims claims) =>
        row.Allowed is not { } allowed || !CpuMap.IsPinned(_topology!, allowed) ? (2, 0, 0) : (allowed.Any(c => CpuMap.IsCrowded(claims.Of(c))) ? 0 : 1, allowed.First, allowed.Count);

    private CpuSet? Allowed(string? list)
    {
        if (list is null)
        {
            return null;
        }

        if (!_lists.TryGetValue(list, out var set))
        {
            if (!CpuSet.TryParse(list, out set))
            {
                return null;
            }

            _lists.Add(list, set);
        }

        return set;
    }
}
