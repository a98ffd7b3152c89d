using System.Globalization;

namespace KvmTop.Actions;

/// <summary>Shuts VMs down by the power button, and waits until they have.</summary>
public sealed class StopAction() : VmAction("vm stop")
{
    private const string TimeoutOption = "--timeout";
    private const int UsualSeconds = 60;
    private const int MostSeconds = 3600;

    /// <inheritdoc/>
    public override char? Key => 'K';

    /// <inheritdoc/>
    public override string Usage => "VM.. [--timeout TIME]";

    /// <inheritdoc/>
    public override string Summary => "Shuts virtual machines down by their power button, and waits until they are off.";

    /// <inheritdoc/>
    public override string Writes => "QMP system_powerdown; libvirt virDomainShutdownFlags";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid; several may be given.
          --timeout TIME  How long to wait, as 90s or 5m; 60s unless given. One that is not off by then
                        is left as it is: see 'kvmtop vm kill'.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [TimeoutOption];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count > 0)
            yield return ActionChoice.Of($"Shut {Called(vms)} down, by the power button", [.. WordsFor(vms)]) with { DisabledReason = NobodyToAsk(context, vms) };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [TimeoutOption], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        var timeout = parsed.Value(TimeoutOption);
        if (Seconds(timeout) is not { } seconds)
            return Mistake(words, $"{TimeoutOption}: expected a time such as 90s or 5m, an hour at most");
        if (Find(context, parsed.Rest, out mistake) is not { } vms)
            return Mistake(words, mistake);

        // All are asked before any is waited for.
        var (asked, waits, obstacles) = (new List<Effect>(), new List<Effect>(), new List<Obstacle>());
        foreach (var vm in vms)
        {
            var peer = VmPeer.Of(vm, context.Control);
            var kill = $"kvmtop vm kill {vm.Pid}";
            if (peer.Route == VmRoute.Signal)
            {
                obstacles.Add(MonitorObstacle(context, vm, kill));
                continue;
            }

            if (Reach(context, vm, obstacles, kill) is not { } reached)
                continue;
            peer = reached;
            switch (peer.ReadState(context.Control, out var problem))
            {
                case null:
                    obstacles.Add(problem! with { Reason = $"{vm.Name}: {problem.Reason}", Remedy = problem.Remedy ?? kill });
                    break;
                case "running" or "suspended":
                    asked.Add(new VmCommandEffect(peer, VmCommandEffect.Shutdown));
                    waits.Add(new AwaitEndEffect(peer, seconds));
                    break;
                case var state:
                    obstacles.Add(Obstacle.Refused($"{vm.Name} is {state}: its guest cannot shut down", $"kvmtop vm resume {vm.Pid}, or {kill}"));
                    break;
            }
        }

        return new ActionPlan
        {
            Action = Name,
            Title = $"Shut down {Called(vms)}",
            Words = WordsFor(vms, timeout is null ? [] : [TimeoutOption, timeout]),
            Effects = [.. asked, .. waits],
            Obstacles = obstacles,
            Danger = Danger.Disturbs,
            Disturbs = ["Its guest ends its programs and is off."],
            Notes = ["A guest that does not listen to its power button is left running; 'kvmtop vm kill' ends it."],
        };
    }

    private static int? Seconds(string? text)
    {
        if (text is null)
            return UsualSeconds;
        var unit = text.Length > 1 ? text[^1] : ' ';
        return unit is 's' or 'm' or 'h' && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= MostSeconds
            && number * (unit switch { 's' => 1, 'm' => 60, _ => 3600 }) is <= MostSeconds and var seconds
                ? seconds
                : null;
    }
}
