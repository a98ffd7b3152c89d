using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Tests.Actions;

public sealed class PinActionTests : IDisposable
{
    private const string Uuid = "6e0b5a3c-0b0e-4d6f-9c53-4cbf37b1a001";

    // Threads of db1: 100 main, 101 and 102 vCPUs, 103 I/O.
    private PinStage _stage = new PinStage().Vm(100, "db1");

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void Plan_one_vcpu_is_that_thread_alone()
    {
        var plan = _stage.Plan("pin", "db1", "1", "2-3");

        Assert.Equal("sched_setaffinity(102, db1 vCPU 1): CPUs 0-3 -> 2-3", Assert.Single(plan.Effects).Describe());
        Assert.Equal(("Pin db1's vCPU 1 to CPUs 2-3", true, Danger.Low), (plan.Title, plan.CanUndo, plan.Danger));
    }

    [Theory]
    [InlineData("0,2", "0-3 0,2 0,2 0-3")]
    [InlineData("node0,1", "0-3 0-3 0-3 0-3")]
    [InlineData("--emulator|2", "2 0-3 0-3 0-3")]
    [InlineData("--iothreads|3", "0-3 0-3 0-3 3")]
    [InlineData("--emulator|--iothreads|0-1", "0-1 0-3 0-3 0-1")]
    [InlineData("0-1|3", "0-3 3 3 0-3")]
    public void Run_by_hand_moves_the_threads_that_are_meant(string words, string expected)
    {
        _ = _stage.Run(["pin", "db1", .. words.Split('|')]);

        Assert.Equal(expected, _stage.Cpus(100, 101, 102, 103));
    }

    [Fact]
    public void Plan_node_option_stands_for_its_cpus()
    {
        Stage(new PinStage(2, 2).Vm(100, "db1").Memory(100, 0, 50));

        Assert.Contains("0-3 -> 2-3", _stage.Plan("pin", "db1", "--node", "1").Effects[0].Describe());
    }

    [Fact]
    public void Plan_so_already_has_nothing_to_do()
    {
        var plan = _stage.Plan("pin", "db1", "all");

        Assert.Empty(plan.Effects);
        Assert.Empty(plan.Obstacles);
    }

