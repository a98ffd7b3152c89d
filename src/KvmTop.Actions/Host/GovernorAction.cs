using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Sets the frequency governor of CPUs.</summary>
public sealed class GovernorAction() : HostAction("governor")
{
    /// <inheritdoc/>
    public override char? Key => 'G';

    /// <inheritdoc/>
    public override string Usage => "NAME [--cpus LIST] [--persist]";

    /// <inheritdoc/>
    public override string Summary => "Sets the frequency governor of all CPUs, or of some.";

    /// <inheritdoc/>
    public override string Writes => $"/sys/devices/system/cpu/cpuN/cpufreq/scaling_governor; with --persist {BootFile.Tmpfiles}";

    /// <inheritdoc/>
    public override string Details =>
        """
          NAME          performance, powersave, schedutil, .. as the kernel offers them.
          --cpus LIST   Only these CPUs, as 0-3,8.
          --persist     Also for every boot.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["performance", "powersave", "schedutil", "ondemand", "--cpus", "--persist"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var first = context.Topology.Online.First;
        var now = context.Control.ReadText(File(first, "scaling_governor"), out _);
        var offered = Offered(context.Control, first);
        if (offered.Length == 0)
        {
            yield return new ActionChoice("Set the frequency governor") { Words = _ => [Name], DisabledReason = "this machine has no cpufreq: its hypervisor or firmware sets frequencies" };
        }

        foreach (var name in offered)
            yield return ActionChoice.Of($"Governor {name} on all CPUs", Name, name) with { Detail = name == now ? "now" : null };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, ["--persist"], ["--cpus"], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count != 1)
            return Mistake(words, "expected the name of a governor");
        var name = parsed.Rest[0];
        if (!TryCpus(context, parsed.Value("--cpus"), out var cpus, out mistake))
            return Mistake(words, mistake);

        var title = $"Set governor {HostileText.Clean(name, 40)} on CPUs {cpus}";
        var offered = Offered(context.Control, cpus.First);
        if (offered.Length == 0)
            return Refuse(words, title, "this machine has no cpufreq: its hypervisor or firmware sets frequencies");
        if (!offered.Contains(name))
            return Mistake(words, $"the kernel offers no governor {HostileText.Clean(name, 40)}, but {string.Join(", ", offered)}");

        var effects = new List<Effect>();
        foreach (var cpu in cpus)
        {
            var file = File(cpu, "scaling_governor");
            var now = context.Control.ReadText(file, out var errno);
            if (now is null)
                return Refuse(words, title, $"{file}: {errno.Describe()}");
            if (now != name)
                effects.Add(new WriteFileEffect(file, now, name));
        }

        if (parsed.Has("--persist") && BootFile.SetFiles(context.Control, [.. cpus.Select(c => (File(c, "scaling_governor"), name))], effects) is { } fault)
            return Refuse(words, title, fault);
        return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Effects = effects };
    }

    private static bool TryCpus(ActionContext context, string? list, out CpuSet cpus, out string mistake)
    {
        mistake = "";
        cpus = context.Topology.Online;
        if (list is null)
            return true;
        if (!CpuSet.TryParse(list, out var asked) || asked.Count == 0)
        {
            mistake = $"--cpus: expected a list as 0-3,8, found {HostileText.Clean(list, 40)}";
            return false;
        }

        cpus = asked;
        if (!asked.IsSubsetOf(context.Topology.Online))
            mistake = $"not all of CPUs {asked} are online; {context.Topology.Online} are";
        return mistake.Length == 0;
    }

    private static string[] Offered(HostControl host, int cpu) =>
        host.ReadText(File(cpu, "scaling_available_governors"), out _)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string File(int cpu, string name) => FormattableString.Invariant($"/sys/devices/system/cpu/cpu{cpu}/cpufreq/{name}");
}
