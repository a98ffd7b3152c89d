using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Shows the command line that a definition comes to, and what would stand in its way. It changes nothing: its plan only tells.</summary>
public sealed class VmShowAction() : HostAction("vm show")
{
    /// <inheritdoc/>
    public override string Usage => "NAME|FILE.json";

    /// <inheritdoc/>
    public override string Summary => "Shows the QEMU command line of a definition, and whether it could start.";

    /// <inheritdoc/>
    public override string Writes => "nothing";

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count != 1)
            return Mistake(words, "expected the name of one VM, or a file");
        var word = parsed.Rest[0];
        var store = new VmStore(context.Control);
        var isFile = (word.Contains('/', StringComparison.Ordinal) || word.EndsWith(".json", StringComparison.Ordinal)) && !word.Contains('\0', StringComparison.Ordinal);
        var stored = isFile ? store.Read(Path.GetFullPath(word), null) : store.Find(word);
        if (stored?.Definition is not { } vm)
            return Mistake(words, stored?.Mistake ?? $"no VM called {HostileText.Clean(word, 60)} is defined", "kvmtop vm list");

        var start = VmLaunch.Plan(context, Name, WithName(words), vm);
        var lines = new List<string> { stored.Path };
        if (start.Effects is [StartVmEffect effect])
            lines.AddRange(Lines(effect.Command));
        lines.AddRange(start.Obstacles.Select(o => $"It could not start now: {o.Reason}."));
        return new ActionPlan { Action = Name, Title = vm.Name, Words = WithName(words), Notes = lines, IsReport = true };
    }

    /// <summary>An option with its value on each line, as one would type it.</summary>
    private static IEnumerable<string> Lines(IReadOnlyList<string> command)
    {
        var line = new List<string>();
        foreach (var word in command)
        {
            if (word.StartsWith('-') && line.Count > 0 && line[^1] != "-c")
            {
                yield return RunCommandEffect.Quote(line) + " \\";
                line.Clear();
            }

            line.Add(word);
        }

        yield return RunCommandEffect.Quote(line);
    }
}