    [Theory]
    [InlineData("pin", "expected the name of a VM")]
    [InlineData("pin|db1", "expected CPUs, or --plan")]
    [InlineData("pin|db1|7|0", "db1 has vCPUs 0-1, and no 7")]
    [InlineData("pin|db1|web|0", "expected the number of a vCPU, found web")]
    [InlineData("pin|db1|banana", "expected CPUs")]
    [InlineData("pin|db1|0,", "expected CPUs")]
    [InlineData("pin|db1|99999999999", "expected CPUs")]
    [InlineData("pin|db1|node7", "there is no node 7")]
    [InlineData("pin|db1|--plan|best", "--plan: expected spread, compact or node")]
    [InlineData("pin|--plan|spread", "expected the name, UUID or pid of a VM")]
    [InlineData("pin|db1|--plan|spread|--node|x", "there is no node x")]
    [InlineData("pin|nobody|0", "no VM is called nobody")]
    [InlineData("pin|--evil|0", "unknown option --evil")]
    [InlineData("unpin", "expected the name, UUID or pid of a VM")]
    public void Plan_words_that_do_not_say_what_to_do_are_a_mistake(string words, string reason)
    {
        var plan = _stage.Plan(words.Split('|'));

        Assert.Equal(ObstacleKind.Mistake, plan.Obstacles[0].Kind);
        Assert.StartsWith(reason, plan.Obstacles[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_name_of_two_vms_names_both_and_does_nothing()
    {
        _ = _stage.Vm(200, "db1");

        var plan = _stage.Plan("pin", "db1", "0");

        Assert.Equal(ObstacleKind.Mistake, plan.Obstacles[0].Kind);
        Assert.Matches(@"^db1 is more than one VM, give the pid: db1 \(100\b.*, db1 \(200\b", plan.Obstacles[0].Reason);
        Assert.Equal("Pin db1's 2 vCPUs to CPU 0", _stage.Plan("pin", "200", "0").Title);
    }

    [Fact]
    public void Plan_name_like_an_option_is_taken_after_two_dashes()
    {
        _ = _stage.Vm(200, "--help");

        Assert.Equal("Pin --help's 2 vCPUs to CPU 0", _stage.Plan("pin", "--", "--help", "0").Title);
    }

    [Fact]
    public void Plan_cpus_that_are_offline_or_absent_are_refused_and_named()
    {
        _ = _stage.Control.With("/sys/devices/system/cpu/online", "0-1,3\n");

        var obstacle = _stage.Plan("pin", "db1", "0-5").Obstacles[0];

        Assert.Equal((ObstacleKind.Refused, "CPU 2 is offline and CPUs 4-5 are not there; 0-1,3 are online"), (obstacle.Kind, obstacle.Reason));
    }

    [Theory]
    [InlineData("35 24 0:30 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/vms/cpuset.cpus.effective")]
    [InlineData("33 24 0:28 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n", "/sys/fs/cgroup/cpuset/vms/db1/cpuset.effective_cpus")]
    public void Plan_cpus_outside_the_cpuset_are_refused(string mounts, string file)
    {
        _ = _stage.Control.With("/proc/self/mountinfo", mounts).With("/proc/100/task/101/cpuset", "/vms/db1\n").With(file, "0-1\n");

        Assert.Equal("db1's vCPU 0 may not use 2: its cpuset has 0-1", _stage.Plan("pin", "db1", "0", "1-2").Obstacles[0].Reason);
        Assert.Empty(_stage.Plan("pin", "db1", "0", "1").Obstacles);
    }

    [Fact]
    public void Plan_thread_of_another_user_needs_privilege()
    {
        _stage.Control.User = new Actor(1000, "alice", null);
        _ = _stage.Control.With("/proc/101/status", "Name:\tx\nUid:\t0\t0\t0\t0\n");

        Assert.Equal(ObstacleKind.Privilege, _stage.Plan("pin", "db1", "0", "1").Obstacles[0].Kind);
    }

    [Fact]
    public void Run_all_threads_are_one_effect_and_undo_puts_each_back()
    {
        _stage.Control.Affinities[101] = CpuSet.Of([0, 1]);

        Assert.True(_stage.Run("pin", "db1", "--plan", "spread").IsDone);

        Assert.Equal("2-3 0 1 2-3", _stage.Cpus(100, 101, 102, 103));
        Assert.Single(_stage.Journal.Read(out _)[0].Steps);
        Assert.True(_stage.Undo().IsDone);
        Assert.Equal("0-3 0-1 0-3 0-3", _stage.Cpus(100, 101, 102, 103));
    }

    [Fact]
    public void Run_thread_number_reused_since_the_plan_leaves_it_alone_and_puts_the_others_back()
    {
        var plan = _stage.Plan("pin", "db1", "3");
        _stage.Control.Started[102] = 77;

        var result = _stage.Desk.Execute(plan, null, _ => { });

        Assert.Equal((JournalState.RolledBack, "0-3 0-3"), (result.State, _stage.Cpus(101, 102)));
        Assert.Contains("vCPU 1: thread 102 is gone; the threads before it are back where they were", result.Problem);
    }

    [Fact]
    public void Run_cannot_put_back_says_what_is_left()
    {
        var plan = _stage.Plan("pin", "db1", "3");
        _stage.Control.Started[102] = 77;
        _stage.Control.Affinities[102] = CpuSet.Of([1]);

        // Whoever it is that moves vCPU 0 in between.
        _stage.Control.Set = (tid, cpus) =>
        {
            if (tid == 101)
                _stage.Control.Affinities[101] = cpus.Contains(3) && cpus.Count == 1 ? cpus : _stage.Control.Affinities[101];
            return Errno.None;
        };

        var result = _stage.Desk.Execute(plan, null, _ => { });

        Assert.Equal(JournalState.Broken, result.State);
        Assert.Contains("could not be taken back", result.Problem);
    }

    [Fact]
    public void Run_moved_by_somebody_else_since_the_plan_is_left_alone()
    {
        var plan = _stage.Plan("pin", "db1", "0", "3");
        _stage.Control.Affinities[101] = CpuSet.Of([1]);

        Assert.Contains("has been moved since", _stage.Desk.Execute(plan, null, _ => { }).Problem);
        Assert.Equal("1", _stage.Cpus(101));
    }

    [Fact]
    public void Run_worker_ended_since_the_plan_is_told_and_no_failure()
    {
        _ = _stage.Worker(100, 110);
        var plan = _stage.Plan("pin", "db1", "--emulator", "3");
        _ = _stage.Control.Started.Remove(110);

        var result = _stage.Desk.Execute(plan, null, _ => { });

        Assert.Equal((JournalState.Done, "ended meanwhile: worker", "3"), (result.State, result.Results[0].Problem, _stage.Cpus(100)));
    }

    [Fact]
    public void Run_cpuset_that_allows_less_is_a_failure_and_taken_back()
    {
        _stage.Control.Affinities[101] = CpuSet.Of([0, 1, 2]);
        _stage.Control.Online = CpuSet.Of([0, 1, 2]);

        var result = _stage.Run("pin", "db1", "0", "2-3");

        Assert.Equal((JournalState.RolledBack, "0-2"), (result.State, _stage.Control.Affinities[101].ToString()));
    }

    [Fact]
    public void Undo_after_a_crash_half_way_puts_all_back_that_may_have_moved()
    {
        var plan = _stage.Plan("pin", "db1", "3");
        _stage.Control.Started[Environment.ProcessId] = 7;
        var id = _stage.Journal.Begin(plan, null);
        _stage.Journal.Starting(id, 0);
        _ = _stage.Control.SetAffinity(101, CpuSet.Of([3]));
        _stage.Control.Started[Environment.ProcessId] = 8;

        Assert.True(_stage.Undo().IsDone);
        Assert.Equal("0-3 0-3", _stage.Cpus(101, 102));
    }

    [Fact]
    public void Undo_vcpu_unplugged_since_puts_the_others_back()
    {
        _ = _stage.Run("pin", "db1", "3");
        _ = _stage.Control.Started.Remove(102);

        Assert.True(_stage.Undo().IsDone);
        Assert.Equal("0-3", _stage.Cpus(101));
    }

    [Fact]
    public void Undo_vm_gone_fails()
    {
        _ = _stage.Run("pin", "db1", "3");
        _ = _stage.Control.Started.Remove(101);
        _ = _stage.Control.Started.Remove(102);

        Assert.Contains("its threads are gone", _stage.Undo().Problem);
    }

    [Fact]
    public void Plan_keeps_off_cpus_of_pinned_vms_and_not_of_others()
    {
        _ = _stage.Vm(200, "web", affinity: "0,2").Vm(300, "free");

        _ = _stage.Run("pin", "db1", "--plan", "spread");

        Assert.Equal("1 3", _stage.Cpus(101, 102));
    }

    [Fact]
    public void Plan_no_room_says_which_cpus_are_shared_with_whom()
    {
        _ = _stage.Vm(200, "web", affinity: "0-2");

        var plan = _stage.Plan("pin", "db1", "--plan", "spread");

        Assert.Equal("CPU 0 is shared with web, which is pinned there too: the vCPUs wait for each other.", Assert.Single(plan.Disturbs));
        Assert.Equal(Danger.Disturbs, plan.Danger);
    }

    [Fact]
    public void Plan_two_vcpus_for_each_cpu_says_so()
    {
        Stage(new PinStage(cores: 2).Vm(100, "db1", vcpus: 4));

        Assert.Contains("There is not room for all: CPUs 0-1 are shared by vCPUs of this plan.", _stage.Plan("pin", "db1", "--plan", "spread").Disturbs);
    }

    [Fact]
    public void Plan_several_vms_are_placed_together_near_their_memory()
    {
        Stage(new PinStage(2, 4).Vm(100, "db1").Memory(100, 10, 900).Vm(200, "web").Memory(200, 10, 900));

        var result = _stage.Run("pin", "db1", "web", "db1", "--plan", "spread");

        Assert.Equal((2, "4 5", "6 7"), (result.Results.Count, _stage.Cpus(101, 102), _stage.Cpus(201, 202)));
    }

    [Fact]
    public void Plan_memory_not_known_says_so()
    {
        Stage(new PinStage(2, 2).Vm(100, "db1"));

        Assert.Contains("Placed where there is room: where db1's memory lies is not known: numa_maps: no such file.", _stage.Plan("pin", "db1", "--plan", "spread").Notes);
    }

    [Fact]
    public void Plan_by_hand_away_from_the_memory_says_so()
    {
        Stage(new PinStage(2, 2).Vm(100, "db1").Memory(100, 900, 100));

        Assert.Contains("90 % of its memory is on other nodes, and stays there: it will be slower.", _stage.Plan("pin", "db1", "node1").Notes);
    }

    [Fact]
    public void Run_plan_for_the_emulator_alone_leaves_the_vcpus()
    {
        Stage(new PinStage().Vm(100, "db1", affinity: "1"));

        _ = _stage.Run("pin", "db1", "--plan", "spread", "--emulator");

        Assert.Equal("0,2-3 1 1 0-3", _stage.Cpus(100, 101, 102, 103));
    }

    [Fact]
    public void Run_unpin_lets_all_threads_run_anywhere_that_the_cpuset_has()
    {
        _ = _stage.Control.With("/proc/self/mountinfo", "35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
            .With("/proc/100/task/101/cpuset", "/a\n").With("/sys/fs/cgroup/a/cpuset.cpus.effective", "1-3\n");
        _ = _stage.Run("pin", "db1", "--plan", "compact");

        Assert.True(_stage.Run("unpin", "db1").IsDone);
        Assert.Equal("0-3 1-3 0-3 0-3", _stage.Cpus(100, 101, 102, 103));
    }

    [Fact]
    public void Run_guest_of_libvirt_goes_through_it_and_back()
    {
        Stage(new PinStage().Vm(100, "db1", libvirt: $"-uuid\0{Uuid}\0-qmp\0unix:/var/lib/libvirt/qemu/domain-1-db1/monitor.sock,server\0"));
        Assert.True(_stage.Context().Vms[0].Info.Description.LibvirtOwned);

        Assert.True(_stage.Run("pin", "db1", "--plan", "spread").IsDone);
        Assert.Equal(["libvirt pin-vcpu 0 0", "libvirt pin-vcpu 1 1", "libvirt pin-iothread 1 2-3", "libvirt pin-emulator 2-3"], Changes);
        _stage.Control.Log.Clear();
        Assert.True(_stage.Undo().IsDone);
        Assert.Equal(["libvirt pin-emulator 0-3", "libvirt pin-iothread 1 0-3", "libvirt pin-vcpu 1 0-3", "libvirt pin-vcpu 0 0-3"], Changes);
    }

    private IEnumerable<string> Changes => _stage.Control.Log.Where(l => l != "libvirt identify");

    [Fact]
    public void Plan_process_with_the_uuid_of_another_domain_pins_nothing()
    {
        var libvirt = $"-uuid\0{Uuid}\0-qmp\0unix:/var/lib/libvirt/qemu/domain-1-db1/monitor.sock,server\0";
        Stage(new PinStage().Vm(100, "db1", libvirt: libvirt).Vm(200, "db2", libvirt: libvirt));
        _stage.Control.DomainProcess = new VmKey(100, 1100);

        Assert.True(_stage.Plan("pin", "db1", "0").CanRun);
        var plan = _stage.Plan("pin", "db2", "0");

        Assert.Equal("db2: libvirt: it runs domain victim as process 100, not as process 200", Assert.Single(plan.Obstacles).Reason);
        Assert.Empty(plan.Effects);
    }

    [Fact]
    public void Run_domain_that_is_another_process_since_the_plan_is_not_pinned()
    {
        Stage(new PinStage().Vm(100, "db1", libvirt: $"-uuid\0{Uuid}\0-qmp\0unix:/var/lib/libvirt/qemu/domain-1-db1/monitor.sock,server\0"));
        var plan = _stage.Plan("pin", "db1", "0");
        _stage.Control.DomainProcess = new VmKey(7, 7);
        _stage.Control.Log.Clear();

        Assert.False(_stage.Desk.Execute(plan, null, _ => { }).IsDone);
        Assert.Equal(["libvirt pin-vcpu 0 0"], _stage.Control.Log);
    }

    [Fact]
    public void Plan_and_run_leave_a_thread_alone_whose_number_is_another_process_by_now()
    {
        var plan = _stage.Plan("pin", "db1", "3");
        _stage.Control.Threads[102] = 999;

        Assert.False(_stage.Desk.Execute(plan, null, _ => { }).IsDone);
        Assert.Equal("0-3 0-3", _stage.Cpus(101, 102));
        Assert.DoesNotContain("vCPU 1 (102)", string.Join(' ', _stage.Plan("pin", "db1", "3").Effects), StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_process_whose_number_is_another_by_now_pins_nothing()
    {
        var context = _stage.Context();
        _stage.Control.Started[100] = 5;

        Assert.Empty(_stage.Desk.Plan(context, ["pin", "db1", "3"]).Effects);
    }

    [Fact]
    public void Drawing_shows_before_and_after_of_what_changes()
    {
        _ = _stage.Vm(200, "web", affinity: "0");

        var drawing = _stage.Plan("pin", "db1", "1", "3").Drawing;

        Assert.Contains(drawing, l => l.StartsWith("vCPU 1", StringComparison.Ordinal) && l.EndsWith("any -> 3", StringComparison.Ordinal));
        Assert.DoesNotContain(drawing, l => l.StartsWith("web", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(2, 16, 2)]
    [InlineData(4, 32, 2)]
    public void Drawing_fits_80_columns(int nodes, int cores, int threads)
    {
        Stage(new PinStage(nodes, cores, threads).Vm(100, "a-very-long-name-of-a-virtual-machine", vcpus: 64, affinity: "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30").Memory(100, 0, 5));

        var plan = _stage.Plan("pin", "100", "--plan", "spread");

        Assert.Single(plan.Effects);
        Assert.True(plan.Drawing.Count > 64);
        Assert.All(plan.Drawing, l => Assert.True(l.Length <= 74, l));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(128)]
    public void Plan_threads_that_claim_the_same_vcpu_are_placed_alike(int cores)
    {
        Stage(new PinStage(cores: cores).Vm(100, "db1").Worker(100, 110, "CPU 1/KVM").Vm(200, "web"));

        var plan = _stage.Plan("pin", "db1", "web", "--plan", "spread", "--emulator", "--vcpus");

        Assert.Empty(plan.Obstacles);
    }

    [Fact]
    public void Choices_nothing_selected_says_what_to_do() =>
        Assert.All(new HostAction[] { new PinAction(), new UnpinAction() }, a => Assert.NotNull(Assert.Single(a.Choices(_stage.Context())).DisabledReason));

    [Fact]
    public void Choices_all_that_can_be_chosen_make_a_plan()
    {
        var context = _stage.Context(1, 100);

        foreach (var choice in new PinAction().Choices(context).Where(c => c.DisabledReason is null))
        {
            var plan = _stage.Desk.Plan(context, choice.Words([.. choice.Fields.Select(f => f.Initial.Length > 0 ? f.Initial : "2")]));
            Assert.True(plan.Obstacles.Count == 0, $"{choice.Title}: {string.Join(' ', plan.Words)}");
        }
    }

    [Fact]
    public void Choices_several_marked_are_planned_only()
    {
        _ = _stage.Vm(200, "web");
        var context = _stage.Context(null, 100, 200);

        var choices = new PinAction().Choices(context).Where(c => c.DisabledReason is null).ToList();

        Assert.Equal(3, choices.Count);
        Assert.All(choices, c => Assert.Equal(["pin", "100", "200", "--plan"], c.Words([]).Take(4)));
    }

    private void Stage(PinStage stage)
    {
        _stage.Dispose();
        _stage = stage;
    }
}
