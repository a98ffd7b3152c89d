using System.Diagnostics;
using System.Globalization;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Actions;

/// <summary>
/// A plan that has begun ends, whatever asks the program to leave. Broke when: SIGTERM or a lost ssh cut a plan off between two steps ("left half-way"), and q on the
/// screen did the same without a word. The slow step: a VM that hears SIGTERM and stays, so that 5 s pass until it is killed.
/// </summary>
public sealed class LeavingTests : IDisposable
{
    private const int HangUp = 1, Interrupt = 2, Quit = 3, Terminate = 15;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);
    private static int s_count;

    private readonly Workplace _place = new();
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"kvmtop-leave-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
    private readonly Process _stub;

    public LeavingTests()
    {
        // A shell by the name of QEMU: it writes down that it was asked to end, and goes on.
        var program = Path.Combine(_place.Folder, "qemu-system-x86_64");
        File.Copy("/bin/bash", program);
        var script = _place.Write("stub", $"trap 'echo asked > {Asked}' TERM\nwhile :; do sleep 0.1; done\n");
        _stub = Process.Start(new ProcessStartInfo(program, [script, "-name", "guest=" + _name, "-accel", "tcg"]))!;
    }

    private string Asked => Path.Combine(_place.Folder, "asked");

    public void Dispose()
    {
        _stub.Kill();
        _stub.Dispose();
        _place.Dispose();
    }

    [Theory]
    [InlineData(Terminate)]
    [InlineData(HangUp)]
    [InlineData(Interrupt)]
    [InlineData(Quit)]
    public void Signal_in_the_middle_of_a_plan_waits_for_its_end_however_often_it_comes(int signal)
    {
        using var program = Start("vm", "kill", Pid, "--signal", "--yes");
        Assert.True(Wait.Until(() => File.Exists(Asked), s_deadline), "the plan did not begin");

        _ = Native.Kill(program.Id, signal);
        _ = Native.Kill(program.Id, signal);

        var said = program.StandardError.ReadToEnd();
        Assert.True(program.WaitForExit(s_deadline));
        // A shell that runs this in the background has it ignore the keys of a terminal, and so it does.
        if (signal is Terminate or HangUp)
            Assert.Contains("kvmtop: finishing what is begun: ", said, StringComparison.Ordinal);
        Assert.Equal(0, program.ExitCode);
        IsKilledAndDone();
    }

    [Fact]
    public void Signal_before_a_plan_has_begun_ends_the_program_and_leaves_no_note()
    {
        using var program = Start("vm", "kill", Pid, "--signal");

        // Without a terminal to ask on it would end by itself; what is measured is that nothing hangs and nothing was begun.
        _ = Native.Kill(program.Id, Terminate);

        Assert.True(program.WaitForExit(s_deadline));
        Assert.True(Native.IsAlive(_stub.Id));
        Assert.False(File.Exists($"/run/kvmtop/wanted-{Pid}"));
    }

    [Fact]
    public void Terminal_that_is_closed_in_the_middle_of_a_plan_leaves_it_to_its_end()
    {
        using (var session = _place.Start(120, 40, "vm", "kill", Pid, "--signal", "--yes"))
            Assert.True(Wait.Until(() => File.Exists(Asked), s_deadline), "the plan did not begin");

        IsKilledAndDone();
    }

    [Fact]
    public void Screen_left_by_q_in_the_middle_of_a_plan_says_what_it_waits_for_and_leaves_then()
    {
        using var session = Screen();
        session.SendKeys("Escape");
        session.WaitFor(s => !s.Contains("Under way", StringComparison.Ordinal), "the screen behind the plan");

        session.SendKeys("q");

        session.WaitFor("kvmtop leaves when this has ended");
        Assert.Equal(0, session.WaitForEnd(s_deadline));
        IsKilledAndDone();
    }

    [Theory]
    [InlineData(Terminate)]
    [InlineData(HangUp)]
    public void Screen_that_a_signal_ends_in_the_middle_of_a_plan_finishes_it(int signal)
    {
        using var session = Screen();

        session.Signal(signal);
        session.Signal(signal);

        Assert.Equal(0, session.WaitForEnd(s_deadline));
        IsKilledAndDone();
    }

    [Fact]
    public void Screen_whose_terminal_is_lost_in_the_middle_of_a_plan_finishes_it()
    {
        Screen().Dispose();

        IsKilledAndDone();
    }

    private string Pid => _stub.Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A screen that has begun to kill the stub.</summary>
    private TmuxSession Screen()
    {
        var session = _place.Start(140, 40);
        session.WaitFor(_name);
        session.SendText($":vm kill {Pid} --signal");
        session.SendKeys("Enter");
        session.WaitFor("to go ahead");
        session.SendText(_name);
        session.SendKeys("Enter");
        Assert.True(Wait.Until(() => File.Exists(Asked), s_deadline), "the plan did not begin:\n" + session.Capture());
        return session;
    }

    private Process Start(params string[] words)
    {
        var start = new ProcessStartInfo(KvmTopProgram.CommandLine[0], [.. KvmTopProgram.CommandLine.Skip(1), .. words])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XDG_CONFIG_HOME"] = _place.Folder;
        return Process.Start(start)!;
    }

    private void IsKilledAndDone()
    {
        Assert.True(Wait.Until(() => !Native.IsAlive(_stub.Id), s_deadline), "the VM was not killed");
        Assert.True(Wait.Until(() => Audit().Contains($"Kill {_name}: done", StringComparison.Ordinal), s_deadline), Audit());
    }

    private static string Audit() => KvmTopProgram.Run("audit", "-n", "3").Stdout;
}
