using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>Lets paused VMs go on.</summary>
public sealed class ResumeAction() : VmAction("vm resume")
{
    /// <inheritdoc/>
    public override char? Key => 'Z';

    /// <inheritdoc/>
    public override string Usage => "VM..";

    /// <inheritdoc/>
    public override string Summary => "Lets paused virtual machines go on.";

    /// <inheritdoc/>
    public override string Writes => "QMP cont; libvirt virDomainResume; SIGCONT to a process that was stopped by a signal";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid; several may be given.
        """;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count == 0)
            yield break;
        var why = All(context, vms, VmState.Running, VmState.Starting) ? "running already" : All(context, vms, VmState.Stopped) ? null : NobodyToAsk(context, vms);
        yield return ActionChoice.Of($"Resume {Called(vms)}", [.. WordsFor(vms)]) with { DisabledReason = why };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed || Find(context, parsed.Rest, out mistake) is not { } vms)
            return Mistake(words, mistake);

        var (effects, obstacles, notes) = (new List<Effect>(), new List<Obstacle>(), new List<string>());
        foreach (var vm in vms)
        {
            var peer = VmPeer.Of(vm, context.Control);
            if (peer.IsStopped(context.Control))
            {
                // Its monitor is stopped with it: what it says comes when it goes on.
                effects.Add(new VmStateEffect(peer.BySignal(), Pause: false, VmPeer.Stopped));
                if (SignalObstacle(context, vm) is { } denied)
                    obstacles.Add(denied);
                continue;
            }

            if (peer.Route == VmRoute.Signal)
            {
                if (All(context, [vm], VmState.Paused))
                    obstacles.Add(MonitorObstacle(context, vm, null));
                continue;
            }

            if (Reach(context, vm, obstacles, null) is not { } reached)
                continue;
            peer = reached;
            switch (peer.ReadState(context.Control, out var problem))
            {
                case null:
                    obstacles.Add(problem! with { Reason = $"{vm.Name}: {problem.Reason}" });
                    break;
                case "running":
                    break;
                case "inmigrate" or "finish-migrate" or "save-vm" or "restore-vm":
                    obstacles.Add(Obstacle.Refused($"{vm.Name} is being migrated, saved or restored"));
                    break;
                case "guest-panicked" or "crashed" or "internal-error" or "shutdown" or "off":
                    obstacles.Add(Obstacle.Refused($"{vm.Name} cannot go on: it has crashed or is off", $"kvmtop vm reset {vm.Pid}"));
                    break;
                case "suspended":
                    obstacles.Add(Obstacle.Refused($"{vm.Name} is asleep by its own power management: it must be woken, not resumed"));
                    break;
                case var state:
                    effects.Add(new VmStateEffect(peer, Pause: false, state));
                    if (state == "io-error")
                        notes.Add($"{vm.Name} was paused by an error of its disk: it tries again, and is paused again when that fails.");
                    break;
            }
        }

        return new ActionPlan { Action = Name, Title = $"Resume {Called(vms)}", Words = WordsFor(vms), Effects = effects, Obstacles = obstacles, Notes = notes };
    }
}
