namespace KvmTop.Actions;

/// <summary>Mounts debugfs: what the check of that name asks for.</summary>
public sealed class FixDebugfsAction() : HostAction("fix debugfs")
{
    /// <inheritdoc/>
    public override string Usage => "";

    /// <inheritdoc/>
    public override string Summary => "Mounts debugfs: KVM's counters for each VM are there.";

    /// <inheritdoc/>
    public override string Writes => "mount -t debugfs debugfs /sys/kernel/debug";

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        yield return ActionChoice.Of("Mount debugfs", "fix", "debugfs") with { DisabledReason = ModuleMenu.WhyNot(Plan(context, [])) };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words) =>
        words.Count > 0 ? Mistake(words, "expected nothing after it") : MountFix.Plan(context, "debugfs", "/sys/kernel/debug", "bdi", new ActionPlan { Action = Name, Title = "Mount debugfs", Words = WithName(words) });
}
