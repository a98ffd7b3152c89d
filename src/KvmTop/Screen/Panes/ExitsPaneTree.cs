using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Whose counters the Exits pane shows: the host's, a VM's or a vCPU's.</summary>
/// <param name="Vm">The VM; null for the host.</param>
/// <param name="Vcpu">The vCPU's number; -1 for the whole VM.</param>
internal readonly record struct ExitsNode(VmKey? Vm, int Vcpu)
{
    /// <summary>All VMs together.</summary>
    public static ExitsNode Host => new(null, -1);
}

/// <summary>The host, its VMs and the vCPUs of the chosen one: a list to go through, and the panel that shows it.</summary>
internal sealed class ExitsPaneTree
{
    private readonly List<Line> _lines = [];
    private Rect _area;
    private int _offset;
    private double _most;

    /// <summary>What is chosen.</summary>
    public ExitsNode Node { get; private set; } = ExitsNode.Host;

    /// <summary>The chosen VM's row; null for the host, and when the VM has gone.</summary>
    public VmRow? Vm { get; private set; }

    /// <summary>The chosen vCPU's place among the VM's threads; -1 for none.</summary>
    public int Position { get; private set; } = -1;

    /// <summary>True when the chosen VM or vCPU is not there any more.</summary>
    public bool IsGone => Node.Vm is not null && (Vm is null || (Node.Vcpu >= 0 && Position < 0));

    /// <summary>Takes the VMs of a tick.</summary>
    public void Update(Snapshot snapshot)
    {
        _lines.Clear();
        (Vm, Position, _most) = (null, -1, 0);
        var kvm = snapshot.Get(KvmStatsTopic.Instance).Value;
        _lines.Add(new Line(ExitsNode.Host, "host", kvm?.ExitsPerSecond ?? double.NaN, 0));
        foreach (var vm in VmRow.All(snapshot))
        {
            var key = vm.Vm.Info.Key;
            var rate = vm.Kvm?.ExitsPerSecond ?? double.NaN;
            _most = Math.Max(_most, double.IsNaN(rate) ? 0 : rate);
            _lines.Add(new Line(new ExitsNode(key, -1), vm.Vm.Info.Name, rate, 1));
            if (key != Node.Vm)
            {
                continue;
            }

            Vm = vm;
            for (var i = 0; i < vm.Vm.Info.VcpuThreads; i++)
            {
                var vcpu = new VcpuRow(snapshot, vm.Vm, i);
                var number = vcpu.Load.Thread.VcpuIndex;
                Position = number == Node.Vcpu ? i : Position;
                _lines.Add(new Line(new ExitsNode(key, number), string.Create(CultureInfo.InvariantCulture, $"vcpu {number}"), vcpu.Kvm?.ExitsPerSecond ?? double.NaN, 2));
            }
        }
    }

    /// <summary>To the next or previous one of the same kind; from the host to the first VM and back. False when there is none.</summary>
    public bool MoveSideways(int step)
    {
        var level = Node.Vm is null ? 0 : Node.Vcpu < 0 ? 1 : 2;
        var at = _lines.FindIndex(l => l.Node == Node);
        for (var i = at + step; i >= 0 && i < _lines.Count; i += step)
        {
            // vCPUs end where the next VM begins; VMs begin after the host.
            if (_lines[i].Level == level || (level < 2 && _lines[i].Level + level == 1))
            {
                Node = _lines[i].Node;
                return true;
            }

            if (_lines[i].Level < level)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Into the VM with the most exits, or into the VM's first vCPU.</summary>
    public bool MoveIn()
    {
        var best = -1;
        for (var i = 0; i < _lines.Count; i++)
        {
            var line = _lines[i];
            if (Node.Vm is null ? line.Level == 1 && (best < 0 || line.Rate > _lines[best].Rate || double.IsNaN(_lines[best].Rate)) : best < 0 && line.Level == 2 && Node.Vcpu < 0)
            {
                best = i;
            }
        }

        if (best >= 0)
        {
            Node = _lines[best].Node;
        }

        return best >= 0;
    }

    /// <summary>From the vCPU to its VM, from the VM to the host.</summary>
    public bool MoveOut()
    {
        var was = Node;
        Node = Node.Vcpu >= 0 ? Node with { Vcpu = -1 } : ExitsNode.Host;
        return was != Node;
    }

    /// <summary>Chooses the line at a place of the screen.</summary>
    public bool Click(int x, int y)
    {
        if (!_area.Contains(x, y) || _offset + y - _area.Y >= _lines.Count)
        {
            return false;
        }

        Node = _lines[_offset + y - _area.Y].Node;
        return true;
    }

    /// <summary>Nothing is drawn: clicks go elsewhere.</summary>
    public void Hide() => _area = default;

    /// <summary>Draws the panel.</summary>
    public void Draw(Pen pen, Rect area)
    {
        _area = pen.Frame(area, "Where", "exits/s");
        var at = Math.Max(_lines.FindIndex(l => l.Node == Node), 0);
        _offset = Math.Clamp(Math.Clamp(_offset, at - _area.Height + 1, at), 0, Math.Max(_lines.Count - _area.Height, 0));
        for (var i = 0; i < _area.Height && _offset + i < _lines.Count; i++)
        {
            var line = _lines[_offset + i];
            var (y, surface) = (_area.Y + i, _offset + i == at && !IsGone ? Surface.Selected : Surface.Normal);
            pen.Buffer.Fill(new Rect(_area.X, y, _area.Width, 1), new Style(Role.Text, surface));
            var x = _area.X + (line.Level * 2);
            var role = line.Level switch { 0 => Role.Title, 1 => Role.Strong, _ => Role.Label };
            pen.Text(x, y, line.Name, new Style(role, surface), _area.Right - 8);
            pen.Number(_area.Right, y, line.Rate, Unit.PerSecond, 6, (line.Level == 1 && line.Rate > 0 && line.Rate >= _most ? (Style)Role.Accent : Pen.StyleOf(line.Rate)).On(surface));
        }
    }

    private sealed record Line(ExitsNode Node, string Name, double Rate, int Level);
}
