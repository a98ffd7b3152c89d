using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>What an action is applied to when it comes from the screen: what is under the cursor, or all that is marked.</summary>
/// <param name="Vms">The VMs.</param>
/// <param name="Vcpu">The vCPU, when the cursor is on one of a single VM.</param>
/// <param name="Subject">What else is under the cursor: a module, a node, a domain; null for nothing.</param>
public sealed record ActionSelection(IReadOnlyList<VmInfo> Vms, int? Vcpu = null, string? Subject = null)
{
    /// <summary>Nothing is selected.</summary>
    public static ActionSelection Nothing { get; } = new([]);
}

/// <summary>What actions stand on: a moment, the selection, and the host.</summary>
public sealed class ActionContext
{
    private const int MostListed = 20;

    private readonly Lazy<CpuTopology> _topology;

    /// <param name="snapshot">The moment; it has the VMs and the machine at least.</param>
    /// <param name="control">The host.</param>
    /// <param name="selection">What is selected.</param>
    public ActionContext(Snapshot snapshot, HostControl control, ActionSelection? selection = null)
    {
        (Snapshot, Control, Selection) = (snapshot, control, selection ?? ActionSelection.Nothing);
        _topology = new(() => snapshot.Get(MachineTopic.Instance).Value?.Topology ?? CpuTopology.Read(control.Files));
    }

    /// <summary>The moment.</summary>
    public Snapshot Snapshot { get; }

    /// <summary>The host: to read more of it while planning, never to change it.</summary>
    public HostControl Control { get; }

    /// <summary>What is selected on the screen.</summary>
    public ActionSelection Selection { get; }

    /// <summary>The VMs of the moment.</summary>
    public IReadOnlyList<VmModel> Vms => Snapshot.Get(VmsTopic.Instance).Value?.Vms ?? [];

    /// <summary>CPUs and nodes.</summary>
    public CpuTopology Topology => _topology.Value;

    /// <summary>The VM that a word means: a name, a UUID, a pid, or a part of one name only. Null, and why, when there is none or more than one.</summary>
    /// <param name="word">The word.</param>
    /// <param name="problem">Why there is none.</param>
    /// <param name="whole">A part of a name does not do: what ends web10 when web1 is gone already.</param>
    public VmInfo? FindVm(string word, out string problem, bool whole = false)
    {
        var all = Vms.Select(v => v.Info).ToList();
        var found = VmLookup.Find(all, word, whole);
        var shown = HostileText.Clean(word, 80);
        problem = found.Count switch
        {
            1 => "",
            0 when all.Count == 0 => "there are no virtual machines on this host that this user can see",
            0 => $"no VM is called {shown}, has that UUID or that pid; there are {List(all)}",
            _ => $"{shown} is more than one VM, give the pid: {List(found)}",
        };
        return found.Count == 1 ? found[0] : null;
    }

    /// <summary>How the words name a VM so that no other can be meant.</summary>
    public static string WordOf(VmInfo vm) => vm.Pid.ToString(CultureInfo.InvariantCulture);

    private static string List(List<VmInfo> vms) =>
        string.Join(", ", vms.Take(MostListed).Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Name} ({v.Pid})"))) + (vms.Count > MostListed ? ", .." : "");
}
