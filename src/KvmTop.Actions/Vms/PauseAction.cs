using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>Pauses VMs.</summary>
public sealed class PauseAction() : VmAction("vm pause")
{
    private const string SignalFlag = "--signal";

    /// <inheritdoc/>
    public override char? Key => 'Z';

    /// <inheritdoc/>
    public override string Usage => "VM.. [--signal]";

    /// <inheritdoc/>
    public override string Summary => "Pauses virtual machines.";

    /// <inheritdoc/>
    public override string Writes => "QMP stop; libvirt virDomainSuspend; with --signal SIGSTOP to its process";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid; several may be given.
          --signal      Stop its whole process by SIGSTOP: for a VM without a monitor. Its devices, its
                        console and its network stand still as well.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [SignalFlag];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count == 0)
            yield break;
        var nobody = NobodyToAsk(context, vms);
        var paused = All(context, vms, VmState.Paused, VmState.Stopped);
        yield return ActionChoice.Of($"Pause {Called(vms)}", [.. WordsFor(vms)]) with { DisabledReason = paused ? "paused already" : nobody };
        if (nobody is not null && !paused)
            yield return ActionChoice.Of($"Pause {Called(vms)} by SIGSTOP to its whole process", [.. WordsFor(vms, SignalFlag)]);
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
            if (peer.IsStopped(context.Control))
            {
                notes.Add($"{vm.Name}: its process is stopped by a signal already.");
                continue;
            }

            const string remedy = "--signal stops its whole process";
            if (signal)
            {
                peer = peer.BySignal();
                if (SignalObstacle(context, vm) is { } denied)
                    obstacles.Add(denied);
            }
            else if (peer.Route == VmRoute.Signal)
            {
                obstacles.Add(MonitorObstacle(context, vm, remedy));
                continue;
            }
            else if (Reach(context, vm, obstacles, remedy) is { } reached)
            {
                peer = reached;
            }
            else
            {
                continue;
            }

            switch (peer.ReadState(context.Control, out var problem))
            {
                case null:
                    obstacles.Add(problem! with { Reason = $"{vm.Name}: {problem.Reason}" });
                    break;
                case "running":
                    effects.Add(new VmStateEffect(peer, Pause: true, "running"));
                    break;
                case "paused" or "prelaunch" or VmPeer.Stopped:
                    break;
                case "inmigrate" or "finish-migrate" or "save-vm" or "restore-vm":
                    obstacles.Add(Obstacle.Refused($"{vm.Name} is being migrated, saved or restored"));
                    break;
                case var state:
                    notes.Add($"{vm.Name} does not run: it is {state}.");
                    break;
            }
        }

        if (signal)
            notes.Add("The whole process is stopped: devices, console, network and monitor stand still too, and whoever waits for them may time out.");
        return new ActionPlan
        {
            Action = Name,
            Title = $"Pause {Called(vms)}",
            Words = WordsFor(vms, signal ? [SignalFlag] : []),
            Effects = effects,
            Obstacles = obstacles,
            Danger = Danger.Disturbs,
            Disturbs = effects.Count > 0 ? ["Its guest stands still until it is resumed; connections to it may time out, and its clock falls behind."] : [],
            Notes = notes,
        };
    }
}
