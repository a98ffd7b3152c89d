using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Pins threads of VMs to CPUs: by hand, or by a plan that looks at cores, nodes and who is pinned already.</summary>
public sealed class PinAction() : HostAction("pin")
{
    private static readonly (PinMode Mode, string Word, string Choice, string Title)[] s_modes =
    [
        (PinMode.Spread, "spread", "Plan: one vCPU per core, near the memory", "Spread over cores"),
        (PinMode.Compact, "compact", "Plan: close together, in few cores and caches", "Pack together"),
        (PinMode.Node, "node", "Plan: anywhere on the node of the memory", "Keep to the node of the memory"),
    ];

    /// <inheritdoc/>
    public override char? Key => 'P';

    /// <inheritdoc/>
    public override string Usage => "VM [VCPU] CPUS | VM --emulator|--iothreads CPUS | VM.. --plan spread|compact|node [--node N]";

    /// <inheritdoc/>
    public override string Summary => "Pins vCPUs and other threads of VMs to CPUs, by hand or by a plan.";

    /// <inheritdoc/>
    public override string Writes => "sched_setaffinity(2) of each thread; guests of libvirt through it: virDomainPinVcpuFlags, virDomainPinEmulator, virDomainPinIOThread";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, a part of it that no other has, its UUID or pid.
          VCPU          The number of a vCPU, or a list as 0,2-3; without it all of them.
          CPUS          A list as 0-3,8, a node as node1, or all.
          --vcpus --emulator --iothreads
                        Which threads: by hand the vCPUs unless said otherwise, by plan all.
                        Emulator threads are all that run neither a vCPU nor an I/O thread.
          --plan spread One vCPU per physical core near the VM's memory, the other threads of
                        a core last; emulator and I/O threads on what is left of the node.
          --plan compact  Close together: core by core, cache by cache, node by node.
          --plan node   Anywhere on the node of its memory.
          --node N      This node, wherever the memory is.
          Plans keep off CPUs to which other VMs are pinned; several VMs are placed together.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["--plan", "spread", "compact", "node", "--node", "--vcpus", "--emulator", "--iothreads"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count == 0)
        {
            yield return new ActionChoice("Pin vCPUs to CPUs") { Words = _ => [Name], DisabledReason = "put the cursor on a virtual machine" };
            yield break;
        }

        var names = vms.Select(ActionContext.WordOf).ToArray();
        var unknown = vms.FirstOrDefault(v => v.VcpuThreads == 0) is { } without ? $"{without.Name}: {without.VcpuSource}" : null;
        foreach (var (_, word, choice, _) in s_modes)
            yield return ActionChoice.Of(choice, [Name, .. names, "--plan", word]) with { DisabledReason = unknown };

        var vm = vms[0];
        var many = vms.Count > 1 ? $"{vms.Count} VMs are marked: by hand one at a time" : null;
        var cpus = new ActionField("CPUs", CpuWords.Hint);
        var seen = PinVm.Read(context, vm, PinKinds.All, null);
        if (context.Selection.Vcpus is { Count: > 0 } vcpus)
        {
            var number = vcpus.ToString();
            yield return new ActionChoice($"{(vcpus.Count == 1 ? "vCPU" : "vCPUs")} {number} to CPUs..")
            {
                Detail = Now(context, seen, t => vcpus.Contains(t.Thread.VcpuIndex)),
                DisabledReason = many ?? unknown,
                Fields = [cpus],
                Words = v => [Name, names[0], number, v[0]],
            };
        }

        yield return new ActionChoice("All vCPUs to CPUs..")
        {
            Detail = Now(context, seen, t => t.Kind == PinKinds.Vcpus),
            DisabledReason = many ?? unknown,
            Fields = [cpus],
            Words = v => [Name, names[0], v[0]],
        };
        yield return new ActionChoice("One vCPU to CPUs..")
        {
            DisabledReason = many ?? unknown,
            Fields = [new ActionField("vCPU", "its number, or a list") { Initial = "0" }, cpus],
            Words = v => [Name, names[0], v[0], v[1]],
        };
        yield return new ActionChoice("Emulator threads to CPUs..")
        {
            Detail = Now(context, seen, t => t.Thread.Role == ThreadRole.Main),
            DisabledReason = many,
            Fields = [cpus],
            Words = v => [Name, names[0], "--emulator", v[0]],
        };
        yield return new ActionChoice("I/O threads to CPUs..")
        {
            Detail = Now(context, seen, t => t.Kind == PinKinds.IoThreads),
            DisabledReason = many ?? (seen.Threads.Any(t => t.Kind == PinKinds.IoThreads) ? null : "it has none"),
            Fields = [cpus],
            Words = v => [Name, names[0], "--iothreads", v[0]],
        };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, PinWords.Flags, ["--plan", "--node"], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        var kinds = PinWords.Kinds(parsed);
        if (parsed.Value("--plan") is { } plan)
        {
            var mode = Array.FindIndex(s_modes, m => m.Word == plan);
            return mode < 0 ? Mistake(words, $"--plan: expected spread, compact or node, found {HostileText.Clean(plan, 40)}")
                : ByPlan(context, words, parsed, s_modes[mode].Mode, s_modes[mode].Title, kinds);
        }

