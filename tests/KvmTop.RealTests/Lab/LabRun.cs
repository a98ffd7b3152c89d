using System.Globalization;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary>
/// One boot of the lab (tests/lab): a KVM host whose modules come and go. The files of parts/ run in it and leave files, which the tests compare. TEST_LAB=1 asks for it;
/// TEST_BINARY names the published program that runs inside. For whoever works on these tests: TEST_LAB_PARTS="modules nodes" runs these parts alone, and
/// TEST_LAB_RESULTS=FOLDER keeps what a run leaves in a folder, or looks at what an earlier one left there.
/// TEST_LAB_APART=1 boots once for each part that a test asks for, and no other: for a second attempt at a few tests.
/// </summary>
public sealed class LabRun : IDisposable
{
    // All parts together take four minutes on a quiet machine, and may take five times that on one that does something else besides: it is emulated.
    private const int LimitSeconds = 1200;

    private readonly string? _folder;
    private readonly string? _binary;
    private readonly bool _isApart = Environment.GetEnvironmentVariable("TEST_LAB_APART") == "1";
    private readonly bool _isKept;
    private readonly Dictionary<string, string> _apart = [];
    private string? _skip;
    private string _output = "";
    private bool _failed;

    public LabRun()
    {
        if (Environment.GetEnvironmentVariable("TEST_LAB_RESULTS") is { Length: > 0 } kept)
        {
            (_folder, _isKept) = (kept, true);
            if (File.Exists(Path.Combine(kept, "status"))) return;
        }

        if (Environment.GetEnvironmentVariable("TEST_LAB") != "1")
        {
            _skip = "not asked for: TEST_LAB=1 boots the lab (four minutes, on a busy machine more)";
            return;
        }

        if ((_binary = Binary()) is null)
        {
            _skip = "needs a published program: TEST_BINARY=FILE";
            return;
        }

        var build = Command.Run(Script("build"), [], TimeSpan.FromMinutes(5));
        (_output, _failed) = (build.Stderr, build.ExitCode is not (0 or 3));
        if (build.ExitCode == 3) _skip = build.Stderr.Trim();
        if (build.ExitCode != 0) return;

        _folder ??= Directory.CreateTempSubdirectory("kvmtop-lab-").FullName;
        if (!_isApart) Boot(_folder, Wanted());
    }

    /// <summary>What a part of the scenario has left: parts/10-modules.sh is "modules". Skips the running test where there is no lab, and fails it when the part did not come to its end. A part that did counts even when a later one ran into the limit.</summary>
    public LabPart Part(string name)
    {
        if (_skip is not null) Assert.Skip(_skip);
        Assert.False(_folder is null, _output);
        var boot = _isApart && _binary is not null ? Apart(name) : _folder!;
        var folder = Path.Combine(boot, name);
        if (Directory.GetFiles(Path.Combine(boot, "parts"), $"*-{name}.sh").Length == 0 && Wanted().Length > 0) Assert.Skip($"the part {name} was not asked for (TEST_LAB_PARTS)");
        var ended = File.Exists(Path.Combine(folder, "ended")) ? File.ReadAllText(Path.Combine(folder, "ended")).Trim() : "never";
        Assert.True(ended == "0", $"the part {name} ended with {ended}, the lab with {(_failed ? "an error, or at its limit" : "success")}\n{_output}");
        return new LabPart(folder);
    }

    public void Dispose()
    {
        if (_folder is not null && !_isKept) Directory.Delete(_folder, recursive: true);
    }

    private string Apart(string name)
    {
        if (_apart.TryGetValue(name, out var folder)) return folder;
        _apart[name] = folder = Directory.CreateDirectory(Path.Combine(_folder!, "apart-" + name)).FullName;
        Boot(folder, [name]);
        return folder;
    }

    private void Boot(string folder, string[] wanted)
    {
        Prepare(folder, _binary!, wanted);
        var run = Command.Run(Script("run"), [folder, LimitSeconds.ToString(CultureInfo.InvariantCulture)], TimeSpan.FromSeconds(LimitSeconds + 30));
        (_output, _failed) = (run.Stdout + run.Stderr, run.ExitCode is not (0 or 3));
        if (run.ExitCode == 3) _skip = run.Stderr.Trim();
    }

    private static void Prepare(string folder, string binary, string[] wanted)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "Lab");
        Directory.CreateDirectory(Path.Combine(folder, "parts"));
        File.Copy(binary, Path.Combine(folder, "kvmtop"));
        File.Copy(Path.Combine(source, "scenario.sh"), Path.Combine(folder, "script"));
        File.Copy(Path.Combine(source, "lab.sh"), Path.Combine(folder, "lab.sh"));
        File.WriteAllText(Path.Combine(folder, "append"), "kvm_amd.intercept_smi=0\n");
        foreach (var part in Directory.GetFiles(Path.Combine(source, "parts")))
        {
            var file = Path.GetFileName(part);
            if (wanted.Length == 0 || Array.Exists(wanted, w => file.EndsWith($"-{w}.sh", StringComparison.Ordinal))) File.Copy(part, Path.Combine(folder, "parts", file));
        }
    }

    private static string[] Wanted() => Environment.GetEnvironmentVariable("TEST_LAB_PARTS")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string? Binary() => Environment.GetEnvironmentVariable("TEST_BINARY") is { Length: > 0 } name && File.Exists(name) ? name : null;

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
