using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>A number below /proc/sys that an action sets.</summary>
/// <param name="Key">With dots: "vm.swappiness".</param>
/// <param name="Option">What sets it: "--backlog"; empty for the action's one argument.</param>
/// <param name="Least">The smallest that makes sense.</param>
/// <param name="Most">The largest.</param>
/// <param name="Help">What it is.</param>
public sealed record SysctlNumber(string Key, string Option, long Least, long Most, string Help)
{
    /// <summary>Where the kernel has it.</summary>
    public string Path => "/proc/sys/" + Key.Replace('.', '/');
}

/// <summary>Sets numbers below /proc/sys, now and on request for every boot.</summary>
/// <param name="name">The action's name.</param>
/// <param name="numbers">What it sets.</param>
public abstract class SysctlAction(string name, params SysctlNumber[] numbers) : HostAction(name)
{
    /// <inheritdoc/>
    public override string Usage => $"{string.Join(' ', numbers.Select(n => n.Option.Length == 0 ? "N" : $"[{n.Option} N]"))} [--persist]";

    /// <inheritdoc/>
    public override string Writes => $"{string.Join(", ", numbers.Select(n => n.Path))}; with --persist {BootFile.Sysctl}";

    /// <inheritdoc/>
    public override string Details => string.Concat(numbers.Select(n =>
        string.Create(CultureInfo.InvariantCulture, $"  {(n.Option.Length == 0 ? "N" : n.Option + " N"),-15} {n.Help} {n.Least} to {n.Most}.\n"))) + "  --persist       Also for every boot.";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [.. numbers.Select(n => n.Option).Where(o => o.Length > 0), "--persist"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        foreach (var number in numbers)
        {
            var now = context.Control.ReadText(number.Path, out _);
            string[] option = number.Option.Length == 0 ? [] : [number.Option];
            yield return new ActionChoice($"Set {number.Key}")
            {
                Detail = now,
                DisabledReason = now is null ? $"{number.Path} cannot be read" : null,
                Fields = [new ActionField(number.Key, $"{number.Help} {number.Least} to {number.Most}") { Initial = now ?? "" }, new ActionField("For every boot too", "yes or no") { Initial = "no", Options = ["yes", "no"] }],
                Words = values => [Name, .. option, values[0], .. values[1].StartsWith('y') ? (string[])["--persist"] : []],
            };
        }
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, ["--persist"], numbers.Select(n => n.Option).Where(o => o.Length > 0), out var mistake) is not { } parsed)
            return Mistake(words, mistake);

        var wanted = new List<(SysctlNumber Number, string Value)>();
        var rest = parsed.Rest.ToList();
        foreach (var number in numbers)
        {
            var text = number.Option.Length > 0 ? parsed.Value(number.Option) : rest.Count > 0 ? rest[0] : null;
            if (number.Option.Length == 0 && rest.Count > 0)
                rest.RemoveAt(0);
            if (text is null)
                continue;
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < number.Least || value > number.Most)
                return Mistake(words, string.Create(CultureInfo.InvariantCulture, $"{number.Key}: expected a number from {number.Least} to {number.Most}, found {HostileText.Clean(text, 40)}"));
            wanted.Add((number, value.ToString(CultureInfo.InvariantCulture)));
        }

        if (rest.Count > 0 || wanted.Count == 0)
            return Mistake(words, rest.Count > 0 ? $"what is {HostileText.Clean(rest[0], 40)}?" : "expected a value");
        return Plan(context, words, wanted, parsed.Has("--persist"));
    }

    private ActionPlan Plan(ActionContext context, IReadOnlyList<string> words, List<(SysctlNumber Number, string Value)> wanted, bool persist)
    {
        var title = $"Set {string.Join(", ", wanted.Select(w => $"{w.Number.Key} to {w.Value}"))}{(persist ? ", also for every boot" : "")}";
        var (effects, notes) = (new List<Effect>(), new List<string>());
        foreach (var (number, value) in wanted)
        {
            var now = context.Control.ReadText(number.Path, out var errno);
            if (now is null)
                return Refuse(words, title, $"{number.Path}: {errno.Describe()}");
            if (now != value)
                effects.Add(new WriteFileEffect(number.Path, now, value));
            if (persist)
                notes.AddRange(BootFile.OtherSysctls(context.Control, number.Key));
        }

        if (persist && BootFile.SetSysctls(context.Control, [.. wanted.Select(w => (w.Number.Key, w.Value))], effects) is { } fault)
            return Refuse(words, title, fault);
        return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Effects = effects, Notes = notes };
    }
}

/// <summary>How eagerly the kernel swaps.</summary>
public sealed class SwappinessAction() : SysctlAction("swappiness", new SysctlNumber("vm.swappiness", "", 0, 200, "How eagerly anonymous memory, guests' too, is swapped out."))
{
    /// <inheritdoc/>
    public override char? Key => 'H';

    /// <inheritdoc/>
    public override string Summary => "Sets how eagerly the kernel swaps guests' memory out.";
}

/// <summary>How many packets the kernel queues and takes at a time.</summary>
public sealed class NetworkBudgetAction() : SysctlAction(
    "netdev",
    new SysctlNumber("net.core.netdev_max_backlog", "--backlog", 1, 1_000_000, "Packets a CPU queues before it drops them."),
    new SysctlNumber("net.core.netdev_budget", "--budget", 1, 1_000_000, "Packets taken in one turn of the softirq."),
    new SysctlNumber("net.core.netdev_budget_usecs", "--budget-usecs", 1, 1_000_000, "Microseconds of one turn."))
{
    /// <inheritdoc/>
    public override char? Key => 'G';

    /// <inheritdoc/>
    public override string Summary => "Sets how many packets the host queues and takes at a time.";
}
