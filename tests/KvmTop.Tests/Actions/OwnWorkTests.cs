using System.Globalization;
using KvmTop.Actions;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

/// <summary>
/// An effect takes back only what it made, and looks again under the lock. Broke when: the loser of two starts deleted the sockets of the VM that ran; a mount that
/// failed because somebody else had mounted was "rolled back" by umount; an undo of what was cut off wrote over whatever stood there.
/// </summary>
public sealed class OwnWorkTests : IDisposable
{
    private const string First = "/sys/first", Second = "/sys/second";
    private static readonly VmPeer s_vm = new(7, 9, "db1", VmRoute.Qmp, null);

    private readonly FakeControl _host = new();
    private readonly Journal _journal;

    public OwnWorkTests()
    {
        _journal = new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host);
        _ = _host.With(First, "a\n").With(Second, "x\n").With("/proc/7/stat", "7 (qemu) S 1\n");
        _host.Started[7] = 9;
    }

    private ActionDesk Desk => new(_host, _journal);

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Start_that_fails_leaves_what_was_there_before_it()
    {
        _ = _host.With("/run/kvmtop/a.qmp", "").With("/run/kvmtop/a.console", "").With("/run/kvmtop/a.vnc", "");
        _host.Programs = _ => new ChildResult(1, [], "cannot lock pid file"u8.ToArray(), null);

        _ = Apply(new StartVmEffect("a", ["qemu"], "/run/kvmtop"));

        Assert.All(["qmp", "console", "vnc"], kind => Assert.True(File.Exists(_host.Map("/run/kvmtop/a." + kind))));
    }

    [Fact]
    public void Start_that_fails_takes_away_what_it_made_itself()
    {
        _ = _host.With("/run/kvmtop/a.vnc", "");
        _host.Programs = command =>
        {
            _ = _host.With("/run/kvmtop/a.qmp", "").With("/run/kvmtop/a.console", "");
            return new ChildResult(1, [], "no memory"u8.ToArray(), null);
        };

        _ = Apply(new StartVmEffect("a", ["qemu"], "/run/kvmtop"));

        Assert.Equal([false, false, true], new[] { "qmp", "console", "vnc" }.Select(kind => File.Exists(_host.Map("/run/kvmtop/a." + kind))));
    }

    [Fact]
    public void Command_whose_end_somebody_else_has_brought_about_is_not_run_and_not_taken_back()
    {
        _ = _host.With("/sys/kernel/debug/bdi", "");
        _host.Kernel = (path, text) => path == Second ? null : text;

        var result = Execute(Mount, new WriteFileEffect(Second, "x", "y"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.DoesNotContain(_host.Log, line => line.StartsWith("run ", StringComparison.Ordinal));
    }

    [Fact]
    public void Command_that_failed_is_not_taken_back_though_its_end_has_come_about()
    {
        _host.Programs = command =>
        {
            _ = _host.With("/sys/kernel/debug/bdi", "");
            return new ChildResult(32, [], "already mounted"u8.ToArray(), null);
        };

        var result = Execute(Mount);

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Equal(["run mount -t debugfs debugfs /sys/kernel/debug"], _host.Log);
    }

    [Fact]
    public void Undo_of_a_command_leaves_alone_what_somebody_else_has_changed_since()
    {
        _ = _host.With("/etc/group", "kvm:x:109:bob\n");
        var add = new RunCommandEffect(["gpasswd", "-a", "alice", "kvm"], ["gpasswd", "-d", "alice", "kvm"])
        {
            Expect = new Expectation("/etc/group", "kvm:alice", Of: Aspect.Member),
            ExpectUndone = new Expectation("/etc/group", "kvm:alice", Exists: false, Aspect.Member),
        };
        _host.Programs = command =>
        {
            _ = _host.With("/etc/group", "kvm:x:109:bob,alice\n");
            return new ChildResult(0, [], [], null);
        };
        Assert.True(Execute(add).IsDone);
        _ = _host.With("/etc/group", "kvm:x:109:bob\n");
        _host.Log.Clear();

        _ = Undo();

        Assert.Empty(_host.Log);
    }

    [Theory]
    [InlineData("b", "a", true)]
    [InlineData("a", "a", true)]
    [InlineData("z", "z", false)]
    public void Undo_of_what_was_cut_off_takes_back_its_own_value_only(string now, string after, bool isDone)
    {
        CutOff(new WriteFileEffect(First, "a", "b"));
        _ = _host.With(First, now + "\n");

        Assert.Equal(isDone, Undo().IsDone);
        Assert.Equal(after + "\n", _host.TextOf(First));
    }

    [Theory]
    [InlineData("600", "10")]
    [InlineData("2000", "2000")]
    [InlineData("5", "5")]
    public void Undo_of_pages_that_were_cut_off_takes_back_what_may_have_been_granted(string now, string after)
    {
        CutOff(new WriteFileEffect(First, "10", "1000", ReadBack.AtMost));
        _ = _host.With(First, now + "\n");

        _ = Undo();

        Assert.Equal(after + "\n", _host.TextOf(First));
    }

    [Theory]
    [InlineData("1", "0-3")]
    [InlineData("2", "2")]
    public void Undo_of_cpus_that_were_cut_off_leaves_alone_what_somebody_else_has_set(string now, string after)
    {
        _host.Affinities[8] = CpuSet.Of([0, 1, 2, 3]);
        _host.Started[8] = 5;
        CutOff(new SetAffinityEffect(8, 5, "db1 vCPU 0", "0-3", "1"));
        _host.Affinities[8] = CpuSet.Of([int.Parse(now, CultureInfo.InvariantCulture)]);

        _ = Undo();

        Assert.Equal(after, _host.Affinities[8].ToString());
    }

    [Fact]
    public void Pause_of_a_vm_that_somebody_else_has_paused_is_not_taken_back()
    {
        _host.Monitor = (_, _) => new QmpReply(QmpReplyStatus.Ok, "{\"status\":\"paused\"}"u8.ToArray(), null, default, default);

        var result = Apply(new VmStateEffect(s_vm, Pause: true, "running"));

        Assert.Equal((true, false), (result.Done, result.Changed));
        Assert.DoesNotContain("qmp stop", _host.Log);
    }

    [Theory]
    [InlineData(1024, true)]
    [InlineData(3072, true)]
    [InlineData(4096, true)]
    [InlineData(8192, false)]
    public void Undo_of_a_balloon_leaves_alone_what_somebody_else_has_given(int mebibytes, bool isSet)
    {
        _host.Monitor = (command, _) =>
            new QmpReply(QmpReplyStatus.Ok, command == "query-balloon" ? System.Text.Encoding.UTF8.GetBytes($"{{\"actual\":{(long)mebibytes << 20}}}") : "{}"u8.ToArray(), null, default, default);

        _ = Apply(new BalloonEffect(s_vm, 4UL << 30, 1UL << 30).Invert(null)!);

        Assert.Equal(isSet, _host.Log.Exists(line => line.StartsWith("qmp balloon", StringComparison.Ordinal)));
    }

    [Fact]
    public void Undo_of_a_module_that_somebody_else_has_loaded_anew_leaves_it()
    {
        using var kernel = new FakeModules();
        Assert.True(kernel.Do("module load nbd").IsDone);
        Directory.Move(kernel.Host.Map("/sys/module/nbd"), kernel.Host.Map("/sys/module/before"));
        _ = kernel.Loaded("nbd");

        var result = kernel.Undo();

        Assert.False(result.IsDone);
        Assert.Contains("loaded again since", result.Problem);
        Assert.True(kernel.IsLoaded("nbd"));
    }

    [Fact]
    public void Undo_planned_twice_is_carried_out_once()
    {
        _ = Execute(new WriteFileEffect(First, "a", "b"));
        var (one, other) = (Desk.PlanUndo(null), Desk.PlanUndo(null));
        Assert.True(Desk.Execute(one, null, _ => { }).IsDone);
        _host.Log.Clear();

        var result = Desk.Execute(other, null, _ => { });

        Assert.Null(result.Id);
        Assert.Contains("has been taken back since", result.Problem);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Effect_with_a_defect_ends_its_plan_and_what_came_before_is_taken_back()
    {
        _host.Monitor = (_, _) => throw new InvalidOperationException("nobody thought of this");

        var result = Execute(new WriteFileEffect(First, "a", "b"), new VmStateEffect(s_vm, Pause: true, "running"));

        Assert.Equal("a\n", _host.TextOf(First));
        Assert.Contains("a defect of kvmtop", result.Problem);
        Assert.NotEqual(JournalState.Running, Assert.Single(_journal.Read(out _)).State);
    }

    [Fact]
    public void Asked_to_end_before_anything_was_begun_begins_nothing()
    {
        _host.AskToEnd();

        Assert.Null(Execute(new WriteFileEffect(First, "a", "b")).Id);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Asked_to_end_waits_no_longer_for_a_guest_and_finishes_the_rest()
    {
        _host.Kernel = (_, text) =>
        {
            _host.AskToEnd();
            return text;
        };

        var result = Execute(new WriteFileEffect(First, "a", "b"), new WriteFileEffect(Second, "x", "y"), new AwaitEndEffect(s_vm, 3600));

        Assert.Contains("not waited for any longer", result.Problem);
        Assert.Equal(3, result.Results.Count);
        Assert.Equal([true, true, false], result.Results.Select(r => r.Done));
    }

    private static RunCommandEffect Mount => new(["mount", "-t", "debugfs", "debugfs", "/sys/kernel/debug"], ["umount", "/sys/kernel/debug"])
    {
        Expect = new Expectation("/sys/kernel/debug/bdi"),
        ExpectUndone = new Expectation("/sys/kernel/debug/bdi", Exists: false),
    };

    /// <summary>A run began the effect and was killed: nobody has written down what came of it.</summary>
    private void CutOff(Effect effect)
    {
        _host.Started[Environment.ProcessId] = 7;
        var id = _journal.Begin(new ActionPlan { Action = "test", Title = "Test", Words = ["test"], Effects = [effect] }, null);
        _journal.Starting(id, 0);
        _host.Started[Environment.ProcessId] = 8;
    }

    private EffectResult Apply(Effect effect) => effect.Apply(_host, _ => { });

    private ActionResult Execute(params Effect[] effects) =>
        new PlanExecutor(_host, _journal).Execute(new ActionPlan { Action = "test", Title = "Test", Words = ["test"], Effects = effects }, null, _ => { });

    private ActionResult Undo() => Desk.Execute(Desk.PlanUndo(null), null, _ => { });
}
