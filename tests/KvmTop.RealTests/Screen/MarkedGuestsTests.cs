using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Screen;

/// <summary>Class: marks reach the actions. Real guests on a real terminal: what is marked is acted on, and what is under the cursor is not.</summary>
public sealed class MarkedGuestsTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public void Two_marked_are_paused_and_the_third_under_the_cursor_runs_on()
    {
        using var a = Guest.Start(new GuestOptions { Name = "kvmtop-marks-a", Work = GuestWork.Halt, Tcg = true });
        using var b = Guest.Start(new GuestOptions { Name = "kvmtop-marks-b", Work = GuestWork.Halt, Tcg = true });
        using var c = Guest.Start(new GuestOptions { Name = "kvmtop-marks-c", Work = GuestWork.Halt, Tcg = true });
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 40, "--sort", "name", "--filter", "kvmtop-marks");
        session.WaitFor(s => s.Contains("kvmtop-marks-c", StringComparison.Ordinal), "the guests");
        session.SendKeys("Home", "Space", "Space");
        session.WaitFor("2 marked");

        session.SendKeys("Z");
        session.WaitFor(s => s.Contains("Pause 2 VMs", StringComparison.Ordinal) && s.Contains("Reset 2 VMs", StringComparison.Ordinal), "a menu about both");
        session.SendKeys("Enter");
        var plan = session.WaitFor(s => s.Contains("Do it", StringComparison.Ordinal), "the plan");
        Assert.Contains("1. QMP to kvmtop-marks-a: stop", plan, StringComparison.Ordinal);
        Assert.Contains("2. QMP to kvmtop-marks-b: stop", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("QMP to kvmtop-marks-c", plan, StringComparison.Ordinal);
        session.SendKeys("Left", "Enter");
        session.WaitFor("Done: Pause 2 VMs");

        Assert.True(Wait.Until(() => Status(a) == "paused" && Status(b) == "paused", s_deadline));
        Assert.Equal("running", Status(c));

        // The line of commands means the same ones when it names none.
        session.SendKeys("Enter");
        session.SendKeys(":");
        session.SendText("vm resume");
        session.SendKeys("Enter");
        session.WaitFor("Resume 2 VMs");
        session.WaitFor("Do it");
        session.SendKeys("Enter");
        session.WaitFor("Done: Resume 2 VMs");
        Assert.Equal(["running", "running", "running"], new[] { a, b, c }.Select(Status));
    }

    [Fact]
    public void Marked_guest_that_ends_loses_its_mark_and_the_screen_says_so()
    {
        using var a = Guest.Start(new GuestOptions { Name = "kvmtop-marks-d", Work = GuestWork.Halt, Tcg = true });
        using var b = Guest.Start(new GuestOptions { Name = "kvmtop-marks-e", Work = GuestWork.Halt, Tcg = true });
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 40, "--sort", "name", "--filter", "kvmtop-marks", "-d", "0.5");
        session.WaitFor(s => s.Contains("kvmtop-marks-e", StringComparison.Ordinal), "the guests");
        session.SendKeys("Home", "Space", "Space");
        session.WaitFor("2 marked");

        _ = Native.Kill(a.Pid, 9);

        session.WaitFor("No longer marked, for it is gone or not shown: kvmtop-marks-d; 1 still marked.", s_deadline);
        session.SendKeys("K");
        session.WaitFor("Kill kvmtop-marks-e at once");
    }

    private static string? Status(Guest guest) => guest.Qmp("query-status").GetProperty("status").GetString();
}
