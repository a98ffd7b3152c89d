using KvmTop.Actions;

namespace KvmTop.Tests.Actions;

public sealed class PlanExecutorTests : IDisposable
{
    private const string First = "/sys/first", Second = "/sys/second";

    private readonly FakeControl _host = new();
    private readonly Journal _journal;

    public PlanExecutorTests()
    {
        _journal = new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host);
        _ = _host.With(First, "a\n").With(Second, "x\n");
    }

    private ActionDesk Desk => new(_host, _journal);

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Execute_all_effects_hold_is_done_and_written_down()
    {
        var result = Execute(new WriteFileEffect(First, "a", "b"), new WriteFileEffect(Second, "x", "y"));

        Assert.Equal(JournalState.Done, result.State);
        Assert.Equal(("b\n", "y\n"), (_host.TextOf(First), _host.TextOf(Second)));
        var entry = Assert.Single(_journal.Read(out _));
        Assert.Equal((JournalState.Done, "root", true), (entry.State, entry.User, entry.CanUndo));
        Assert.Equal(["b", "y"], entry.Steps.Select(s => s.Result!.After));
    }

    [Fact]
    public void Execute_second_refused_by_the_kernel_takes_the_first_back()
    {
        _host.Kernel = (path, text) => path == Second ? null : text;

        var result = Execute(new WriteFileEffect(First, "a", "b"), new WriteFileEffect(Second, "x", "y"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Equal(("a\n", "x\n"), (_host.TextOf(First), _host.TextOf(Second)));
        Assert.Contains("/sys/second refuses y", result.Problem);
        var entry = Assert.Single(_journal.Read(out _));
        Assert.Equal((JournalState.RolledBack, false), (entry.State, entry.CanUndo));
    }

    [Fact]
    public void Execute_what_was_done_cannot_be_taken_back_says_exactly_what_is_left()
    {
        _host.Kernel = (path, text) => path == Second || text == "a" ? null : text;

        var result = Execute(new WriteFileEffect(First, "a", "b"), new WriteFileEffect(Second, "x", "y"));

        Assert.Equal(JournalState.Broken, result.State);
        Assert.Equal("b\n", _host.TextOf(First));
        Assert.Contains("could not be taken back: write /sys/first: b -> a", result.Problem);
        Assert.Equal(JournalState.Broken, Assert.Single(_journal.Read(out _)).State);
    }

    [Fact]
    public void Execute_kernel_makes_something_else_of_it_is_a_failure_and_taken_back()
    {
        _host.Kernel = (_, text) => text == "b" ? "c" : text;

        var result = Execute(new WriteFileEffect(First, "a", "b"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Contains("says c after b was written", result.Problem);
        Assert.Equal("a\n", _host.TextOf(First));
    }

    [Fact]
    public void Execute_changed_since_the_plan_writes_nothing()
    {
        _ = _host.With(First, "z\n");

        var result = Execute(new WriteFileEffect(First, "a", "b"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Contains("has changed since", result.Problem);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Execute_fewer_pages_granted_is_done_and_told_and_undone_to_what_was_before()
    {
        _ = _host.With(First, "10\n");
        _host.Kernel = (_, text) => text == "1000" ? "600" : text;

        var result = Execute(new WriteFileEffect(First, "10", "1000", ReadBack.AtMost));

        Assert.Equal((JournalState.Done, "granted 600 of 1000"), (result.State, result.Results[0].Problem));
        Assert.True(Undo().IsDone);
        Assert.Equal("10\n", _host.TextOf(First));
    }

    [Fact]
    public void Execute_no_page_granted_is_a_failure()
    {
        _ = _host.With(First, "10\n");
        _host.Kernel = (_, _) => "10";

        Assert.Equal(JournalState.RolledBack, Execute(new WriteFileEffect(First, "10", "1000", ReadBack.AtMost)).State);
    }

    [Fact]
    public void Execute_journal_cannot_be_written_does_nothing()
    {
        _ = _host.With("/var/log/kvmtop", "a file where the directory should be");

        var result = Execute(new WriteFileEffect(First, "a", "b"));

        Assert.Null(result.Id);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Execute_another_run_holds_the_lock_does_nothing_and_names_it()
    {
        using var held = ActionLock.Take(_journal.LockPath, default, _host, out _);

        var result = Execute(new WriteFileEffect(First, "a", "b"));

        Assert.Contains(FormattableString.Invariant($"another kvmtop is acting (pid {Environment.ProcessId})"), result.Problem);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Undo_takes_effects_back_last_first()
    {
        _ = Execute(new WriteFileEffect(First, "a", "b"), new WriteFileEffect(Second, "x", "y"));
        _host.Log.Clear();

        Assert.True(Undo().IsDone);

        Assert.Equal([$"{Second} = x", $"{First} = a"], _host.Log);
        Assert.Equal([JournalState.Undone, JournalState.Done], _journal.Read(out _).Select(e => e.State));
    }

    [Fact]
    public void Undo_changed_by_somebody_else_meanwhile_leaves_it_alone()
    {
        _ = Execute(new WriteFileEffect(First, "a", "b"));
        _ = _host.With(First, "z\n");

        var result = Undo();

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Equal("z\n", _host.TextOf(First));
        Assert.Equal(JournalState.Done, _journal.Read(out _)[0].State);
    }

    [Fact]
    public void Undo_after_a_crash_between_two_effects_takes_back_what_was_begun()
    {
        var plan = Plan(new WriteFileEffect(First, "a", "b"), new WriteFileEffect(Second, "x", "y"));
        _host.Started[Environment.ProcessId] = 7;
        var id = _journal.Begin(plan, null);
        _journal.Starting(id, 0);
        _ = plan.Effects[0].Apply(_host, _ => { });
        _host.Started[Environment.ProcessId] = 8;

        var entry = Assert.Single(_journal.Read(out _));
        Assert.Equal((JournalState.Unfinished, true), (entry.State, entry.CanUndo));
        Assert.True(Undo().IsDone);
        Assert.Equal(("a\n", "x\n"), (_host.TextOf(First), _host.TextOf(Second)));
    }

    [Fact]
    public void Plan_file_that_this_user_may_not_write_names_it_and_cannot_run()
    {
        _host.User = new Actor(1000, "alice", null);
        _ = Execute(new WriteFileEffect(First, "a", "b"));
        var plan = Desk.PlanUndo(null);

        Assert.False(plan.CanRun);
        Assert.Equal((ObstacleKind.Privilege, "/sys/first may not be written by alice"), (plan.Obstacles[0].Kind, plan.Obstacles[0].Reason));
    }

    [Fact]
    public void Read_half_a_line_and_nonsense_are_passed_over()
    {
        _ = Execute(new WriteFileEffect(First, "a", "b"));
        using (var file = new FileStream(_journal.Path, FileMode.Append))
        {
            file.Write("[1]\n{\"id\":5}\n{\"id\":\"x\",\"event\":\"begin\",\"effects\":[{\"kind\":\"no-such\"},3]}\n{\"id\":\"x\",\"ev"u8);
        }

        var entries = _journal.Read(out _);

        Assert.Equal([JournalState.Done, JournalState.Unfinished], entries.Select(e => e.State));
        Assert.False(entries[1].CanUndo);
    }

    [Fact]
    public void Read_every_kind_of_effect_comes_back_as_it_was()
    {
        Effect[] effects =
        [
            new WriteFileEffect(First, "a", "b", ReadBack.Flag),
            new ReplaceFileEffect("/etc/x", null, "one\ntwo\n"),
            new SetAffinityEffect(7, 9, "db1 vCPU 0", "0-3", "1"),
            new SetAffinitiesEffect("db1", [new(7, 9, "vCPU 0", "0-3", "1"), new(8, 9, "worker", "0-3", "2-3") { MayEnd = true }]),
            new RunCommandEffect(["modprobe", "kvm"], ["modprobe", "-r", "kvm"]) { Expect = new Expectation("/sys/module/kvm"), ExpectUndone = new Expectation("/sys/module/kvm", Exists: false), DeadlineSeconds = 9 },
            new LoadModuleEffect("kvm_amd", ["nested=1"]),
            new UnloadModuleEffect("kvm_amd", ["nested=1"]),
            new VmStateEffect(new VmPeer(7, 9, "db1", VmRoute.Libvirt, "u"), Pause: false, "paused"),
            new VmCommandEffect(new VmPeer(7, 9, "db1", VmRoute.Qmp, null), VmCommandEffect.Shutdown),
            new AwaitEndEffect(new VmPeer(7, 9, "db1", VmRoute.Qmp, null), 60),
            new KillVmEffect(new VmPeer(7, 9, "db1", VmRoute.Signal, null)),
            new BalloonEffect(new VmPeer(7, 9, "db1", VmRoute.Qmp, null), 1UL << 32, 1UL << 30) { Seconds = 20 },
            new ThrottleEffect(new VmPeer(7, 9, "db1", VmRoute.Qmp, null), "", "/machine/a", "", "iops=100"),
            new ScreenshotEffect(new VmPeer(7, 9, "db1", VmRoute.Qmp, null), "/tmp/a.png"),
            new LibvirtEffect("u", "db1", "pin-vcpu", ["0", "1"]) { UndoOperation = "pin-vcpu", UndoArguments = ["0", "0-3"] },
            new StartVmEffect("db1", ["qemu-system-x86_64", "-name", "db1"], "/run/kvmtop") { DeadlineSeconds = 9 },
            new QuitVmEffect("db1", "/run/kvmtop", "pid 7 since 9"),
        ];
        _ = _journal.Begin(Plan(effects), null);

        var read = Assert.Single(_journal.Read(out _)).Steps.Select(s => s.Effect!).ToList();

        Assert.Equal(effects.Length, read.Count);
        for (var i = 0; i < effects.Length; i++)
        {
            Assert.Equal(effects[i].Describe(), read[i].Describe());
            Assert.Equal(effects[i].Invert(null)?.Describe(), read[i].Invert(null)?.Describe());
        }
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's; rm -rf /", "'it'\\''s; rm -rf /'")]
    [InlineData("", "''")]
    public void Quote_word_could_be_typed(string word, string expected) => Assert.Equal(expected, RunCommandEffect.Quote([word]));

    private static ActionPlan Plan(params Effect[] effects) => new() { Action = "test", Title = "Test", Words = ["test"], Effects = effects };

    private ActionResult Execute(params Effect[] effects) => new PlanExecutor(_host, _journal).Execute(Plan(effects), null, _ => { });

    private ActionResult Undo() => Desk.Execute(Desk.PlanUndo(null), null, _ => { });
}
