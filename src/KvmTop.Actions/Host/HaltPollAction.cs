using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Sets how long KVM waits for a halted vCPU to wake up before it gives the CPU away.</summary>
public sealed class HaltPollAction() : HostAction("halt-poll")
{
    private const string File = "/sys/module/kvm/parameters/halt_poll_ns";
    private const long Most = 10_000_000;

    /// <inheritdoc/>
    public override char? Key => 'G';

    /// <inheritdoc/>
    public override string Usage => "NS [--persist]";

    /// <inheritdoc/>
    public override string Summary => "Sets how long KVM polls for a halted vCPU (halt_poll_ns).";

    /// <inheritdoc/>
    public override string Writes => $"{File}; with --persist {BootFile.Tmpfiles}";

    /// <inheritdoc/>
    public override string Details =>
        """
          NS              Nanoseconds; 0 never polls (least CPU), 200000 is usual.
          --persist       Also for every boot.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["--persist"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var now = context.Control.ReadText(File, out var errno);
        var why = now is null ? $"{File}: {errno.Describe()}" : null;
        yield return ActionChoice.Of("Halt polling off: idle vCPUs give their CPU away at once", Name, "0") with { Detail = now == "0" ? "now" : null, DisabledReason = why };
        yield return new ActionChoice("Halt polling: set halt_poll_ns")
        {
            Detail = now,
            DisabledReason = why,
            Fields = [new ActionField("Nanoseconds", $"0 to {Most}; 200000 is usual") { Initial = now ?? "200000" }],
            Words = values => [Name, values[0]],
        };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, ["--persist"], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count != 1 || !long.TryParse(parsed.Rest[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ns) || ns > Most)
            return Mistake(words, $"expected nanoseconds from 0 to {Most}");

        var value = ns.ToString(CultureInfo.InvariantCulture);
        var persist = parsed.Has("--persist");
        var title = $"Set halt_poll_ns to {value}{(persist ? ", also for every boot" : "")}";
        var now = context.Control.ReadText(File, out var errno);
        if (now is null)
            return Refuse(words, title, $"{File}: {errno.Describe()}", "is KVM loaded?");
        var effects = new List<Effect>();
        if (now != value)
            effects.Add(new WriteFileEffect(File, now, value));
        if (persist && BootFile.SetFiles(context.Control, [(File, value)], effects) is { } fault)
            return Refuse(words, title, fault);
        return new ActionPlan
        {
            Action = Name,
            Title = title,
            Words = WithName(words),
            Effects = effects,
            Notes = ["Some kernels before 6.2 give this to a VM when it is made: guests that run already then keep what they have."],
        };
    }
}
