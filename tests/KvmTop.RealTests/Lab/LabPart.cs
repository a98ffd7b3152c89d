using System.Globalization;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary>The files that one part of the lab's scenario has left.</summary>
/// <param name="folder">Where they are.</param>
public sealed class LabPart(string folder)
{
    /// <summary>A file, without the line feed at its end.</summary>
    public string Text(string name) => File.ReadAllText(Path.Combine(folder, name)).TrimEnd('\n');

    /// <summary>The records of a JSON file.</summary>
    public IReadOnlyList<JsonElement> Records(string name) => JsonRecords.Parse(Text(name));

    /// <summary>What <c>kvmtop check</c> found at that point of the scenario; of one check.</summary>
    public IReadOnlyList<JsonElement> Findings(string name, string check) =>
        [.. Records(name + ".json").Single().GetProperty("findings").EnumerateArray().Where(f => f.Text("check") == check)];

    /// <summary>The only finding of a check.</summary>
    public JsonElement Finding(string name, string check) => Assert.Single(Findings(name, check));

    /// <summary>What <c>try NAME COMMAND</c> left: the exit status, what it printed, and what it complained of.</summary>
    public (string Code, string Out, string Errors) Tried(string name) => (Text(name + ".code"), Text(name + ".out"), Text(name + ".err"));

    /// <summary>A counter's values in time, from lines "SECONDS TEXT": the first number of the text, or the one behind a word.</summary>
    public IReadOnlyList<(DateTimeOffset Time, double Value)> Trail(string name, string? word = null)
    {
        var trail = new List<(DateTimeOffset, double)>();
        foreach (var line in Text(name).Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var at = word is null ? 1 : Array.IndexOf(words, word) + 1;
            if (at > 0 && at < words.Length)
                trail.Add((DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(double.Parse(words[0], CultureInfo.InvariantCulture)), double.Parse(words[at], CultureInfo.InvariantCulture)));
        }

        return trail;
    }

    /// <summary>The rate of a trail over a record's interval; NaN where the trail does not cover it.</summary>
    public static double Rate(IReadOnlyList<(DateTimeOffset Time, double Value)> trail, JsonElement record)
    {
        var (from, to) = record.Span();
        return (At(trail, to) - At(trail, from)) / (to - from).TotalSeconds;
    }

    private static double At(IReadOnlyList<(DateTimeOffset Time, double Value)> trail, DateTimeOffset time)
    {
        for (var i = 1; i < trail.Count; i++)
        {
            var (a, b) = (trail[i - 1], trail[i]);
            if (a.Time <= time && time <= b.Time) return a.Value + ((b.Value - a.Value) * ((time - a.Time) / (b.Time - a.Time)));
        }

        return double.NaN;
    }
}
