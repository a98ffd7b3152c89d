using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Starts a VM: one that is defined here, one of libvirt's that does not run, or one from a file.</summary>
public sealed class VmStartAction() : HostAction("vm start")
{
    /// <inheritdoc/>
    public override char? Key => 'S';

    /// <inheritdoc/>
    public override string Usage => "NAME|UUID|FILE.json";

    /// <inheritdoc/>
    public override string Summary => "Starts a virtual machine that is defined here or in libvirt.";

    /// <inheritdoc/>
    public override string Writes => "runs QEMU, with its monitor, pid and log in /run/kvmtop ($XDG_RUNTIME_DIR/kvmtop); or libvirt's virDomainCreate";

    /// <inheritdoc/>
    public override string Details =>
        """
          NAME        One of /etc/kvmtop/vms.d/NAME.json or ~/.config/kvmtop/vms.d/NAME.json
                      (schema/kvmtop-vm.schema.json), or a domain of libvirt's that is off.
          FILE.json   A definition that lies elsewhere.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<Topic> Topics => [LibvirtTopic.Instance];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        foreach (var stored in new VmStore(context.Control).All())
        {
            var running = StartChecks.Running(context, stored.Name);
            yield return ActionChoice.Of($"Start {stored.Name}", "vm", "start", stored.Name) with
            {
                Detail = stored.Definition is { } vm ? $"{VmLaunch.Vcpus(vm)}, {VmDefinitionText.Size(vm.MemoryBytes)}" : null,
                DisabledReason = stored.Mistake ?? (running is not null ? FormattableString.Invariant($"it runs (pid {running.Pid})") : null),
            };
        }

        foreach (var domain in Domains(context))
            yield return ActionChoice.Of($"Start {domain.Name}", "vm", "start", domain.Uuid.ToString()) with { Detail = "libvirt" };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count != 1)
            return Mistake(words, "expected the name of one VM, or a file");
        var word = parsed.Rest[0];
        var store = new VmStore(context.Control);
        if (word.Contains('/', StringComparison.Ordinal) || word.EndsWith(".json", StringComparison.Ordinal))
            return Start(context, words, word.Contains('\0', StringComparison.Ordinal) ? new StoredVm(word, "?", null, "this is no path") : store.Read(Path.GetFullPath(word), null));

        var stored = store.Find(word);
        var domains = Domains(context).Where(d => d.Name == word || (Guid.TryParse(word, out var uuid) && d.Uuid == uuid)).ToList();
        if (stored is not null && domains.Count > 0)
            return Mistake(words, $"{stored.Name} is defined here and in libvirt", $"kvmtop vm start {stored.Path}, or {domains[0].Uuid}");
        if (stored is not null)
            return Start(context, words, stored);
        return domains.Count == 1 ? Start(words, domains[0]) : Mistake(words, NotFound(context, store, word), "kvmtop vm list, kvmtop vm define");
    }

    /// <summary>Libvirt's domains that do not run, when libvirt is asked and has answered.</summary>
    internal static IReadOnlyList<LibvirtDomain> Domains(ActionContext context) => context.Snapshot.Get(LibvirtTopic.Instance).Value?.Inactive ?? [];

    private static string NotFound(ActionContext context, VmStore store, string word)
    {
        var known = store.All().Select(s => s.Name).Concat(Domains(context).Select(d => d.Name)).Take(20).ToList();
        var libvirt = context.Snapshot.Get(LibvirtTopic.Instance) is { Status: not (ReadingStatus.Ok or ReadingStatus.Stale), Value: null, Reason: { } reason } ? $"; {reason}" : "";
        var fault = VmDefinitionReader.NameFault(word) is { } f ? $": {f}" : "";
        foreach (var folder in store.Faults())
            fault += "; " + folder;
        return $"no VM called {HostileText.Clean(word, 60)} is defined{fault}{(known.Count > 0 ? "; there are " + string.Join(", ", known) : "")}{libvirt}";
    }

    private ActionPlan Start(ActionContext context, IReadOnlyList<string> words, StoredVm stored) =>
        stored.Definition is { } vm ? VmLaunch.Plan(context, Name, WithName(words), vm) : Mistake(words, stored.Mistake!, "schema/kvmtop-vm.schema.json, and README, describe a definition");

    private ActionPlan Start(IReadOnlyList<string> words, LibvirtDomain domain) => new()
    {
        Action = Name,
        Title = $"Start libvirt's domain {domain.Name}",
        Words = WithName(words),
        Effects = [new LibvirtEffect(domain.Uuid.ToString(), domain.Name, "start", [])],
    };
}
