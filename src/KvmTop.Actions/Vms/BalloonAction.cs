using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Gives VMs more or less memory by their balloons.</summary>
public sealed class BalloonAction() : VmAction("vm balloon")
{
    /// <summary>Below an eighth of its memory a guest is more likely to die than to serve.</summary>
    private const int LeastShare = 8;

    private const ulong Least = 16 << 20;
    private const ulong Near = 1 << 20;

    /// <inheritdoc/>
    public override char? Key => 'B';

    /// <inheritdoc/>
    public override string Usage => "VM.. SIZE";

    /// <inheritdoc/>
    public override string Summary => "Gives virtual machines more or less memory by their balloons.";

    /// <inheritdoc/>
    public override string Writes => "QMP balloon; libvirt virDomainSetMemoryFlags";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid; several may be given.
          SIZE          What it shall have, as 2G or 1536M; between an eighth of the memory it was
                        started with and all of it. 'max' is all of it.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["max"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count == 0)
            yield break;
        var nobody = NobodyToAsk(context, vms);
        var most = vms.Count == 1 ? vms[0].Description.MemoryBytes : null;
        yield return new ActionChoice($"Set the memory of {Called(vms)}")
        {
            Detail = most is null ? null : $"of {ByteSize.Text(most.Value)}",
            DisabledReason = nobody,
            Fields = [new ActionField("Memory", most is null ? "as 2G or 1536M, or max" : $"{ByteSize.Text(Floor(most.Value))} to {ByteSize.Text(most.Value)}, or max")],
            Words = values => WordsFor(vms, values[0].Trim()),
        };
        yield return ActionChoice.Of($"Give {Called(vms)} all of its memory", [.. WordsFor(vms, "max")]) with { DisabledReason = nobody };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count < (context.Selection.Vms.Count > 0 ? 1 : 2))
            return Mistake(words, "expected a VM and a size");
        var size = parsed.Rest[^1];
        ulong? asked = size == "max" ? null : ByteSize.Parse(size);
        if (size != "max" && asked is null or 0)
            return Mistake(words, $"expected a size such as 2G or 1536M, found {HostileText.Clean(size, 40)}");
        if (Find(context, parsed.Rest.Take(parsed.Rest.Count - 1), out mistake) is not { } vms)
            return Mistake(words, mistake);

        var (effects, obstacles, notes) = (new List<Effect>(), new List<Obstacle>(), new List<string>());
        foreach (var vm in vms)
            Add(context, vm, asked, effects, obstacles, notes);
        return new ActionPlan
        {
            Action = Name,
            Title = $"Set the memory of {Called(vms)} to {(asked is { } bytes ? ByteSize.Text(bytes) : "all that it has")}",
            Words = WordsFor(vms, size),
            Effects = effects,
            Obstacles = obstacles,
            Danger = Danger.Disturbs,
            Disturbs = effects.OfType<BalloonEffect>().Any(e => e.To < e.From) ? ["Its guest gives up caches, then swaps, then ends programs, when it uses more than that."] : [],
            Notes = notes,
        };
    }

    private static ulong Floor(ulong most) => Math.Max(most / LeastShare, Math.Min(Least, most));

    private static void Add(ActionContext context, VmInfo vm, ulong? asked, List<Effect> effects, List<Obstacle> obstacles, List<string> notes)
    {
        var peer = VmPeer.Of(vm, context.Control);
        if (peer.Route == VmRoute.Signal)
        {
            obstacles.Add(MonitorObstacle(context, vm, null));
            return;
        }

        if (Reach(context, vm, obstacles, null) is not { } reached)
            return;
        peer = reached;
        if (BalloonEffect.ReadActual(context.Control, peer, out var problem) is not { } now)
        {
            obstacles.Add(problem! with { Reason = $"{vm.Name}: {problem.Reason}" });
            return;
        }

        if ((vm.Description.MemoryBytes ?? (asked is null ? null : ulong.MaxValue)) is not { } most)
        {
            obstacles.Add(Obstacle.Refused($"{vm.Name}: its command line does not say how much memory it has", "give a size"));
            return;
        }

        var to = asked ?? most;
        var least = most == ulong.MaxValue ? Least : Floor(most);
        if (to > most || to < least)
            obstacles.Add(Obstacle.Refused($"{vm.Name} was started with {ByteSize.Text(most)}: it can have {ByteSize.Text(least)} to {ByteSize.Text(most)}, not {ByteSize.Text(to)}"));
        else if ((to > now ? to - now : now - to) >= Near)
            effects.Add(new BalloonEffect(peer, now, to));
        if (effects.Count > 0 && peer.ReadState(context.Control, out _) is "paused" or "prelaunch")
            notes.Add($"{vm.Name} is paused: its guest cannot follow before it is resumed.");
    }
}
