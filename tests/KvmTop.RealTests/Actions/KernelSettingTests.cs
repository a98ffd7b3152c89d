using System.Globalization;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Actions;

/// <summary>Actions on the running kernel's own settings, by the shell and by keys; each is taken back.</summary>
[Collection("kernel settings")]
public sealed class KernelSettingTests
{
    private const string Scan = "/sys/kernel/mm/ksm/pages_to_scan";
    private const string Thp = "/sys/kernel/mm/transparent_hugepage/defrag";
    private const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

    [Fact]
    public void Thp_is_changed_and_undone_by_its_id()
    {
        Need.Root();
        var before = ReadFile(Thp);
        var mode = before.Contains("[never]", StringComparison.Ordinal) ? "madvise" : "never";

        var done = Json(0, "thp", "--defrag", mode, "--yes", "-o", "json");

        Assert.Equal("done", done.GetProperty("result").GetString());
        Assert.Contains($"[{mode}]", ReadFile(Thp));
        Assert.Equal(mode, done.GetProperty("effects")[0].GetProperty("after").GetString());
        _ = Json(0, "undo", Id(done), "--yes", "-o", "json");
        Assert.Equal(before, ReadFile(Thp));
        Assert.Equal(4, Run("undo", Id(done), "--yes").ExitCode);
    }

    [Fact]
    public void Hugepages_are_taken_and_given_back()
    {
        Need.Root();
        if (!File.Exists(Pool)) Assert.Skip("the kernel has no 2 MiB hugepages");
        var before = int.Parse(ReadFile(Pool), CultureInfo.InvariantCulture);

        var done = Json(0, "hugepages", "2M", "+3", "--yes", "-o", "json");

        Assert.Equal((before + 3).ToString(CultureInfo.InvariantCulture), done.GetProperty("effects")[0].GetProperty("new").GetString());
        _ = Json(0, "undo", Id(done), "--yes", "-o", "json");
        Assert.Equal("done", done.GetProperty("result").GetString());
    }

    [Fact]
    public void Dry_run_shows_the_exact_write_and_writes_nothing()
    {
        Need.Root();
        var before = ReadFile(Scan);

        var result = Run("ksm", "--pages", "777", "--dry-run");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains($"write {Scan}: {before} -> 777", result.Stdout);
        Assert.Equal(before, ReadFile(Scan));
    }

    [Fact]
    public void Without_a_terminal_and_without_yes_nothing_is_done()
    {
        Need.Root();
        var before = ReadFile(Scan);

        var result = Run("ksm", "--pages", "778");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("--yes is needed", result.Stderr);
        Assert.Equal(before, ReadFile(Scan));
    }

    [Fact]
    public void Exit_codes_tell_mistake_refusal_and_missing_privilege()
    {
        Assert.Equal(2, Run("ksm", "perhaps", "--yes").ExitCode);
        Assert.Equal(4, Run("ksm", "on", "--demo", "--yes").ExitCode);
        Need.Root();
        var setpriv = Need.Program("setpriv");
        string[] drop = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--"];
        if (Command.Run(setpriv, [.. drop, "test", "-r", KvmTopProgram.CommandLine[^1]]).ExitCode != 0) Assert.Skip("nobody may not read the program where it was built");
        using var home = new Workplace();

        var denied = Command.Run(
            setpriv, [.. drop, .. KvmTopProgram.With("ksm", "--pages", "779", "--yes")], TimeSpan.FromSeconds(30), new Dictionary<string, string?> { ["XDG_STATE_HOME"] = home.Folder, ["HOME"] = home.Folder });

        Assert.Equal(3, denied.ExitCode);
        Assert.Contains($"{Scan} may not be written by nobody", denied.Stderr);
    }

    [Fact]
    public void For_a_while_is_taken_back_by_itself_unless_kept()
    {
        Need.Root();
        _ = Need.Program("setsid");
        var before = ReadFile(Scan);
        var value = (int.Parse(before, CultureInfo.InvariantCulture) + 7).ToString(CultureInfo.InvariantCulture);
        var first = Json(0, "ksm", "--pages", value, "--for", "2s", "--yes", "-o", "json");
        Assert.Equal(value, ReadFile(Scan));

        Assert.True(Wait.Until(() => ReadFile(Scan) == before, TimeSpan.FromSeconds(30)), "it was not taken back");

        Assert.Equal("undone", Entry(Id(first)).GetProperty("state").GetString());
        var second = Json(0, "ksm", "--pages", value, "--for", "5s", "--yes", "-o", "json");
        Assert.Equal(0, Run("undo", Id(second), "--keep").ExitCode);
        Assert.False(Wait.Until(() => ReadFile(Scan) != value, TimeSpan.FromSeconds(8)), "it was taken back though kept");
        _ = Json(0, "undo", Id(second), "--yes", "-o", "json");
        Assert.Equal(before, ReadFile(Scan));
    }

    [Fact]
    public void Keys_menu_form_preview_and_result_change_and_undo()
    {
        Need.Root();
        var before = ReadFile(Scan);
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 40);
        session.WaitFor("F10 Quit");

        session.SendKeys("H");
        session.WaitFor("KSM: pages scanned");
        session.SendKeys("End", "Up", "Enter");
        session.WaitFor("1 to 1000000");
        session.SendKeys("C-u");
        session.SendText("783");
        session.WaitFor("783");
        session.SendKeys("Enter");
        session.WaitFor($"write {Scan}: {before} -> 783");
        Assert.Equal(before, ReadFile(Scan));
        session.SendKeys("Enter");
        session.WaitFor("Done: Set KSM: pages_to_scan 783");
        Assert.Equal("783", ReadFile(Scan));
        session.SendKeys("Escape", "9");
        session.WaitFor("Set KSM: pages_to_scan 783: done");

        session.SendKeys("U");
        session.WaitFor("Undo: Set KSM: pages_to_scan 783");
        session.SendKeys("Enter");
        session.WaitFor($"write {Scan}: 783 -> {before}");
        session.SendKeys("Enter");
        session.WaitFor("Done: Take back");
        Assert.Equal(before, ReadFile(Scan));
    }

    [Fact]
    public void Disarmed_shows_the_plan_and_does_not_act()
    {
        Need.Root();
        var before = ReadFile(Scan);
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 40, "--read-only");
        session.WaitFor("F10 Quit");

        session.SendKeys(":");
        session.SendText("ksm --pages 784");
        session.WaitFor("ksm --pages 784");
        session.SendKeys("Enter");
        session.WaitFor("Read-only mode");
        session.SendKeys("Enter");
        session.WaitFor(s => !s.Contains("Read-only mode", StringComparison.Ordinal), "the end of the preview");

        Assert.Equal(before, ReadFile(Scan));
    }

    private static string ReadFile(string path) => File.ReadAllText(path).Trim();

    private static CommandResult Run(params string[] words) => KvmTopProgram.Run(words);

    private static string Id(JsonElement done) => done.GetProperty("id").GetString()!;

    private static JsonElement Entry(string id) => Run("audit", "-n", "10000", "-o", "json").Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(l => JsonDocument.Parse(l).RootElement).Single(e => e.GetProperty("id").GetString() == id);

    private static JsonElement Json(int code, params string[] words)
    {
        var result = Run(words);
        Assert.True(result.ExitCode == code, $"exit code {result.ExitCode}: {result.Stdout}{result.Stderr}");
        return JsonDocument.Parse(result.Stdout).RootElement;
    }
}
