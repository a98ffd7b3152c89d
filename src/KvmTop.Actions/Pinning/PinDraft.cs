using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Gathers which threads of which VMs are to go where, and makes the plan of it: effects, what is in the way, who shares CPUs, and the map.</summary>
/// <param name="context">The moment and the host.</param>
internal sealed class PinDraft(ActionContext context)
{
    private readonly Cpusets _cpusets = new(context.Control.Files);
    private readonly List<PinVm> _vms = [];
    private readonly Dictionary<PinThread, CpuSet> _targets = [];
    private readonly List<Obstacle> _obstacles = [];
    private readonly List<string> _notes = [];
    private List<PinVm>? _others;

    /// <summary>The VMs that are to be changed.</summary>
    public IReadOnlyList<PinVm> Vms => _vms;

    /// <summary>The VMs that stay as they are, with their vCPUs.</summary>
    public IReadOnlyList<PinVm> Others => _others ??=
        [.. context.Vms.Select(v => v.Info).Where(v => _vms.TrueForAll(p => p.Info.Key != v.Key)).Select(v => PinVm.Read(context, v, PinKinds.Vcpus, null))];

    /// <summary>Takes a VM in. All its threads are looked at: those that stay show in the map.</summary>
    public PinVm Add(VmInfo info)
    {
        // libvirt keeps cpusets of its own and changes them with the pinning.
        var vm = PinVm.Read(context, info, PinKinds.All, info.Description.LibvirtOwned ? null : _cpusets);
        _vms.Add(vm);
        return vm;
    }

    /// <summary>A thread is to go there.</summary>
    public void Set(PinThread thread, CpuSet cpus) => _targets[thread] = cpus;

    /// <summary>Something that is good to know.</summary>
    public void Note(string note) => _notes.Add(note);

    /// <summary>Something stands in the way.</summary>
    public void Refuse(string reason, string? remedy = null) => _obstacles.Add(Obstacle.Refused(reason, remedy));

    /// <summary>Makes the plan.</summary>
    public ActionPlan ToPlan(string action, string title, IReadOnlyList<string> words)
    {
        var effects = new List<Effect>();
        foreach (var vm in _vms)
        {
            var changed = vm.Threads.Where(t => _targets.TryGetValue(t, out var cpus) && !cpus.Equals(t.Now)).ToList();
            if (changed.Count == 0)
                continue;
            if (vm.Info.Description.LibvirtOwned)
                AddLibvirt(effects, vm.Info, changed);
            else
                AddDirect(effects, vm.Info, changed);
        }

        var disturbs = FindShared();
        return new ActionPlan
        {
            Action = action,
            Title = title,
            Words = words,
            Effects = effects,
            Obstacles = _obstacles,
            Danger = disturbs.Count > 0 ? Danger.Disturbs : Danger.Low,
            Disturbs = disturbs,
            Notes = effects.Count > 0 ? [.. _notes, "It lasts as long as the VM runs."] : _notes,
            Drawing = effects.Count > 0 ? PinDrawing.Of(context.Topology, Rows(after: false), Rows(after: true)) : [],
        };
    }

    private void AddDirect(List<Effect> effects, VmInfo info, List<PinThread> changed)
    {
        foreach (var thread in changed)
        {
            var outside = _targets[thread].Except(thread.Limit);
            if (outside.Count > 0)
            {
                Refuse($"{info.Name}'s {thread.Label} may not use {outside}: its cpuset has {thread.Limit}");
                break;
            }
        }

        SetAffinityEffect Make(PinThread t, string who) => new(t.Thread.Tid, t.StartTime, who, t.Now.ToString(), _targets[t].ToString()) { MayEnd = t.MayEnd, Process = info.Key };
        effects.Add(changed.Count == 1 ? Make(changed[0], $"{info.Name} {changed[0].Label}") : new SetAffinitiesEffect(info.Name, [.. changed.Select(t => Make(t, t.Label))]));
    }

    /// <summary>What libvirt started is pinned by libvirt, which would put it back otherwise.</summary>
    private void AddLibvirt(List<Effect> effects, VmInfo info, List<PinThread> changed)
    {
        if (DomainOf(info) is not { } peer)
            return;
        void Add(string operation, PinThread thread, params string[] number) => effects.Add(
            new LibvirtEffect(peer.Domain!, peer.DomainName ?? info.Name, operation, [.. number, _targets[thread].ToString()])
            {
                Process = info.Key,
                UndoOperation = operation,
                UndoArguments = [.. number, thread.Now.ToString()],
            });
        foreach (var vcpu in changed.Where(t => t.Kind == PinKinds.Vcpus))
            Add("pin-vcpu", vcpu, vcpu.Thread.VcpuIndex.ToString(CultureInfo.InvariantCulture));
        foreach (var io in changed.Where(t => t.Kind == PinKinds.IoThreads))
        {
            if (IoThreadNumber(io.Thread.Name) is { } number)
                Add("pin-iothread", io, number);
            else
                Note($"{io.Thread.Name} has no number that libvirt knows: it stays where it is.");
        }

        // The emulator's threads are one thing to libvirt; the main thread tells where they are.
        var emulator = changed.Where(t => t.Kind == PinKinds.Emulator).ToList();
        if (emulator.Count > 0)
            Add("pin-emulator", emulator.Find(t => t.Thread.Role == ThreadRole.Main) ?? emulator[0]);
    }

