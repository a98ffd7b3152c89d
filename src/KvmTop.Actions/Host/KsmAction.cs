using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Switches the merging of equal pages on or off, and sets its pace.</summary>
public sealed class KsmAction() : HostAction("ksm")
{
    private const string Folder = "/sys/kernel/mm/ksm/";

    /// <inheritdoc/>
    public override char? Key => 'H';

    /// <inheritdoc/>
    public override string Usage => "[on|off|unmerge] [--pages N] [--sleep-ms N] [--persist]";

    /// <inheritdoc/>
    public override string Summary => "Switches the merging of equal pages (KSM) on or off.";

    /// <inheritdoc/>
    public override string Writes => $"{Folder}run, pages_to_scan and sleep_millisecs; with --persist {BootFile.Tmpfiles}";

    /// <inheritdoc/>
    public override string Details =>
        """
          on, off         Scan, or stop; what is merged stays merged.
          unmerge         Stop, and split what is merged: takes as much memory again.
          --pages N       Pages scanned before each sleep.
          --sleep-ms N    Milliseconds of sleep.
          --persist       Also for every boot.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["on", "off", "unmerge", "--pages", "--sleep-ms", "--persist"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var now = context.Control.ReadText(Folder + "run", out var errno);
        var why = now is null ? $"{Folder}run: {errno.Describe()}" : null;
        foreach (var (word, value, title) in Modes)
            yield return ActionChoice.Of(title, Name, word) with { Detail = value == now ? "now" : null, DisabledReason = why };
        var pages = context.Control.ReadText(Folder + "pages_to_scan", out _);
        yield return new ActionChoice("KSM: pages scanned before each sleep")
        {
            Detail = pages,
            DisabledReason = why,
            Fields = [new ActionField("Pages", "1 to 1000000") { Initial = pages ?? "" }],
            Words = values => [Name, "--pages", values[0]],
        };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, ["--persist"], ["--pages", "--sleep-ms"], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        var wanted = new List<(string File, string Value)>();
        if (parsed.Rest.Count == 1)
        {
            if (Modes.FirstOrDefault(m => m.Word == parsed.Rest[0]).Value is not { } run)
                return Mistake(words, $"expected on, off or unmerge, found {HostileText.Clean(parsed.Rest[0], 40)}");
            wanted.Add(("run", run));
        }

        foreach (var (option, file) in new[] { ("--pages", "pages_to_scan"), ("--sleep-ms", "sleep_millisecs") })
        {
            if (parsed.Value(option) is not { } text)
                continue;
            const long most = 1_000_000;
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n is < 1 or > most)
                return Mistake(words, $"{option}: expected a number from 1 to {most}, found {HostileText.Clean(text, 40)}");
            wanted.Add((file, n.ToString(CultureInfo.InvariantCulture)));
        }

        return parsed.Rest.Count > 1 || wanted.Count == 0 ? Mistake(words, "expected on, off or unmerge, or a pace") : Plan(context, words, wanted, parsed.Has("--persist"));
    }

    private static IReadOnlyList<(string Word, string Value, string Title)> Modes =>
        [("on", "1", "KSM: scan and merge equal pages"), ("off", "0", "KSM: stop scanning, keep what is merged"), ("unmerge", "2", "KSM: stop, and split all merged pages")];

    private ActionPlan Plan(ActionContext context, IReadOnlyList<string> words, List<(string File, string Value)> wanted, bool persist)
    {
        var title = $"Set KSM: {string.Join(", ", wanted.Select(w => $"{w.File} {w.Value}"))}{(persist ? ", also for every boot" : "")}";
        var effects = new List<Effect>();
        foreach (var (file, value) in wanted)
        {
            var now = context.Control.ReadText(Folder + file, out var errno);
            if (now is null)
                return Refuse(words, title, $"{Folder}{file}: {errno.Describe()}", "this kernel has no KSM");
            if (now != value)
                effects.Add(new WriteFileEffect(Folder + file, now, value));
        }

        if (persist && BootFile.SetFiles(context.Control, [.. wanted.Select(w => (Folder + w.File, w.Value))], effects) is { } fault)
            return Refuse(words, title, fault);
        var unmerges = wanted.Contains(("run", "2"));
        var state = KsmState.Read(context.Control.Files);
        return new ActionPlan
        {
            Action = Name,
            Title = title,
            Words = WithName(words),
            Effects = effects,
            Danger = unmerges ? Danger.Disturbs : Danger.Low,
            Disturbs = unmerges ? ["Splitting takes memory for every page that is shared now: guests may swap or be killed where it is not there."] : [],
            Notes = state is null ? [] : ["What guests have merged is shown in pane 4."],
        };
    }
}
