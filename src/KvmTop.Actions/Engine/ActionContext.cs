using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>What an action is applied to when it comes from the screen: what is under the cursor, or all that is marked.</summary>
/// <param name="Vms">The VMs.</param>
/// <param name="Vcpus">The vCPUs, when only such of a single VM are marked or under the cursor.</param>
/// <param name="Subject">What else is under the cursor: a module, a node, a domain; null for nothing.</param>
public sealed record ActionSelection(IReadOnlyList<VmInfo> Vms, CpuSet? Vcpus = null, string? Subject = null)
{
    /// <summary>What is marked and cannot be acted on, a sentence each.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Nothing is selected.</summary>
    public static ActionSelection Nothing { get; } = new([]);
}

/// <summary>What actions stand on: a moment, the selection, and the host.</summary>
public sealed class ActionContext
{
    private const int MostListed = 20;

    private readonly Lazy<CpuTopology> _topology;
    private readonly List<VmInfo> _meant = [];
    private readonly List<string> _remarks = [];
    private bool _toldLeftOut;

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

    /// <summary>The VMs that words were found to mean, each once: what a plan is about.</summary>
    public IReadOnlyList<VmInfo> Meant => _meant;

    /// <summary>What is good to know about how they were found: others of the same name, marked ones that are gone.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>The VM that a word means: one that was chosen on the screen, a pid, a UUID, a name, or a part of one name only. Null, and why, when there is none or more than one.</summary>
    /// <param name="word">The word.</param>
    /// <param name="problem">Why there is none.</param>
    /// <param name="whole">A part of a name does not do: what ends web10 when web1 is gone already.</param>
    public VmInfo? FindVm(string word, out string problem, bool whole = false)
    {
        var all = Vms.Select(v => v.Info).ToList();
        if (Chosen(word) is { } chosen)
        {
            // What was chosen is a process, not what its number or name means by now.
            var same = all.Find(v => v.Key == chosen.Key);
            problem = same is null ? string.Create(CultureInfo.InvariantCulture, $"{chosen.Name} (pid {chosen.Pid}) has ended") : "";
            return same is null ? null : Mean(same, []);
        }

        var (found, others) = VmLookup.Find(all, word, Control.Actor.Uid, whole);
        var shown = HostileText.Clean(word, 80);
        problem = found.Count switch
        {
            1 => "",
            0 when all.Count == 0 => "there are no virtual machines on this host that this user can see",
            0 => $"no VM is called {shown}, has that UUID or that pid; there are {List(all)}",
            _ => $"{shown} is more than one VM, give the pid: {List(found)}",
        };
        return found.Count == 1 ? Mean(found[0], others) : null;
    }

    /// <summary>The VMs that words mean, each once; without words those that are chosen on the screen. Null, and why, when one is not clear.</summary>
    public IReadOnlyList<VmInfo>? FindVms(IEnumerable<string> words, out string problem, bool whole = false)
    {
        problem = "expected the name, UUID or pid of a VM";
        var named = words.ToList();
        if (named.Count == 0)
            named.AddRange(Selection.Vms.Select(WordOf));
        var found = new List<VmInfo>();
        foreach (var word in named)
        {
            if (FindVm(word, out problem, whole) is { } vm)
            {
                if (!found.Exists(f => f.Key == vm.Key))
                    found.Add(vm);
            }
            else if (named.Count > 1 && Chosen(word) is not null)
            {
                _remarks.Add($"{problem}: it is left out.");
            }
            else
            {
                return null;
            }
        }

        return found.Count > 0 ? found : null;
    }

    /// <summary>The one VM that a word means, or without a word the one that is chosen on the screen.</summary>
    public VmInfo? FindOne(string? word, out string problem, bool whole = false)
    {
        problem = Selection.Vms.Count == 0 ? "expected the name, UUID or pid of a VM" : $"{Selection.Vms.Count} VMs are marked, and this takes one at a time";
        return word is not null ? FindVm(word, out problem, whole) : Selection.Vms is [var vm] ? FindVm(WordOf(vm), out problem, whole) : null;
    }

    /// <summary>How the words name a VM so that no other can be meant.</summary>
    public static string WordOf(VmInfo vm) => vm.Pid.ToString(CultureInfo.InvariantCulture);

    private VmInfo? Chosen(string word)
    {
        foreach (var vm in Selection.Vms)
        {
            if (WordOf(vm) == word)
                return vm;
        }

        return null;
    }

    private VmInfo Mean(VmInfo vm, IReadOnlyList<VmInfo> others)
    {
        if (_meant.Exists(m => m.Key == vm.Key))
            return vm;
        _meant.Add(vm);
        if (others.Count > 0)
            _remarks.Add($"{List(others)} {(others.Count == 1 ? "answers" : "answer")} to the same word, and {(others.Count == 1 ? "is" : "are")} not meant.");
        foreach (var left in Chosen(WordOf(vm)) is null || _toldLeftOut ? [] : Selection.LeftOut)
            _remarks.Add(left);
        _toldLeftOut |= Chosen(WordOf(vm)) is not null;
        return vm;
    }

    private static string List(IReadOnlyList<VmInfo> vms) =>
        string.Join(", ", vms.Take(MostListed).Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Name} ({v.Pid}{(v.User is null ? "" : $", {v.User}")})"))) + (vms.Count > MostListed ? ", .." : "");
}
