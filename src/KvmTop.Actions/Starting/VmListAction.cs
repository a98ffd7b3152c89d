using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Lists what can be started. It changes nothing: its plan only tells.</summary>
public sealed class VmListAction() : HostAction("vm list")
{
    /// <inheritdoc/>
    public override string Usage => "";

    /// <inheritdoc/>
    public override string Summary => "Lists the virtual machines that are defined here or in libvirt.";

    /// <inheritdoc/>
    public override string Writes => "nothing";

    /// <inheritdoc/>
    public override IReadOnlyList<Topic> Topics => [LibvirtTopic.Instance];

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (words.Count > 0)
            return Mistake(words, "it takes no words");
        var lines = new List<string>();
        var store = new VmStore(context.Control);
        foreach (var stored in store.All())
        {
            var running = StartChecks.Running(context, stored.Name);
            lines.Add(stored.Definition is { } vm
                ? FormattableString.Invariant($"{stored.Name}: {(running is null ? "off" : $"running, pid {running.Pid}")}, {VmLaunch.Vcpus(vm)}, {VmDefinitionText.Size(vm.MemoryBytes)}, {stored.Path}")
                : $"{stored.Name}: cannot be started: {stored.Mistake}");
        }

        foreach (var domain in VmStartAction.Domains(context))
            lines.Add($"{domain.Name}: off, libvirt, {domain.Uuid}");
        var title = lines.Count == 0 ? "No VM is defined" : FormattableString.Invariant($"{lines.Count} defined");
        lines.AddRange(store.Faults());
        return new ActionPlan
        {
            Action = Name,
            Title = title,
            Words = WithName(words),
            Notes = lines,
            IsReport = true,
        };
    }
}
