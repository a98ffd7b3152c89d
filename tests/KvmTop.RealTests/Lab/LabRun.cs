using System.Globalization;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary>
/// One boot of the lab (tests/lab): a KVM host whose modules come and go. scenario.sh runs in it and leaves files, which the tests compare. TEST_LAB=1 asks for it;
/// TEST_LAB_BINARY or TEST_BINARY names the published program that runs inside. TEST_LAB_RESULTS=FOLDER looks at what an earlier run
/// left there instead: for whoever works on these tests.
/// </summary>
public sealed class LabRun : IDisposable
{
    private const int LimitSeconds = 420;

    private readonly string? _folder;
    private readonly string? _skip;
    private readonly string _output = "";
    private readonly bool _failed;
    private readonly bool _isEarlier;

    public LabRun()
    {
        if (Environment.GetEnvironmentVariable("TEST_LAB_RESULTS") is { Length: > 0 } earlier)
            (_folder, _isEarlier) = (earlier, true);
        else if (Environment.GetEnvironmentVariable("TEST_LAB") != "1")
            _skip = "not asked for: TEST_LAB=1 boots the lab (two to four minutes)";
        else if (Binary() is not { } binary)
            _skip = "needs a published program: TEST_LAB_BINARY=FILE";
        else
        {
            var build = Command.Run(Script("build"), [], TimeSpan.FromMinutes(5));
            (_output, _failed) = (build.Stderr, build.ExitCode is not (0 or 3));
            if (build.ExitCode == 3) _skip = build.Stderr.Trim();
            if (build.ExitCode != 0) return;

            _folder = Directory.CreateTempSubdirectory("kvmtop-lab-").FullName;
            File.Copy(binary, Path.Combine(_folder, "kvmtop"));
            File.Copy(Path.Combine(AppContext.BaseDirectory, "scenario.sh"), Path.Combine(_folder, "script"));
            File.WriteAllText(Path.Combine(_folder, "append"), "kvm_amd.intercept_smi=0\n");
            var run = Command.Run(Script("run"), [_folder, LimitSeconds.ToString(CultureInfo.InvariantCulture)], TimeSpan.FromSeconds(LimitSeconds + 30));
            (_output, _failed) = (run.Stdout + run.Stderr, run.ExitCode is not (0 or 3));
            if (run.ExitCode == 3) _skip = run.Stderr.Trim();
        }
    }

    /// <summary>Skips the running test where there is no lab; fails it when the lab did not come to its end.</summary>
    public void Need()
    {
        if (_skip is not null) Assert.Skip(_skip);
        Assert.False(_failed, _output);
    }

    /// <summary>A file that the scenario left, without the line feed at its end.</summary>
    public string Text(string name) => File.ReadAllText(Path.Combine(_folder!, name)).TrimEnd('\n');

    /// <summary>The records of a JSON file.</summary>
    public IReadOnlyList<JsonElement> Records(string name) => JsonRecords.Parse(Text(name));

    /// <summary>What <c>kvmtop check</c> found at that point of the scenario; of one check.</summary>
    public IReadOnlyList<JsonElement> Findings(string name, string check) =>
        [.. Records(name + ".json").Single().GetProperty("findings").EnumerateArray().Where(f => f.Text("check") == check)];

    /// <summary>The only finding of a check.</summary>
    public JsonElement Finding(string name, string check) => Assert.Single(Findings(name, check));

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

    public void Dispose()
    {
        if (_folder is not null && !_isEarlier) Directory.Delete(_folder, recursive: true);
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

    private static string? Binary() => (string?[])[Environment.GetEnvironmentVariable("TEST_LAB_BINARY"), Environment.GetEnvironmentVariable("TEST_BINARY")] is var names
        ? Array.Find(names, n => n is { Length: > 0 } && File.Exists(n)) : null;

    // The tests run from tests/KvmTop.RealTests/bin/..: the scripts are in the checkout above.
    private static string Script(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "tests", "lab", name);
            if (File.Exists(file)) return file;
        }

        throw new FileNotFoundException($"tests/lab/{name} is nowhere above {AppContext.BaseDirectory}");
    }
}