        return ByHand(context, words, parsed, kinds == PinKinds.None ? PinKinds.Vcpus : kinds);
    }

    private static string? Now(ActionContext context, PinVm vm, Func<PinThread, bool> which)
    {
        const int longest = 20;
        var sets = vm.Threads.Where(which).Select(t => t.Now).Distinct().ToList();
        return sets.Count == 0 ? null : sets.Count > 1 ? $"now {sets.Count} different" : sets[0].Equals(context.Topology.Online) ? "now any"
            : $"now {(sets[0].ToString() is { Length: > longest } list ? list[..longest] + ".." : sets[0].ToString())}";
    }

    private ActionPlan ByHand(ActionContext context, IReadOnlyList<string> words, ActionWords parsed, PinKinds kinds)
    {
        // --node N stands for the CPUs.
        List<string> rest = [.. parsed.Rest];
        if (parsed.Value("--node") is { } node)
            rest.Add("node" + node);
        if (rest.Count == 1 && context.Selection.Vms.Count > 0)
        {
            if (context.Selection.Vms is not [var chosen])
                return Mistake(words, $"{context.Selection.Vms.Count} VMs are marked: by hand one at a time; several are placed with --plan");
            rest.Insert(0, ActionContext.WordOf(chosen));
            words = [ActionContext.WordOf(chosen), .. words];
        }

        if (rest.Count is < 2 or > 3)
            return Mistake(words, rest.Count == 0 ? "expected the name of a VM" : rest.Count == 1 ? "expected CPUs, or --plan" : "expected a VM, a vCPU and CPUs; several VMs are placed with --plan");
        if (context.FindVm(rest[0], out var problem) is not { } info)
            return Mistake(words, problem);

        CpuSet? numbers = null;
        if (rest.Count == 3)
        {
            if (kinds != PinKinds.Vcpus)
                return Mistake(words, "a vCPU's number goes with vCPUs only");
            if (rest[1].Length == 0 || !CpuSet.TryParse(rest[1], out numbers))
                return Mistake(words, $"expected the number of a vCPU, found {HostileText.Clean(rest[1], 40)}; several VMs are placed with --plan");
        }

        if (CpuWords.Parse(context, rest[^1], out var obstacle) is not { } cpus)
        {
            return obstacle!.Kind == ObstacleKind.Mistake ? Mistake(words, obstacle.Reason)
                : Refuse(words, $"Pin {info.Name} to {HostileText.Clean(rest[^1], 60)}", obstacle.Reason, obstacle.Remedy);
        }

        var draft = new PinDraft(context);
        var vm = draft.Add(info);
        var threads = vm.Threads.Where(t => (kinds & t.Kind) != 0 && numbers?.Contains(t.Thread.VcpuIndex) != false).ToList();
        var title = $"Pin {info.Name}'s {PinWords.Describe(kinds, threads, numbers)} to {(cpus.Count == 1 ? "CPU" : "CPUs")} {cpus}";
        if (numbers is not null && numbers.Except(CpuSet.Of(vm.Vcpus.Select(t => t.Thread.VcpuIndex))) is { Count: > 0 } absent)
            return Mistake(words, vm.Vcpus.Any() ? $"{info.Name} has vCPUs {CpuSet.Of(vm.Vcpus.Select(t => t.Thread.VcpuIndex))}, and no {absent}" : PinWords.WhyNone(info, PinKinds.Vcpus));
        if (threads.Count == 0)
            return Refuse(words, title, PinWords.WhyNone(info, kinds));

        foreach (var thread in threads)
            draft.Set(thread, cpus);
        if (kinds.HasFlag(PinKinds.Vcpus))
            NoteMemory(context, draft, info, cpus);
        return draft.ToPlan(Name, title, WithName(words));
    }

    private static void NoteMemory(ActionContext context, PinDraft draft, VmInfo info, CpuSet cpus)
    {
        if (MemoryNodes.Of(context, info, out _) is not { Count: > 0 } memory)
            return;
        var nodes = CpuSet.Of(cpus.Select(c => context.Topology.NodeOf(c) ?? -1));
        double all = memory.Sum(m => (double)m.Bytes), near = memory.Where(m => nodes.Contains(m.Node)).Sum(m => (double)m.Bytes);
        if (all > 0 && near < all / 2)
            draft.Note(string.Create(CultureInfo.InvariantCulture, $"{100 - (near * 100 / all):0} % of its memory is on other nodes, and stays there: it will be slower."));
    }

    private ActionPlan ByPlan(ActionContext context, IReadOnlyList<string> words, ActionWords parsed, PinMode mode, string title, PinKinds kinds)
    {
        kinds = kinds == PinKinds.None ? PinKinds.All : kinds;
        int? node = null;
        if (parsed.Value("--node") is { } asked)
        {
            if (CpuWords.NodeOf(context.Topology, asked, out var obstacle) is null)
                return obstacle!.Kind == ObstacleKind.Mistake ? Mistake(words, obstacle.Reason) : Refuse(words, title, obstacle.Reason);
            node = int.Parse(asked, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        if (context.FindVms(parsed.Rest, out var problem) is not { } infos)
            return Mistake(words, problem);
        words = parsed.Rest.Count > 0 ? words : [.. infos.Select(ActionContext.WordOf), .. words];
        title = $"{title}{(node is { } n ? string.Create(CultureInfo.InvariantCulture, $" (node {n})") : "")}: {string.Join(", ", infos.Select(i => i.Name))}";
        if (infos.FirstOrDefault(i => i.VcpuThreads == 0) is { } without)
            return Refuse(words, title, PinWords.WhyNone(without, PinKinds.Vcpus));

        var draft = new PinDraft(context);
        var wishes = new List<PinWish>();
        foreach (var info in infos)
        {
            var vm = draft.Add(info);
            if (!vm.Vcpus.Any())
                return Refuse(words, title, $"{info.Name} has ended, or its threads may not be seen");
            var memory = MemoryNodes.Of(context, info, out var why);
            if (why is not null && node is null)
                draft.Note($"Placed where there is room: {why}.");

            // Threads are called what their process likes: two may claim the same vCPU.
            var vcpus = vm.Vcpus.DistinctBy(t => t.Thread.VcpuIndex).ToList();
            wishes.Add(new PinWish([.. vcpus.Select(t => t.Thread.VcpuIndex)], vm.Limit, memory)
            {
                Fixed = kinds.HasFlag(PinKinds.Vcpus) ? null : vcpus.ToDictionary(t => t.Thread.VcpuIndex, t => t.Now),
            });
        }

        var places = new PinPlanner(PinHost.Read(context, draft.Others), mode, node).Place(wishes);
        for (var i = 0; i < places.Count; i++)
            Take(context, draft, draft.Vms[i], places[i], kinds);
        return draft.ToPlan(Name, title, WithName(words));
    }

    private static void Take(ActionContext context, PinDraft draft, PinVm vm, PinPlace place, PinKinds kinds)
    {
        foreach (var thread in vm.Threads.Where(t => (kinds & t.Kind) != 0))
            draft.Set(thread, thread.Kind == PinKinds.Vcpus ? place.Vcpus[thread.Thread.VcpuIndex] : place.Others);
        foreach (var home in place.Home.Keys.GroupBy(v => place.Home[v]))
        {
            var away = CpuSet.Of(home.Where(v => place.Vcpus[v].All(c => context.Topology.NodeOf(c) != home.Key)));
            if (away.Count > 0)
                draft.Note(string.Create(CultureInfo.InvariantCulture, $"{vm.Info.Name}: vCPUs {away} go to another node than {home.Key}, where they should be: no CPU is free there."));
        }

        if (place.OthersShare && (kinds & ~PinKinds.Vcpus) != 0)
            draft.Note($"{vm.Info.Name}: no CPU is left for emulator and I/O threads; they share {place.Others} with vCPUs.");
    }
}
