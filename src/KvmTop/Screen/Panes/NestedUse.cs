using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>Which VMs run guests of their own, by KVM's count of entries into nested guests (nested_run).</summary>
internal sealed class NestedUse
{
    private const int MostNames = 6;

    private readonly KvmCounterTable _table = new();
    private readonly List<User> _users = [];
    private readonly List<Unknown> _unknown = [];
    private int _without;

    /// <summary>Takes the counters of a snapshot.</summary>
    public void Update(Snapshot snapshot)
    {
        _users.Clear();
        _unknown.Clear();
        _without = 0;
        using var view = snapshot.Get(KvmStatsTopic.Instance).Value?.Open();
        foreach (var vm in VmRow.All(snapshot))
        {
            // Software emulation has no entries that KVM could count.
            if (vm.Vm.Info.Accelerator == "tcg")
            {
                continue;
            }

            _table.Clear(forget: false);
            var counted = view?.AddVm(vm.Vm.Info.Key, _table) == true && vm.Kvm?.Source is not null;
            if (!counted || _table.Find("nested_run") is not { IsPresent: true } runs)
            {
                _unknown.Add(new(vm.Vm.Info.Name, counted ? "this kernel does not count nested_run" : vm.Kvm is { } kvm ? kvm.Why ?? "no counters yet" : vm.KvmReason));
            }
            else if (runs.Total > 0)
            {
                _users.Add(new(vm.Vm.Info.Name, runs.PerSecond, runs.Total));
            }
            else
            {
                _without++;
            }
        }

        _users.Sort(static (a, b) => Rate(b).CompareTo(Rate(a)) is not 0 and var order ? order : string.CompareOrdinal(a.Name, b.Name));
    }

    /// <summary>Forgets what was known: nobody reads the counters while nothing can be nested.</summary>
    public void Clear()
    {
        _users.Clear();
        _unknown.Clear();
        _without = 0;
    }

    /// <summary>In a line: on or off, who uses it, who may.</summary>
    public void Summarise(TextDocument text, Capability nested)
    {
        var spans = new List<TextSpan> { new("nested  ", Role.Label), State(nested) };
        if (nested.State == CapabilityState.Yes)
        {
            spans.Add(new(_users.Count > 0 ? ", used by " : _unknown.Count > 0 && _without == 0 ? "" : ", used by none", Role.Text));
            for (var i = 0; i < Math.Min(_users.Count, MostNames); i++)
            {
                spans.Add(new((i > 0 ? ", " : "") + _users[i].Name, Role.Strong));
                spans.Add(new(" " + When(_users[i]), Role.Dim));
            }

            if (_users.Count > MostNames)
            {
                spans.Add(new(string.Create(CultureInfo.InvariantCulture, $", {_users.Count - MostNames} more"), Role.Text));
            }

            if (_unknown.Count > 0)
            {
                spans.Add(new(string.Create(CultureInfo.InvariantCulture, $"; of {_unknown.Count} VMs not known ({HostileText.Clean(_unknown[0].Why, 120)})"), Role.Disabled));
            }
        }

        text.Add(8, [.. spans]);
    }

    /// <summary>In full, VM by VM.</summary>
    public void Describe(TextDocument text, Capability nested)
    {
        text.Add("").Add("Nested virtualisation", Role.Title).Add(2, State(nested), new("  " + nested.Evidence, Role.Dim));
        if (nested.State != CapabilityState.Yes)
        {
            return;
        }

        foreach (var user in _users)
        {
            text.Add(4, new("  " + user.Name, Role.Strong), new("  entered guests of its own ", Role.Text), new(FigureFormat.ToText(Figure.Of(user.Total), Unit.Count), Role.Text), new(" times, " + When(user), Role.Dim));
        }

        if (_without > 0)
        {
            text.Add(string.Create(CultureInfo.InvariantCulture, $"  {_without} {(_without == 1 ? "VM has" : "VMs have")} never run a guest of {(_without == 1 ? "its" : "their")} own since {(_without == 1 ? "its" : "their")} vCPUs began"), Role.Dim);
        }

        foreach (var (name, why) in _unknown)
        {
            text.Add(4, new("  " + name, Role.Text), new("  not known: " + HostileText.Clean(why, 200), Role.Disabled));
        }
    }

    private static TextSpan State(Capability nested) => nested.State switch
    {
        CapabilityState.Yes => new("on", Role.Good),
        CapabilityState.Off => new("off: no guest can run guests", Role.Warn),
        CapabilityState.No => new("unsupported by this part of KVM", Role.Dim),
        _ => new("not known: " + nested.Evidence, Role.Disabled),
    };

    private static double Rate(User user) => double.IsNaN(user.PerSecond) ? -1 : user.PerSecond;

    private static string When(User user) =>
        user.PerSecond > 0 ? FigureFormat.ToText(Figure.Of(user.PerSecond), Unit.PerSecond) + "/s" : double.IsNaN(user.PerSecond) ? "at some time" : "earlier, not now";

    private sealed record User(string Name, double PerSecond, double Total);

    private sealed record Unknown(string Name, string Why);
}
