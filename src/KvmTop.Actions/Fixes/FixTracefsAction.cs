namespace KvmTop.Actions;

/// <summary>Mounts tracefs: what the check of that name asks for.</summary>
public sealed class FixTracefsAction() : HostAction("fix tracefs")
{
    /// <inheritdoc/>
    public override string Usage => "";

    /// <inheritdoc/>
    public override string Summary => "Mounts tracefs: exits are traced by its tracepoints.";

    /// <inheritdoc/>
    public override string Writes => "mount -t tracefs tracefs /sys/kernel/tracing";

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        yield return ActionChoice.Of("Mount tracefs", "fix", "tracefs") with { DisabledReason = ModuleMenu.WhyNot(Plan(context, [])) };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words) =>
        words.Count > 0 ? Mistake(words, "expected nothing after it") : MountFix.Plan(context, "tracefs", "/sys/kernel/tracing", "events", new ActionPlan { Action = Name, Title = "Mount tracefs", Words = WithName(words) });
}
