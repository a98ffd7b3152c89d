namespace KvmTop.Actions;

/// <summary>Starts a VM from a few options, without a definition.</summary>
public sealed class VmRunAction() : HostAction("vm run")
{
    /// <inheritdoc/>
    public override char? Key => 'S';

    /// <inheritdoc/>
    public override string Usage => "--name NAME [--memory SIZE] [--vcpus N] [--disk IMAGE,format=FORMAT|--iso FILE] [..]";

    /// <inheritdoc/>
    public override string Summary => "Starts a virtual machine from a few options.";

    /// <inheritdoc/>
    public override string Writes => "runs QEMU, with its monitor, pid and log in /run/kvmtop ($XDG_RUNTIME_DIR/kvmtop)";

    /// <inheritdoc/>
    public override string Details => "  --name NAME       Its name.\n" + VmQuickForm.Help;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [.. VmQuickForm.Options, .. VmQuickForm.Flags];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context) =>
        [new ActionChoice("Run a new VM..") { Fields = VmQuickForm.Fields, Words = values => VmQuickForm.Words(Name, values) }];

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, VmQuickForm.Flags, VmQuickForm.Options, out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count > 0)
            return Mistake(words, "there is a word too many");
        return VmQuickForm.Read(parsed, null, out mistake) is { } vm ? VmLaunch.Plan(context, Name, WithName(words), vm) : Mistake(words, mistake);
    }
}
