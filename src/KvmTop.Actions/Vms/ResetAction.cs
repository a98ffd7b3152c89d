namespace KvmTop.Actions;

/// <summary>Resets VMs, like the button.</summary>
public sealed class ResetAction() : VmAction("vm reset")
{
    /// <inheritdoc/>
    public override char? Key => 'Z';

    /// <inheritdoc/>
    public override string Usage => "VM..";

    /// <inheritdoc/>
    public override string Summary => "Resets virtual machines at once, like the button.";

    /// <inheritdoc/>
    public override string Writes => "QMP system_reset; libvirt virDomainReset";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid; several may be given.
        """;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count > 0)
            yield return ActionChoice.Of($"Reset {Called(vms)}", [.. WordsFor(vms)]) with { DisabledReason = NobodyToAsk(context, vms) };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed || Find(context, parsed.Rest, out mistake) is not { } vms)
            return Mistake(words, mistake);

        var (effects, obstacles) = (new List<Effect>(), new List<Obstacle>());
        foreach (var vm in vms)
        {
            var peer = VmPeer.Of(vm, context.Control);
            if (peer.Route == VmRoute.Signal)
                obstacles.Add(MonitorObstacle(context, vm, null));
            else if (Reach(context, vm, obstacles, null) is { } reached)
                effects.Add(new VmCommandEffect(reached, VmCommandEffect.Reset));
        }

        return new ActionPlan
        {
            Action = Name,
            Title = $"Reset {Called(vms)}",
            Words = WordsFor(vms),
            Effects = effects,
            Obstacles = obstacles,
            Danger = Danger.Destroys,
            Confirm = ConfirmWord(vms),
            Disturbs = ["Its guest starts anew without shutting down: what it has not written to its disks is lost."],
        };
    }
}
