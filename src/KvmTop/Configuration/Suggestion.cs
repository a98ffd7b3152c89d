namespace KvmTop.Configuration;

/// <summary>"; did you mean delay?" for a word that is nearly right.</summary>
internal static class Suggestion
{
    private const int LongestWord = 40;

    /// <summary>The nearest known word as the end of a message, or an empty text when none is near.</summary>
    internal static string For(string word, IEnumerable<string> known)
    {
        if (word.Length > LongestWord)
        {
            return "";
        }

        var (best, distance) = ("", Math.Max(1, (word.Length + 1) / 3) + 1);
        foreach (var candidate in known)
        {
            var d = Distance(word, candidate);
            if (d < distance)
            {
                (best, distance) = (candidate, d);
            }
        }

        return best.Length == 0 ? "" : $"; did you mean {best}?";
    }

    // Levenshtein, regardless of case.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(diagonal + cost, Math.Min(row[j], row[j - 1]) + 1));
            }
        }

        return row[^1];
    }
}
