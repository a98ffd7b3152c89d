using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Sets when the kernel backs anonymous memory with transparent hugepages, and how hard it tries.</summary>
public sealed class ThpAction() : HostAction("thp")
{
    private const string Folder = "/sys/kernel/mm/transparent_hugepage/";

    /// <inheritdoc/>
    public override char? Key => 'H';

    /// <inheritdoc/>
    public override string Usage => "[always|madvise|never] [--defrag MODE] [--persist]";

    /// <inheritdoc/>
    public override string Summary => "Sets the mode of transparent hugepages.";

    /// <inheritdoc/>
    public override string Writes => $"{Folder}enabled and defrag; with --persist {BootFile.Tmpfiles}";

    /// <inheritdoc/>
    public override string Details =>
        """
          MODE            always, madvise or never: whose memory gets hugepages.
          --defrag MODE   How hard the kernel tries at a page fault: always, defer,
                          defer+madvise, madvise, never.
          --persist       Also for every boot.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["always", "madvise", "never", "--defrag", "--persist"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        foreach (var (file, option) in Settings)
        {
            var now = WriteFileEffect.ReadValue(context.Control, Folder + file, ReadBack.Chosen, out var errno);
            string[] words = option is null ? [] : [option];
            foreach (var mode in Offered(context.Control, file))
                yield return ActionChoice.Of($"Transparent hugepages: {file} {mode}", [Name, .. words, mode]) with { Detail = mode == now ? "now" : null };
            if (now is null)
                yield return ActionChoice.Of($"Transparent hugepages: {file}", Name) with { DisabledReason = $"{Folder}{file}: {errno.Describe()}" };
        }
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, ["--persist"], ["--defrag"], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        var wanted = new List<(string File, string Mode)>();
        if (parsed.Rest.Count == 1)
            wanted.Add(("enabled", parsed.Rest[0]));
        if (parsed.Value("--defrag") is { } defrag)
            wanted.Add(("defrag", defrag));
        if (parsed.Rest.Count > 1 || wanted.Count == 0)
            return Mistake(words, "expected a mode");

        var persist = parsed.Has("--persist");
        var title = $"Set transparent hugepages: {string.Join(", ", wanted.Select(w => $"{w.File} {HostileText.Clean(w.Mode, 40)}"))}{(persist ? ", also for every boot" : "")}";
        var effects = new List<Effect>();
        foreach (var (file, mode) in wanted)
        {
            var now = WriteFileEffect.ReadValue(context.Control, Folder + file, ReadBack.Chosen, out var errno);
            if (now is null)
                return Refuse(words, title, $"{Folder}{file}: {errno.Describe()}", "this kernel has no transparent hugepages");
            var offered = Offered(context.Control, file);
            if (!offered.Contains(mode))
                return Mistake(words, $"{file}: the kernel offers {string.Join(", ", offered)}, not {HostileText.Clean(mode, 40)}");
            if (now != mode)
                effects.Add(new WriteFileEffect(Folder + file, now, mode, ReadBack.Chosen));
        }

        if (persist && BootFile.SetFiles(context.Control, [.. wanted.Select(w => (Folder + w.File, w.Mode))], effects) is { } fault)
            return Refuse(words, title, fault);
        return new ActionPlan
        {
            Action = Name,
            Title = title,
            Words = WithName(words),
            Effects = effects,
            Notes = effects.Count == 0 ? [] : ["Pages that guests have already stay as they are: khugepaged joins them in time, and nothing splits them at once."],
        };
    }

    private static IReadOnlyList<(string File, string? Option)> Settings => [("enabled", null), ("defrag", "--defrag")];

    /// <summary>"always [madvise] never" as words.</summary>
    private static string[] Offered(HostControl host, string file) =>
        [.. (host.ReadText(Folder + file, out _) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => HostileText.Clean(w.Trim('[', ']'), 40))];
}
