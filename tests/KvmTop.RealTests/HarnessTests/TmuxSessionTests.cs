using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.HarnessTests;

public sealed class TmuxSessionTests
{
    [Fact]
    public void SendText_reaches_the_program_and_its_output_the_capture()
    {
        using var session = TmuxSession.Start(80, 24, ["sh", "-c", "read -r line; echo \"got <$line>\"; sleep 60"]);

        session.SendText("two words");
        session.SendKeys("Enter");

        session.WaitFor("got <two words>");
    }

    [Fact]
    public void Resize_changes_what_the_program_sees()
    {
        using var session = TmuxSession.Start(80, 24, ["sh", "-c", "trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done"]);
        session.WaitFor("24 80");

        session.Resize(120, 40);

        session.WaitFor("40 120");
    }

    [Fact]
    public void WaitForEnd_gives_the_exit_code_and_keeps_the_last_screen()
    {
        using var session = TmuxSession.Start(80, 24, ["sh", "-c", "echo last words; exit 3"]);

        Assert.Equal(3, session.WaitForEnd());
        Assert.Contains("last words", session.Capture(), StringComparison.Ordinal);
    }

    [Fact]
    public void Signal_reaches_the_program_itself()
    {
        using var session = TmuxSession.Start(80, 24, ["sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done"]);
        session.WaitFor("ready");

        session.Signal(15);

        Assert.Equal(7, session.WaitForEnd());
    }

    [Fact]
    public void IsAlternateScreen_follows_the_program()
    {
        using var session = TmuxSession.Start(80, 24, ["sh", "-c", "tput smcup; read -r x; tput rmcup; echo out; sleep 60"]);
        session.WaitFor(_ => session.IsAlternateScreen, "the alternate screen");

        session.SendKeys("Enter");

        session.WaitFor("out");
        Assert.False(session.IsAlternateScreen);
    }

    [Fact]
    public void Dispose_ends_the_program()
    {
        var session = TmuxSession.Start(80, 24, ["sleep", "600"]);
        var pid = session.Pid;

        session.Dispose();

        Assert.True(Wait.Until(() => !Native.IsAlive(pid), TimeSpan.FromSeconds(30)));
    }
}
