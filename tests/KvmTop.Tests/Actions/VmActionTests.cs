using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

/// <summary>Plans of actions on VMs, and what becomes of them, on a host of the test's own.</summary>
public sealed class VmActionTests : IDisposable
{
    private const string Uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";
    private const int Pid = 700_001;

    private readonly FakeControl _host = new();
    private readonly List<VmModel> _vms = [];
    private string _state = "running";
    private long _actual = 1L << 30;
    private bool _driver = true;

    public VmActionTests()
    {
        _host.Monitor = Monitor;
        _host.Domains = Domains;
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Pause_running_stops_it_and_its_undo_lets_it_go_on()
    {
        Add("db1", Pid);

        var plan = Plan("vm pause db1");

        Assert.Equal(["QMP to db1: stop (running -> paused)"], plan.Effects.Select(e => e.Describe()));
        Assert.Equal(["vm", "pause", "700001"], plan.Words);
        Assert.True(plan.CanUndo);
        Assert.True(Execute(plan).IsDone);
        Assert.Equal("paused", _state);
        Assert.True(Undo().IsDone);
        Assert.Equal("running", _state);
    }

    [Fact]
    public void Pause_paused_already_has_nothing_to_do()
    {
        Add("db1", Pid);
        _state = "paused";

        var plan = Plan("vm pause db1");

        Assert.Empty(plan.Effects);
        Assert.Empty(plan.Obstacles);
    }

    [Fact]
    public void Pause_libvirts_goes_through_libvirt_and_never_to_its_monitor()
    {
        Add("db1", Pid, libvirt: true);

        Assert.True(Execute(Plan("vm pause db1")).IsDone);

        Assert.Equal("paused", _state);
        Assert.Contains("libvirt suspend", _host.Log);
        Assert.DoesNotContain(_host.Log, l => l.StartsWith("qmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Pause_two_marked_one_after_the_other_and_the_second_that_fails_takes_the_first_back()
    {
        Add("db1", Pid);
        Add("web", Pid + 1, libvirt: true);
        _host.Domains = request => request.Operation == "suspend" ? new LibvirtReply(false, null, "libvirt: no") : new LibvirtReply(true, "running", null);

        var result = Execute(Plan("vm pause db1 web"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Equal("running", _state);
        Assert.Equal(["qmp stop", "libvirt suspend", "qmp cont"], _host.Log.Where(l => !l.Contains("query", StringComparison.Ordinal) && !l.Contains("get-", StringComparison.Ordinal)));
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
        _ = _host.Started.Remove(Pid);
        _host.Log.Clear();

        var result = Execute(plan);

        Assert.Equal((JournalState.RolledBack, "db1 (pid 700001) is gone"), (result.State, result.Problem));
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Kill_pid_that_came_to_mean_another_process_is_left_alone()
    {
        Add("db1", Pid, libvirt: true);
        var plan = Plan("vm kill db1");
        _host.Started[Pid] = 12345;
        _host.Log.Clear();

        Assert.Equal(JournalState.RolledBack, Execute(plan).State);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Pause_resumed_by_somebody_else_meanwhile_is_not_undone()
    {
        Add("db1", Pid);
        Assert.True(Execute(Plan("vm pause db1")).IsDone);
        _state = "running";

        var result = Undo();

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Contains("is running now, not paused", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Pause_accepted_and_not_done_is_a_failure()
    {
        Add("db1", Pid);
        _host.Monitor = (command, _) => command == "query-status" ? Json("""{"status":"running"}""") : Json("{}");

        var result = Execute(Plan("vm pause db1"));

        Assert.Equal((JournalState.RolledBack, "db1 is running still"), (result.State, result.Problem));
    }

    [Fact]
    public void Pause_no_answer_says_that_nobody_knows_and_is_no_success()
    {
        Add("db1", Pid);
        var plan = Plan("vm pause db1");
        _host.Monitor = (command, arguments) => command == "stop" ? new QmpReply(QmpReplyStatus.TimedOut, default, "QMP: no answer to stop within 5 s", default, default) : Monitor(command, arguments);

        Assert.Contains("no answer to stop", Execute(plan).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Pause_without_a_monitor_is_refused_and_with_the_flag_done_by_signal()
    {
        Add("db1", Pid);
        _host.NoMonitor = "QMP: the VM has no monitor";

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
        _host.User = new Actor(1000, "alice", null);

        Assert.Equal(ObstacleKind.Privilege, Plan("vm pause db1 --signal").Obstacles[0].Kind);
    }

    [Fact]
    public void Resume_process_that_was_stopped_goes_on_by_signal_without_asking_its_monitor()
    {
        Add("db1", Pid);
        Stat(Pid, 'T');

        var plan = Plan("vm resume db1");

        Assert.Equal("SIGCONT to process 700001 (db1): stopped -> running", Assert.Single(plan.Effects).Describe());
        Assert.DoesNotContain(_host.Log, l => l.StartsWith("qmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Resume_panicked_is_refused_and_names_the_reset()
    {
        Add("db1", Pid);
        _state = "guest-panicked";

        Assert.Equal("kvmtop vm reset 700001", Assert.Single(Plan("vm resume db1").Obstacles).Remedy);
    }

    [Fact]
    public void Resume_not_permitted_by_libvirt_is_a_matter_of_privilege()
    {
        Add("db1", Pid, libvirt: true);
        _host.Domains = _ => new LibvirtReply(false, null, "libvirt: authentication unavailable") { IsDenied = true };

        Assert.Equal(ObstacleKind.Privilege, Assert.Single(Plan("vm resume db1").Obstacles).Kind);
    }

    [Fact]
    public void Reset_must_be_confirmed_by_its_name_and_cannot_be_undone()
    {
        Add("db1", Pid);

        var plan = Plan("vm reset db1");

        Assert.Equal((Danger.Destroys, "db1", false), (plan.Danger, plan.Confirm, plan.CanUndo));
        Assert.True(Execute(plan).IsDone);
        Assert.Contains("qmp system_reset", _host.Log);
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
            ["QMP to db1: system_powerdown", "libvirt, domain web: shutdown", "wait up to 90 s until db1 (process 700001) has ended", "wait up to 90 s until web (process 700002) has ended"],
            Plan("vm stop db1 web --timeout 90s").Effects.Select(e => e.Describe()));
    }

    [Fact]
    public void Stop_guest_that_goes_is_done()
    {
        Add("db1", Pid);
        _host.Monitor = (command, arguments) =>
        {
            if (command == "system_powerdown")
                _ = _host.Started.Remove(Pid);
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
        _state = "paused";

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
        _host.Survives = 15;

        var result = Execute(Plan("vm kill db1"));

        Assert.True(result.IsDone);
        Assert.Equal(["qmp quit", "signal 700001 15", "signal 700001 9"], _host.Log);
        Assert.StartsWith("by SIGKILL", result.Results[0].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Kill_process_that_is_stopped_is_sent_only_what_it_hears()
    {
        Add("db1", Pid);
        Stat(Pid, 'T');

        Assert.True(Execute(Plan("vm kill db1")).IsDone);
        Assert.Equal(["signal 700001 9"], _host.Log);
    }

    [Fact]
    public void Kill_libvirts_is_destroyed_and_its_process_seen_to_end()
    {
        Add("db1", Pid, libvirt: true);

        var result = Execute(Plan("vm kill db1"));

        Assert.Equal((JournalState.Broken, "libvirt destroy"), (result.State, _host.Log[^1]));
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
    public void Balloon_is_followed_and_undone_to_the_size_before()
    {
        Add("db1", Pid);

        Assert.True(Execute(Plan("vm balloon db1 512M")).IsDone);
        Assert.Equal(512L << 20, _actual);
        Assert.True(Undo().IsDone);
        Assert.Equal(1L << 30, _actual);
    }

    [Fact]
    public void Balloon_guest_that_does_not_follow_is_told_and_its_target_taken_back()
    {
        Add("db1", Pid);
        _driver = false;

        var result = Execute(Plan("vm balloon db1 512M"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Contains("no balloon driver", result.Problem, StringComparison.Ordinal);
        Assert.Contains("qmp balloon {\"value\":1073741824}", _host.Log);
    }

    [Fact]
    public void Balloon_without_a_device_is_refused()
    {
        Add("db1", Pid);
        _host.Monitor = (command, _) => new QmpReply(QmpReplyStatus.Error, default, $"QMP: {command}: No balloon device has been activated", default, default);

        var obstacle = Assert.Single(Plan("vm balloon db1 512M").Obstacles);

        Assert.Equal(ObstacleKind.Refused, obstacle.Kind);
        Assert.Contains("it has no balloon device", obstacle.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2G", ObstacleKind.Refused)]
    [InlineData("64M", ObstacleKind.Refused)]
    [InlineData("0", ObstacleKind.Mistake)]
    [InlineData("much", ObstacleKind.Mistake)]
    public void Balloon_size_out_of_bounds_is_refused(string size, object kind)
    {
        Add("db1", Pid);

        Assert.Equal(kind, Assert.Single(Plan($"vm balloon db1 {size}").Obstacles).Kind);
    }

    [Fact]
    public void Throttle_puts_totals_in_place_of_parts_and_undo_brings_the_parts_back()
    {
        Add("db1", Pid);
        var limits = "\"bps\":0,\"bps_rd\":1000,\"bps_wr\":2000,\"iops\":7,\"iops_rd\":0,\"iops_wr\":0,\"bps_rd_max\":5000,\"bps_rd_max_length\":2";
        _host.Monitor = (command, arguments) =>
        {
            if (command == "block_set_io_throttle")
                limits = arguments!.Split(',', 2)[1].TrimEnd('}');
            return Json($$$"""[{"device":"drive0","inserted":{"file":"/a/disk.img",{{{limits}}}}},{"device":"cd0"}]""");
        };
        _ = Plan("vm throttle db1 drive0 --bps 1M");

        var plan = Plan("vm throttle db1 disk.img --bps 1M");

        Assert.Equal("QMP to db1: block_set_io_throttle drive0: bps_rd=1000 bps_rd_max=5000 bps_rd_max_length=2 bps_wr=2000 iops=7 -> bps=1048576 iops=7", Assert.Single(plan.Effects).Describe());
        Assert.True(Execute(plan).IsDone);
        Assert.Contains("\"bps_rd\":0", limits, StringComparison.Ordinal);
        Assert.True(Undo().IsDone);
        Assert.Contains("\"bps_rd\":1000", limits, StringComparison.Ordinal);
        Assert.Contains("\"bps_rd_max_length\":2", limits, StringComparison.Ordinal);
        Assert.DoesNotContain("1048576", limits, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm throttle db1 drive0", "expected --iops or --bps")]
    [InlineData("vm throttle db1 drive0 --iops many", "--iops: expected a number")]
    [InlineData("vm throttle db1 sda --iops 5", "has no disk sda, but drive0, cd0")]
    public void Throttle_mistakes_are_told(string words, string reason)
    {
        Add("db1", Pid);
        _host.Monitor = (_, _) => Json("""[{"device":"drive0","inserted":{"file":"a"}},{"device":"cd0"}]""");

        var obstacle = Assert.Single(Plan(words).Obstacles);

        Assert.Equal(ObstacleKind.Mistake, obstacle.Kind);
        Assert.Contains(reason, obstacle.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Throttle_of_libvirts_sets_what_goes_to_0()
    {
        Add("db1", Pid, libvirt: true);
        var limits = "read_bytes_sec=1000 total_iops_sec=7";
        _host.Domains = request =>
        {
            if (request.Operation == "set-throttle")
                limits = string.Join(' ', request.Arguments.Skip(1).Where(a => !a.EndsWith("=0", StringComparison.Ordinal)));
            return new LibvirtReply(true, limits, null);
        };

        Assert.True(Execute(Plan("vm throttle db1 vda --bps 1M --iops 0")).IsDone);

        Assert.Contains("libvirt set-throttle vda read_bytes_sec=0 total_iops_sec=0 total_bytes_sec=1048576", _host.Log);
    }

    [Theory]
    [InlineData("shot.jpg", ObstacleKind.Mistake)]
    [InlineData("/nonexistent/folder/shot.png", ObstacleKind.Refused)]
    [InlineData("a\nb.png", ObstacleKind.Mistake)]
    public void Screenshot_file_that_will_not_do_is_told(string file, object kind)
    {
        Add("db1", Pid);

        Assert.Equal(kind, Assert.Single(Plan("vm", "screenshot", "db1", file).Obstacles).Kind);
    }

    [Fact]
    public void Screenshot_link_is_not_followed()
    {
        Add("db1", Pid);
        var link = _host.Map("/link.png");
        _ = File.CreateSymbolicLink(link, "/nonexistent");

        Assert.Contains("is there already", Assert.Single(Plan("vm", "screenshot", "db1", link).Obstacles).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Screenshot_that_qemu_did_not_write_is_a_failure_and_leaves_nothing()
    {
        Add("db1", Pid);
        _host.Monitor = (_, _) => Json("""{"qemu":{"major":10,"minor":0}}""");

        var result = Execute(Plan("vm", "screenshot", "db1", _host.Map("/shot.png")));

        Assert.Contains("there is no file", result.Problem, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_host.Map("/"), "*.png").Concat(Directory.GetFileSystemEntries(_host.Map("/"), ".kvmtop*")));
    }

    [Fact]
    public void Screenshot_qemu_without_png_is_refused()
    {
        Add("db1", Pid);
        _host.Monitor = (_, _) => Json("""{"qemu":{"major":7,"minor":0}}""");

        Assert.Contains("writes no PNG", Assert.Single(Plan("vm", "screenshot", "db1", _host.Map("/shot.png")).Obstacles).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Choices_offer_what_the_selection_can_do_and_say_why_not()
    {
        Add("db1", Pid, state: VmState.Paused);
        var context = new ActionContext(Snapshot(), _host, new ActionSelection([_vms[0].Info]));

        Assert.Equal("paused already", Assert.Single(new PauseAction().Choices(context)).DisabledReason);
        Assert.Null(Assert.Single(new ResumeAction().Choices(context)).DisabledReason);
        Assert.Equal(["vm", "throttle", "700001", "drive0", "--bps", "5M"], Assert.Single(new ThrottleAction().Choices(context)).Words(["drive0 ", "", "5M"]));
        Assert.Empty(new KillAction().Choices(new ActionContext(Snapshot(), _host)));
    }

    private static QmpReply Json(string json) => new(QmpReplyStatus.Ok, System.Text.Encoding.UTF8.GetBytes(json), null, default, default);

    private ActionDesk Desk => new(_host, new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host));

    private ActionPlan Plan(string words) => Plan(words.Split(' '));

    private ActionPlan Plan(params string[] words) => Desk.Plan(new ActionContext(Snapshot(), _host), words);

    private ActionResult Execute(ActionPlan plan)
    {
        _host.Log.Clear();
        return Desk.Execute(plan, null, _ => { });
    }

    private ActionResult Undo() => Desk.Execute(Desk.PlanUndo(null), null, _ => { });

    private QmpReply Monitor(string command, string? arguments)
    {
        switch (command)
        {
            case "stop":
                _state = "paused";
                break;
            case "cont":
                _state = "running";
                break;
            case "balloon" when _driver:
                _actual = long.Parse(arguments!["{\"value\":".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
                break;
        }

        return Json($$"""{"status":"{{_state}}","actual":{{_actual}}}""");
    }

    private LibvirtReply Domains(LibvirtRequest request)
    {
        _state = request.Operation switch { "suspend" => "paused", "resume" => "running", _ => _state };
        return new LibvirtReply(true, request.Operation == "get-state" ? _state : null, null);
    }

    private void Stat(int pid, char state) => _ = _host.With(
        FormattableString.Invariant($"/proc/{pid}/stat"),
        FormattableString.Invariant($"{pid} (qemu) {state} 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {pid} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));

    private void Add(string name, int pid, bool libvirt = false, VmState state = VmState.Running)
    {
        _host.Started[pid] = (ulong)pid;
        string[] arguments = ["qemu", "-m", "1024", .. libvirt ? ["-uuid", Uuid] : Array.Empty<string>()];
        var info = new VmInfo
        {
            Key = new VmKey(pid, (ulong)pid), Name = name, Vmm = VmmKind.Qemu, Accelerator = "kvm", Confirmed = true, User = "root", Arguments = [], Threads = [], VcpuThreads = 0, VcpuSource = "",
            Description = VmDescriber.Describe(VmmKind.Qemu, arguments) with
            {
                LibvirtOwned = libvirt,
                Devices = [new VmDevice(VmDeviceKind.Disk, "virtio-blk-pci", "drive0", "/a/disk.img", true)],
            },
        };
        _vms.Add(new VmModel
        {
            Info = info, State = state, Interval = default, Threads = [], Times = default, EmulatorPct = 0, VcpuPct = 0, Ready = default, ReadBytesPerSecond = 0, WriteBytesPerSecond = 0,
            ThrottledPct = 0, RssBytes = null,
        });
    }

    private Snapshot Snapshot() => new(
        1, default, default,
        new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = new TopicState(VmsTopic.Instance, ReadingStatus.Ok, null, default, default, new VmsModel(_vms, 0), []) },
        EventList.Empty);
}
