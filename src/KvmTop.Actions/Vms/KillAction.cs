namespace KvmTop.Actions;

/// <summary>Ends VMs at once.</summary>
public sealed class KillAction() : VmAction("vm kill")
{
    private const string SignalFlag = "--signal";

    /// <inheritdoc/>
    public override char? Key => 'K';

    /// <inheritdoc/>
    public override string Usage => "VM.. [--signal]";

    /// <inheritdoc/>
    public override string Summary => "Ends virtual machines at once, like pulling the plug.";

    /// <inheritdoc/>
    public override string Writes => "QMP quit, then SIGTERM, then SIGKILL to its process by a pidfd; libvirt virDomainDestroy";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid; several may be given.
          --signal      By signals alone: ask neither its monitor nor libvirt.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [SignalFlag];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count > 0)
            yield return ActionChoice.Of($"Kill {Called(vms)} at once", [.. WordsFor(vms)]);
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [SignalFlag], [], out var mistake) is not { } parsed || Find(context, parsed.Rest, out mistake) is not { } vms)
            return Mistake(words, mistake);

        var signal = parsed.Has(SignalFlag);
        var (effects, obstacles, notes) = (new List<Effect>(), new List<Obstacle>(), new List<string>());
        foreach (var vm in vms)
        {
            var peer = VmPeer.Of(vm, context.Control);
            if (signal && peer.Route == VmRoute.Libvirt)
                notes.Add($"{vm.Name} is libvirt's: libvirt finds out afterwards.");
            if (signal)
                peer = peer.BySignal();
            else if (Reach(context, vm, obstacles, "--signal ends its process without libvirt") is { } reached)
                peer = reached;
            else
                continue;
            if (peer.Route == VmRoute.Signal && SignalObstacle(context, vm) is { } denied)
                obstacles.Add(denied);
            effects.Add(new KillVmEffect(peer));
        }

        return new ActionPlan
        {
            Action = Name,
            Title = $"Kill {Called(vms)}",
            Words = WordsFor(vms, signal ? [SignalFlag] : []),
            Effects = effects,
            Obstacles = obstacles,
            Danger = Danger.Destroys,
            Confirm = ConfirmWord(vms),
            Disturbs = ["Its guest is cut off: its memory, and what it has not written to its disks, is lost."],
            Notes = notes,
        };
    }
}
