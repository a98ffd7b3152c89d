using System.Globalization;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Screen;

/// <summary>Sizes, signals, suspending and hanging up: what a terminal does to a program, and how the program leaves it.</summary>
public sealed class TerminalTests
{
    private const int SigHup = 1, SigTerm = 15;

    [Fact]
    public void Resize_is_followed_down_to_one_cell_and_back()
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(160, 50, "--demo", "-d", "0.2");
        session.WaitFor("db-primary");
        session.Resize(80, 24);
        session.WaitFor(s => s.Contains("db-primary") && s.Split('\n').Length <= 25 && s.Contains("F1 Help"), "the screen at 80x24");
        session.Resize(20, 5);
        session.WaitFor("too small");
        session.Resize(1, 1);
        session.WaitFor(s => s.Trim().Length <= 1, "a screen of one cell");
        Assert.False(session.HasEnded);
        session.Resize(120, 40);
        var screen = session.WaitFor(s => s.Contains("db-primary") && s.Contains("F10 Quit"), "the screen at 120x40");
        Assert.InRange(screen.Split('\n').Max(l => l.Length), 100, 120);
    }

    [Fact]
    public void Suspend_gives_the_shell_its_terminal_and_fg_the_program_its_screen()
    {
        using var workplace = new Workplace();
        using var session = Shell(workplace);
        Run(session, "stty -g > before; stty -a > /dev/null; \"${K[@]}\" --demo -d 0.2");
        session.WaitFor("db-primary");

        session.SendKeys("C-z");
        session.WaitFor("Stopped");
        Assert.False(session.IsAlternateScreen);
        Assert.False(session.IsMouseOn);
        Run(session, "stty -g > stopped; echo suspe''nded");
        session.WaitFor("suspended");
        Run(session, "fg");
        session.WaitFor(s => s.Contains("db-primary") && s.Contains("F10 Quit"), "the screen after fg");
        session.SendKeys("2");
        session.WaitFor("AFFINITY");
        session.SendKeys("q");
        Run(session, "stty -g > after; echo le''ft");
        session.WaitFor("left");

        Assert.Equal(Modes(workplace, "before"), Modes(workplace, "stopped"));
        Assert.Equal(Modes(workplace, "before"), Modes(workplace, "after"));
    }

    [Theory]
    [InlineData(SigTerm)]
    [InlineData(SigHup)]
    public void Signal_ends_the_program_and_leaves_the_terminal_as_it_was(int signal)
    {
        using var workplace = new Workplace();
        using var session = Shell(workplace);
        Run(session, "stty -g > before; \"${K[@]}\" --demo -d 0.2; stty -g > after; echo le''ft");
        session.WaitFor("db-primary");

        Assert.Equal(0, Native.Kill(ChildOf(session.Pid), signal));

        session.WaitFor("left");
        Assert.False(session.IsAlternateScreen);
        Assert.False(session.IsMouseOn);
        Assert.Equal(Modes(workplace, "before"), Modes(workplace, "after"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("trap '' HUP; ")]
    public void Terminal_that_goes_away_ends_the_program(string before)
    {
        using var workplace = new Workplace();
        // With SIGHUP ignored, only the descriptor itself tells that the terminal has gone.
        var session = TmuxSession.Start(100, 30, ["sh", "-c", $"{before}exec \"$@\"", "sh", .. KvmTopProgram.With("--demo", "-d", "0.2")], workplace.Environment);
        session.WaitFor("db-primary");
        var pid = session.Pid;

        session.Dispose();

        var ended = Wait.Until(() => !Native.IsAlive(pid), TimeSpan.FromSeconds(30));
        if (!ended) _ = Native.Kill(pid, 9);
        Assert.True(ended, "it runs on without a terminal");
    }

    [Theory]
    [InlineData("dumb")]
    [InlineData("no-such-terminal")]
    [InlineData(null)]
    public void Terminal_that_cannot_be_drawn_on_is_named_with_exit_1_and_no_escapes(string? term)
    {
        using var workplace = new Workplace();
        string[] change = term is null ? ["-u", "TERM"] : [$"TERM={term}"];
        var bytes = Path.Combine(workplace.Folder, "bytes");
        using var session = TmuxSession.Start(
            100, 30, ["sh", "-c", "sleep 0.5; exec \"$@\"", "sh", "/usr/bin/env", .. change, .. KvmTopProgram.With("--demo")], workplace.Environment);
        session.RecordTo(bytes);

        Assert.Equal(1, session.WaitForEnd());

        var screen = session.Capture();
        Assert.Contains(term is null ? "TERM" : $"TERM={term}", screen, StringComparison.Ordinal);
        Assert.Contains("--once", screen, StringComparison.Ordinal);
        Assert.True(Wait.Until(() => File.Exists(bytes) && new FileInfo(bytes).Length > 0, TimeSpan.FromSeconds(30)), "nothing was recorded");
        Assert.DoesNotContain((byte)0x1B, File.ReadAllBytes(bytes));
    }

    [Fact]
    public void Idle_screen_costs_next_to_nothing()
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(160, 50, "--root", "/", "-d", "5");
        session.WaitFor("live");
        Thread.Sleep(1500);
        var before = CpuTicks(session.Pid);
        Thread.Sleep(2000);

        // A busy loop would take 200 ticks.
        Assert.InRange(CpuTicks(session.Pid) - before, 0, 30);
    }

    private static TmuxSession Shell(Workplace workplace)
    {
        var bash = Need.Program("bash");
        var session = TmuxSession.Start(100, 30, [bash, "--norc", "--noprofile", "-i"], workplace.Environment);
        try
        {
            Run(session, $"cd '{workplace.Folder}'; K=({string.Join(' ', KvmTopProgram.CommandLine.Select(w => $"'{w}'"))}); PS1='$ '; clear; echo rea''dy");
            session.WaitFor("ready");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static void Run(TmuxSession session, string line)
    {
        session.SendText(line);
        session.SendKeys("Enter");
    }

    private static string Modes(Workplace workplace, string file) => File.ReadAllText(Path.Combine(workplace.Folder, file)).Trim();

    private static int ChildOf(int pid) => int.Parse(File.ReadAllText($"/proc/{pid}/task/{pid}/children").Trim().Split(' ')[0], CultureInfo.InvariantCulture);

    private static long CpuTicks(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
    }
}