    /// <summary>A VM that calls itself libvirt's, made sure of: libvirt must run the domain of its UUID as this very process. Null with the reason noted.</summary>
    private VmPeer? DomainOf(VmInfo info)
    {
        var peer = VmPeer.Of(info, context.Control);
        if (peer.Domain is null)
        {
            Refuse($"{info.Name} is libvirt's, and its command line has no uuid by which to name it");
            return null;
        }

        if (peer.Proven(context.Control, out var problem) is { } proven)
            return proven;
        _obstacles.Add(problem! with { Reason = $"{info.Name}: {problem.Reason}" });
        return null;
    }

    private static string? IoThreadNumber(string name)
    {
        const string prefix = "IO iothread";
        return name.StartsWith(prefix, StringComparison.Ordinal) && uint.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            ? n.ToString(CultureInfo.InvariantCulture) : null;
    }

    private CpuSet After(PinThread thread) => _targets.GetValueOrDefault(thread) ?? thread.Now;

    /// <summary>Who must wait for whom: CPUs of moved vCPUs to which vCPUs of others, or more than one of these, are pinned.</summary>
    private List<string> FindShared()
    {
        var disturbs = new List<string>();
        var moved = _vms.SelectMany(v => v.Vcpus).Where(t => _targets.TryGetValue(t, out var cpus) && !cpus.Equals(t.Now) && CpuMap.IsPinned(context.Topology, cpus)).ToList();
        var used = CpuSet.Of(moved.SelectMany(After));
        foreach (var other in Others)
        {
            var shared = CpuSet.Of(other.Vcpus.Where(t => CpuMap.IsPinned(context.Topology, t.Now)).SelectMany(t => t.Now)).Intersect(used);
            if (shared.Count > 0)
                disturbs.Add($"{Cpus(shared)} shared with {other.Info.Name}, which is pinned there too: the vCPUs wait for each other.");
        }

        var rows = _vms.SelectMany(v => v.Vcpus).Select(t => CpuMapRow.Of("", After(t), -1)).ToList();
        var claims = CpuMap.ClaimsOf(context.Topology, rows);
        var crowded = CpuSet.Of(used.Where(c => CpuMap.IsCrowded(claims.Of(c))));
        if (crowded.Count > 0)
            disturbs.Add($"There is not room for all: {Cpus(crowded)} shared by vCPUs of this plan.");
        return disturbs;
    }

    private static string Cpus(CpuSet cpus) => cpus.Count == 1 ? $"CPU {cpus} is" : $"CPUs {cpus} are";

    private List<CpuMapRow> Rows(bool after)
    {
        var rows = new List<CpuMapRow>();
        foreach (var vm in _vms)
        {
            var name = _vms.Count == 1 ? "" : NameOf(vm.Info) + " ";
            foreach (var thread in vm.Threads.Where(t => t.Kind != PinKinds.Emulator || t.Thread.Role == ThreadRole.Main))
            {
                var label = thread.Kind == PinKinds.Emulator ? "emulator" : IoThreadNumber(thread.Thread.Name) is { } io ? "IO " + io : thread.Label;
                rows.Add(new CpuMapRow(name + label, after ? After(thread) : thread.Now, CpuSet.Empty, thread.Kind == PinKinds.Vcpus ? 1 : 0));
            }
        }

        // They stay, and so are counted and not drawn.
        foreach (var vm in Others)
            rows.AddRange(vm.Vcpus.Select(t => new CpuMapRow(string.Create(CultureInfo.InvariantCulture, $"{vm.Info.Pid} {t.Thread.Tid}"), t.Now, CpuSet.Empty)));
        return rows;
    }

    /// <summary>Short enough for a map, and of one VM only: its rows are told apart by it.</summary>
    private string NameOf(VmInfo info)
    {
        const int longest = 7;
        var name = info.Name[..Math.Min(info.Name.Length, longest)];
        return context.Vms.Count(v => v.Info.Name.StartsWith(name, StringComparison.Ordinal)) == 1 ? name : info.Pid.ToString(CultureInfo.InvariantCulture);
    }
}
