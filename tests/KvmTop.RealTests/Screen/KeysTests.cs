using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Screen;

/// <summary>Every key of the dashboard on a real terminal, on the demo, so that no guest is needed.</summary>
public sealed class KeysTests
{
    private const string Demo = "--demo";

    [Fact]
    public void Panes_answer_to_their_digits_and_to_tab()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("2");
        session.WaitFor("AFFINITY");
        session.SendKeys("7");
        session.WaitFor(s => !s.Contains("AFFINITY") && s.Contains("PSI"), "the host pane");
        session.SendKeys("9");
        session.WaitFor("TOOK");
        session.SendKeys("1");
        session.WaitFor("EMU%");
        session.SendKeys("Tab");
        session.WaitFor("AFFINITY");
        session.SendKeys("BTab");
        session.WaitFor("EMU%");
    }

    [Fact]
    public void Overlays_open_and_escape_closes_them()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);
        foreach (var (key, text) in new[] { ("F1", "kvmtop: help"), ("?", "kvmtop: help"), ("h", "kvmtop: help"), ("F2", "Setup"), ("F6", "Sort by"), ("d", "Delay in seconds"), (":", "command") })
        {
            var before = session.WaitFor("F10 Quit");
            session.SendKeys(key);
            session.WaitFor(s => s != before && (text == "command" || s.Contains(text, StringComparison.Ordinal)), $"what {key} opens");
            session.SendKeys("Escape");
            session.WaitFor(s => s.Contains("F10 Quit") && (text is "command" or "Setup" || !s.Contains(text, StringComparison.Ordinal)), $"the end of what {key} opened");
        }
    }

    [Fact]
    public void Search_moves_the_cursor_and_enter_opens_that_vm_and_escape_comes_back()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("F3");
        session.SendText("erp");
        session.SendKeys("Enter", "Enter");

        session.WaitFor("VM erp-legacy");
        session.SendKeys("Escape");
        session.WaitFor("EMU%");
    }

    [Fact]
    public void Filter_with_a_comparison_leaves_the_rows_that_match()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("F4");
        session.SendText("state=paused");
        session.SendKeys("Enter");

        var screen = session.WaitFor("filter state=paused");
        Assert.Contains("staging", screen, StringComparison.Ordinal);
        Assert.DoesNotContain(" running ", string.Join('\n', new ScreenTable(screen, "NAME", "RDY%").Rows), StringComparison.Ordinal);
        session.SendKeys("\\");
        session.SendKeys("Escape");
        session.WaitFor(s => !s.Contains("filter state") && s.Contains("db-primary"), "all rows again");
    }

    [Fact]
    public void Tree_shows_vcpus_and_hides_them_again()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("F5");
        session.WaitFor("vcpu 0");
        session.SendKeys("t");
        session.WaitFor(s => !s.Contains("vcpu 0"), "the end of the tree");
    }

    [Fact]
    public void Marks_come_with_space_and_go_with_u()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("Space", "Space");
        session.WaitFor("2 marked");
        session.SendKeys("u");
        session.WaitFor(s => !s.Contains("marked"), "no marks");
    }

    [Fact]
    public void Freeze_holds_the_figures_and_lets_them_go()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("f");
        var frozen = session.WaitFor("frozen");
        Thread.Sleep(700);
        Assert.Equal(new ScreenTable(frozen, "NAME", "RDY%").Row("db-primary"), new ScreenTable(session.Capture(), "NAME", "RDY%").Row("db-primary"));
        session.SendKeys("f");
        session.WaitFor(s => s.Contains("live") && new ScreenTable(s, "NAME", "RDY%").Row("db-primary") != new ScreenTable(frozen, "NAME", "RDY%").Row("db-primary"), "moving figures");
    }

    [Fact]
    public void Delay_changes_by_keys_and_by_number()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("-");
        session.WaitFor("Reading every 0.5 s");
        session.SendKeys("+");
        session.WaitFor("Reading every 0.2 s");
        session.SendKeys("d");
        session.WaitFor("Delay in seconds");
        session.SendKeys("C-u");
        session.SendText("7");
        session.SendKeys("Enter");
        session.WaitFor("7.0s");
    }

    [Fact]
    public void Scale_divides_a_vm_by_its_vcpus()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);
        session.SendKeys("f");
        var before = new ScreenTable(session.WaitFor("frozen"), "NAME", "RDY%");
        var whole = before.Number(before.Row("db-primary"), "CPU%");

        session.SendKeys("i");

        var after = new ScreenTable(session.WaitFor("100%=VM"), "NAME", "RDY%");
        Assert.InRange(after.Number(after.Row("db-primary"), "CPU%"), (whole / 8) - 0.1, (whole / 8) + 0.1);
    }

    [Fact]
    public void Write_leaves_a_file_with_the_snapshot_that_only_its_owner_can_read()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys("w");
        session.WaitFor("Written:");

        var file = Assert.Single(Directory.GetFiles(workplace.Folder, "kvmtop-*.json"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.InRange(JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("vms").GetArrayLength(), 12, 20);
    }

    [Fact]
    public void Theme_key_changes_the_colours_and_names_the_theme()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);
        session.SendKeys("f");
        session.WaitFor("frozen");
        var before = session.Capture(withEscapes: true);

        session.SendKeys("c");

        session.WaitFor("Theme ");
        Assert.NotEqual(Colours(before), Colours(session.Capture(withEscapes: true)));
    }

    [Fact]
    public void Command_line_runs_a_command_and_says_what_it_does_not_know()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys(":");
        session.SendText("vcpus");
        session.SendKeys("Enter");
        session.WaitFor("AFFINITY");
        session.SendKeys(":");
        session.SendText("nosuchthing");
        session.SendKeys("Enter");
        session.WaitFor("nosuchthing");
    }

    [Fact]
    public void Arm_key_and_read_only_option_agree()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace, "--read-only");

        session.WaitFor("read-only");
        session.SendKeys("!");
        session.WaitFor(s => s.Contains("armed"), "armed actions");
        session.SendKeys("!");
        session.WaitFor("Read-only");
    }

    [Fact]
    public void Click_on_a_heading_sorts_and_click_on_a_tab_opens_its_pane()
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);
        session.WaitFor(_ => session.IsMouseOn, "the mouse");

        // Again when nothing comes of it: a terminal's bytes that arrive in pieces on a starved machine are no click.
        session.WaitFor(
            screen =>
            {
                var (x, y) = PlaceOf(screen, "RDY%", "NAME");
                session.Click(x + 1, y);
                return Wait.Until(() => session.Capture().Contains("RDY%▼", StringComparison.Ordinal), TimeSpan.FromSeconds(2));
            },
            "the sort mark on RDY%");
        session.WaitFor(
            screen =>
            {
                var (x, y) = PlaceOf(screen, "vCPUs", "9 Events");
                session.Click(x + 1, y);
                return Wait.Until(() => session.Capture().Contains("AFFINITY", StringComparison.Ordinal), TimeSpan.FromSeconds(2));
            },
            "the vCPUs pane");
    }

    [Theory]
    [InlineData("q")]
    [InlineData("F10")]
    [InlineData("C-c")]
    public void Leaving_gives_the_terminal_back_with_exit_0(string key)
    {
        using var workplace = new Workplace();
        using var session = Open(workplace);

        session.SendKeys(key);

        Assert.Equal(0, session.WaitForEnd());
        Assert.False(session.IsAlternateScreen);
        Assert.False(session.IsMouseOn);
    }

    [Fact]
    public void Iterations_end_the_screen_by_themselves()
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(100, 30, Demo, "-d", "0.2", "-n", "3");

        Assert.Equal(0, session.WaitForEnd());
    }

    private static TmuxSession Open(Workplace workplace, params string[] arguments)
    {
        var session = workplace.Start(160, 44, [Demo, "-d", "0.2", .. arguments]);
        session.WaitFor(s => s.Split('\n').Any(l => l.Contains("db-primary") && !l.Contains(" - ")), "a row with rates");
        return session;
    }

    private static (int X, int Y) PlaceOf(string screen, string text, string beside)
    {
        var lines = screen.Split('\n');
        var line = Array.FindIndex(lines, l => l.Contains(text, StringComparison.Ordinal) && l.Contains(beside, StringComparison.Ordinal));
        return line < 0 ? (0, 0) : (lines[line].IndexOf(text, StringComparison.Ordinal), line);
    }

    private static string Colours(string screen) => string.Join(' ', screen.Split('\x1b').Skip(1).Select(s => s[..Math.Max(0, s.IndexOf('m'))]).Distinct().Order());
}
