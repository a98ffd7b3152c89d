using KvmTop.Collectors;
using KvmTop.Configuration;

namespace KvmTop.Text;

/// <summary>One way to go on typing.</summary>
/// <param name="Start">Index from which the text up to the cursor is replaced.</param>
/// <param name="Text">What to put there.</param>
/// <param name="Help">What it means, one sentence; may be empty.</param>
public sealed record Candidate(int Start, string Text, string Help);

/// <summary>Words that fit where the cursor stands, for the filter and for the <c>:</c> line.</summary>
public static class Completion
{
    private const string FilterSigns = "<>=!~";

    /// <summary>Columns while a term begins; and, or after one that is complete.</summary>
    public static IReadOnlyList<Candidate> ForFilter<TRow>(string text, int cursor, IReadOnlyList<Metric<TRow>> metrics)
    {
        var (start, word) = WordBefore(text, cursor, FilterSigns + ",");
        var before = text.AsSpan(0, start).TrimEnd();
        if (before.Length > 0 && FilterSigns.Contains(before[^1], StringComparison.Ordinal))
        {
            return [];
        }

        var joined = before.Length == 0 || before[^1] == ',' || EndsWithWord(before, "and") || EndsWithWord(before, "or");
        return joined
            ? [.. metrics.Where(m => Starts(m.Id, word) || Starts(m.Title, word)).Select(m => new Candidate(start, m.Id, m.Help))]
            : [.. Words(start, word, ["and", "or"])];
    }

    /// <summary>
    /// For the <c>:</c> line: the first word is one of <paramref name="commands"/> or a setting, then come the setting's values. What a
    /// setting cannot know by itself (themes, columns) is handed in by its id. What may follow other words <paramref name="after"/> tells.
    /// </summary>
    public static IReadOnlyList<Candidate> ForCommand(
        string text, int cursor, IEnumerable<Candidate> commands, IReadOnlyDictionary<string, IReadOnlyList<string>> values, Func<IReadOnlyList<string>, IReadOnlyList<string>>? after = null)
    {
        var (start, word) = WordBefore(text, cursor, ",");
        var first = text.AsSpan(0, start).TrimStart();
        if (first.IsEmpty)
        {
            return
            [
                .. commands.Where(c => Starts(c.Text, word)).Select(c => c with { Start = start }),
                .. Settings.All.Where(s => s.InSetup && Starts(s.Id, word)).Select(s => new Candidate(start, s.Id, s.Help)),
            ];
        }

        var blank = first.IndexOf(' ');
        if (Settings.Find((blank < 0 ? first : first[..blank]).ToString()) is not { InSetup: true } setting)
        {
            return after is null ? [] : [.. Words(start, word, after(ShellWords.Split(first.ToString()) ?? []))];
        }

        IReadOnlyList<string> known = setting.Kind == SettingKind.Flag ? ["true", "false"]
            : values.TryGetValue(setting.Id, out var some) ? some
            : setting.Allowed;
        return [.. Words(start, word, known)];
    }

    private static IEnumerable<Candidate> Words(int start, string word, IReadOnlyList<string> words) =>
        words.Where(w => Starts(w, word)).Select(w => new Candidate(start, w, ""));

    private static (int Start, string Word) WordBefore(string text, int cursor, string separators)
    {
        var end = Math.Clamp(cursor, 0, text.Length);
        var start = end;
        while (start > 0 && !char.IsWhiteSpace(text[start - 1]) && !separators.Contains(text[start - 1], StringComparison.Ordinal))
        {
            start--;
        }

        return (start, text[start..end]);
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text, string word) =>
        text.EndsWith(word, StringComparison.OrdinalIgnoreCase) && (text.Length == word.Length || char.IsWhiteSpace(text[^(word.Length + 1)]));

    private static bool Starts(string text, string word) => text.StartsWith(word, StringComparison.OrdinalIgnoreCase);
}
