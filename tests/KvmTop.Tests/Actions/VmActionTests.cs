using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

/// <summary>What VMs do: plans of pausing, resuming, resetting, ending them, and what becomes of those.</summary>
public sealed class VmActionTests : VmActionStage
{
    [Fact]
    public void Pause_running_stops_it_and_its_undo_lets_it_go_on()
    {
        Add("db1", Pid);

        var plan = Plan("vm pause db1");

        Assert.Equal(["QMP to db1: stop (running -> paused)"], plan.Effects.Select(e => e.Describe()));
        Assert.Equal(["vm", "pause", "700001"], plan.Words);
        Assert.True(plan.CanUndo);
        Assert.True(Execute(plan).IsDone);
        Assert.Equal("paused", State);
        Assert.True(Undo().IsDone);
        Assert.Equal("running", State);
    }

    [Fact]
    public void Pause_paused_already_has_nothing_to_do()
    {
        Add("db1", Pid);
        State = "paused";

        var plan = Plan("vm pause db1");

        Assert.Empty(plan.Effects);
        Assert.Empty(plan.Obstacles);
    }

    [Fact]
    public void Pause_libvirts_goes_through_libvirt_and_never_to_its_monitor()
    {
        Add("db1", Pid, libvirt: true);

        Assert.True(Execute(Plan("vm pause db1")).IsDone);

        Assert.Equal("paused", State);
        Assert.Contains("libvirt suspend", Host.Log);
        Assert.DoesNotContain(Host.Log, l => l.StartsWith("qmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Pause_two_marked_one_after_the_other_and_the_second_that_fails_takes_the_first_back()
    {
        Add("db1", Pid);
        Add("web", Pid + 1, libvirt: true);
        Host.Domains = request => request.Operation == "suspend" ? new LibvirtReply(false, null, "libvirt: no") : new LibvirtReply(true, "running", null);

        var result = Execute(Plan("vm pause db1 web"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Equal("running", State);
        Assert.Equal(["qmp stop", "libvirt suspend", "qmp cont"], Host.Log.Where(l => !l.Contains("query", StringComparison.Ordinal) && !l.Contains("get-", StringComparison.Ordinal)));
    }

    [Fact]
    public void Pause_name_of_two_is_a_mistake_that_gives_their_pids()
    {
        Add("db1", Pid);
        Add("db1", Pid + 1);

        var obstacle = Assert.Single(Plan("vm pause db1").Obstacles);

        Assert.Equal(ObstacleKind.Mistake, obstacle.Kind);
        Assert.Contains("700001", obstacle.Reason, StringComparison.Ordinal);
        Assert.Contains("700002", obstacle.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Pause_name_that_looks_like_an_option_is_taken_after_two_dashes()
    {
        Add("--signal", Pid);

        Assert.Equal(ObstacleKind.Mistake, Assert.Single(Plan("vm pause --signal").Obstacles).Kind);
        Assert.Equal("QMP to --signal: stop (running -> paused)", Assert.Single(Plan("vm pause -- --signal").Effects).Describe());
    }

    [Fact]
    public void Pause_died_since_the_plan_sends_nothing()
    {
        Add("db1", Pid);
        var plan = Plan("vm pause db1");
        _ = Host.Started.Remove(Pid);
        Host.Log.Clear();

        var result = Execute(plan);

        Assert.Equal((JournalState.RolledBack, "db1 (pid 700001) is gone"), (result.State, result.Problem));
        Assert.Empty(Host.Log);
    }

    [Theory]
    [InlineData("vm kill web1")]
    [InlineData("vm stop WEB10")]
    [InlineData("vm throttle web1 vda --iops 5")]
    [InlineData("vm screenshot web1 /tmp/web1.png")]
    public void Part_of_a_name_means_no_vm(string words)
    {
        Add("web10", Pid);

        var plan = Plan(words);

        Assert.Empty(plan.Effects);
        Assert.Contains(plan.Obstacles, o => o.Kind == ObstacleKind.Mistake && o.Reason.Contains("no VM is called", StringComparison.Ordinal));
    }

    [Fact]
    public void Kill_pid_that_came_to_mean_another_process_is_left_alone()
    {
        Add("db1", Pid, libvirt: true);
        var plan = Plan("vm kill db1");
        Host.Started[Pid] = 12345;
        Host.Log.Clear();

        Assert.Equal(JournalState.RolledBack, Execute(plan).State);
        Assert.Empty(Host.Log);
    }

    [Fact]
    public void Pause_resumed_by_somebody_else_meanwhile_leaves_nothing_to_undo()
    {
        Add("db1", Pid);
        Assert.True(Execute(Plan("vm pause db1")).IsDone);
        State = "running";

        var result = Undo();

        Assert.Equal((true, "it is so already"), (result.IsDone, result.Results[0].Problem));
        Assert.DoesNotContain("qmp cont", Host.Log);
    }

    [Fact]
    public void Pause_accepted_and_not_done_is_a_failure()
    {
        Add("db1", Pid);
        Host.Monitor = (command, _) => command == "query-status" ? Json("""{"status":"running"}""") : Json("{}");

        var result = Execute(Plan("vm pause db1"));

        Assert.Equal((JournalState.RolledBack, "db1 is running still"), (result.State, result.Problem));
    }

    [Fact]
    public void Pause_no_answer_says_that_nobody_knows_and_is_no_success()
    {
        Add("db1", Pid);
        var plan = Plan("vm pause db1");
        Host.Monitor = (command, arguments) => command == "stop" ? new QmpReply(QmpReplyStatus.TimedOut, default, "QMP: no answer to stop within 5 s", default, default) : Monitor(command, arguments);

        Assert.Contains("no answer to stop", Execute(plan).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Pause_without_a_monitor_is_refused_and_with_the_flag_done_by_signal()
    {
        Add("db1", Pid);
        Host.NoMonitor = "QMP: the VM has no monitor";

        var refused = Assert.Single(Plan("vm pause db1").Obstacles);

        Assert.Equal((ObstacleKind.Refused, "db1: QMP: the VM has no monitor", "--signal stops its whole process"), (refused.Kind, refused.Reason, refused.Remedy));
        var plan = Plan("vm pause db1 --signal");
        Assert.Equal("SIGSTOP to process 700001 (db1): running -> stopped", Assert.Single(plan.Effects).Describe());
        Assert.Contains(plan.Notes, n => n.Contains("whole process", StringComparison.Ordinal));
    }

    [Fact]
    public void Pause_by_signal_somebody_elses_process_is_not_permitted()
    {
        Add("db1", Pid);
        Host.User = new Actor(1000, "alice", null);

        Assert.Equal(ObstacleKind.Privilege, Plan("vm pause db1 --signal").Obstacles[0].Kind);
    }

    [Fact]
    public void Resume_process_that_was_stopped_goes_on_by_signal_without_asking_its_monitor()
    {
        Add("db1", Pid);
        Stat(Pid, 'T');

        var plan = Plan("vm resume db1");

        Assert.Equal("SIGCONT to process 700001 (db1): stopped -> running", Assert.Single(plan.Effects).Describe());
        Assert.DoesNotContain(Host.Log, l => l.StartsWith("qmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Resume_panicked_is_refused_and_names_the_reset()
    {
        Add("db1", Pid);
        State = "guest-panicked";

        Assert.Equal("kvmtop vm reset 700001", Assert.Single(Plan("vm resume db1").Obstacles).Remedy);
    }

    [Fact]
    public void Resume_not_permitted_by_libvirt_is_a_matter_of_privilege()
    {
        Add("db1", Pid, libvirt: true);
        Host.Domains = _ => new LibvirtReply(false, null, "libvirt: authentication unavailable") { IsDenied = true };

        Assert.Equal(ObstacleKind.Privilege, Assert.Single(Plan("vm resume db1").Obstacles).Kind);
    }

    [Fact]
    public void Reset_must_be_confirmed_by_its_name_and_cannot_be_undone()
    {
        Add("db1", Pid);

        var plan = Plan("vm reset db1");

        Assert.Equal((Danger.Destroys, "db1", false), (plan.Danger, plan.Confirm, plan.CanUndo));
        Assert.True(Execute(plan).IsDone);
        Assert.Contains("qmp system_reset", Host.Log);
    }

    [Fact]
    public void Reset_name_that_cannot_be_typed_is_confirmed_by_its_pid()
    {
        Add("db\u00e91", Pid);

        Assert.Equal("700001", Plan("vm reset 700001").Confirm);
    }

    [Fact]
    public void Stop_asks_all_before_it_waits_for_any()
    {
        Add("db1", Pid);
        Add("web", Pid + 1, libvirt: true);

        Assert.Equal(
            ["QMP to db1: system_powerdown", "libvirt, domain web (6695eb01-f6a4-8304-79aa-97f2502e193f): shutdown", "wait up to 90 s until db1 (process 700001) has ended", "wait up to 90 s until web (process 700002) has ended"],
            Plan("vm stop db1 web --timeout 90s").Effects.Select(e => e.Describe()));
    }

    [Fact]
    public void Stop_guest_that_goes_is_done()
    {
        Add("db1", Pid);
        Host.Monitor = (command, arguments) =>
        {
            if (command == "system_powerdown")
                _ = Host.Started.Remove(Pid);
            return Monitor(command, arguments);
        };

        Assert.True(Execute(Plan("vm stop db1")).IsDone);
    }

    [Fact]
    public void Stop_guest_that_does_not_listen_fails_and_names_what_ends_it()
    {
        Add("db1", Pid);

        var result = Execute(Plan("vm stop db1 --timeout 2s"));

        Assert.False(result.IsDone);
        Assert.Contains("'kvmtop vm kill 700001' ends it", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Stop_paused_is_refused()
    {
        Add("db1", Pid);
        State = "paused";

        Assert.Equal("kvmtop vm resume 700001, or kvmtop vm kill 700001", Assert.Single(Plan("vm stop db1").Obstacles).Remedy);
    }

    [Theory]
    [InlineData("0s")]
    [InlineData("2h")]
    [InlineData("-5s")]
    [InlineData("soon")]
    [InlineData("99999999999s")]
    public void Stop_timeout_that_is_none_is_a_mistake(string timeout)
    {
        Add("db1", Pid);

        Assert.Equal(ObstacleKind.Mistake, Assert.Single(Plan($"vm stop db1 --timeout {timeout}").Obstacles).Kind);
    }

    [Fact]
    public void Kill_quits_and_where_that_is_not_done_goes_on_to_signals()
    {
        Add("db1", Pid);
        Host.Survives = 15;

        var result = Execute(Plan("vm kill db1"));

        Assert.True(result.IsDone);
        Assert.Equal(["qmp quit", "signal 700001 15", "signal 700001 9"], Host.Log);
        Assert.StartsWith("by SIGKILL", result.Results[0].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Kill_process_that_is_stopped_is_sent_only_what_it_hears()
    {
        Add("db1", Pid);
        Stat(Pid, 'T');

        Assert.True(Execute(Plan("vm kill db1")).IsDone);
        Assert.Equal(["signal 700001 9"], Host.Log);
    }

    [Fact]
    public void Kill_libvirts_is_destroyed_and_its_process_seen_to_end()
    {
        Add("db1", Pid, libvirt: true);

        var result = Execute(Plan("vm kill db1"));

        Assert.Equal((JournalState.Broken, "libvirt destroy"), (result.State, Host.Log[^1]));
        Assert.Contains("process 700001 is still there", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Kill_zombie_has_ended()
    {
        Add("db1", Pid);
        Stat(Pid, 'Z');

        Assert.Contains("is gone", Assert.Single(Plan("vm kill db1").Obstacles).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Choices_offer_what_the_selection_can_do_and_say_why_not()
    {
        Add("db1", Pid, state: VmState.Paused);
        var context = new ActionContext(Snapshot(), Host, new ActionSelection([Vms[0].Info]));

        Assert.Equal("paused already", Assert.Single(new PauseAction().Choices(context)).DisabledReason);
        Assert.Null(Assert.Single(new ResumeAction().Choices(context)).DisabledReason);
        Assert.Equal(["vm", "throttle", "700001", "drive0", "--bps", "5M"], Assert.Single(new ThrottleAction().Choices(context)).Words(["drive0 ", "", "5M"]));
        Assert.Empty(new KillAction().Choices(new ActionContext(Snapshot(), Host)));
    }
}
