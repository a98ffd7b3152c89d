using KvmTop.Actions;
using KvmTop.Collectors;

namespace KvmTop.Tests.Actions;

/// <summary>
/// Class: who is acted on is proved by the side that acts. A process that copies another domain's UUID onto its command line, a name or a number never decides which domain or
/// process an effect reaches.
/// </summary>
public sealed class ProvenIdentityTests : VmActionStage
{
    private static readonly VmKey s_victim = new(699_999, 7);

    [Theory]
    [InlineData("vm kill fake", "--signal ends its process without libvirt")]
    [InlineData("vm pause fake", "--signal stops its whole process")]
    [InlineData("vm resume fake", null)]
    [InlineData("vm stop fake", "kvmtop vm kill 700001")]
    [InlineData("vm reset fake", null)]
    [InlineData("vm balloon fake 512M", null)]
    [InlineData("vm throttle fake drive0 --iops 100", null)]
    public void Process_with_the_uuid_of_another_domain_reaches_no_domain(string words, string? remedy)
    {
        Add("fake", Pid, libvirt: true);
        Host.DomainProcess = s_victim;

        var plan = Plan(words);

        Assert.False(plan.CanRun);
        var obstacle = plan.Obstacles[0];
        Assert.Equal((ObstacleKind.Refused, "fake: libvirt: it runs domain victim as process 699999, not as process 700001", remedy), (obstacle.Kind, obstacle.Reason, obstacle.Remedy));
        Assert.Empty(plan.Effects);
        Assert.All(Host.Log, l => Assert.Equal("libvirt identify", l));
    }

    [Theory]
    [InlineData("vm kill db1")]
    [InlineData("vm pause db1")]
    [InlineData("vm stop db1")]
    [InlineData("vm reset db1")]
    [InlineData("vm balloon db1 512M")]
    public void Domain_that_came_to_be_another_process_since_the_plan_is_not_touched(string words)
    {
        Add("db1", Pid, libvirt: true);
        var tell = Host.Domains;
        Host.Domains = r => r.Operation == "get-memory" ? new LibvirtReply(true, "1048576", null) : tell(r);
        var plan = Plan(words);
        Assert.True(plan.CanRun, string.Join("; ", plan.Obstacles));
        Host.DomainProcess = s_victim;

        var result = Execute(plan);

        Assert.False(result.IsDone);
        Assert.Contains("not as process 700001", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_names_the_domain_and_its_uuid_as_libvirt_does()
    {
        Add("calls-itself-otherwise", Pid, libvirt: true);
        var tell = Host.Domains;
        Host.Domains = r => r.Operation == "identify" ? new LibvirtReply(true, "db1", null) : tell(r);

        Assert.Equal("libvirt, domain db1 (6695eb01-f6a4-8304-79aa-97f2502e193f): destroy", Assert.Single(Plan("vm kill 700001").Effects).Describe());
    }

    [Fact]
    public void Every_question_to_libvirt_says_which_process_the_domain_must_be()
    {
        Add("db1", Pid, libvirt: true);
        var asked = new List<LibvirtRequest>();
        var tell = Host.Domains;
        Host.Domains = r =>
        {
            asked.Add(r);
            return tell(r);
        };

        foreach (var words in new[] { "vm pause db1", "vm kill db1", "vm stop db1", "vm reset db1", "vm balloon db1 512M", "vm throttle db1 drive0 --iops 9" })
            _ = Execute(Plan(words));

        Assert.NotEmpty(asked);
        Assert.All(asked, r => Assert.Equal(new VmKey(Pid, Pid), r.Process));
    }

    [Fact]
    public void Undo_of_a_pause_whose_domain_runs_as_another_process_by_now_is_refused()
    {
        Add("db1", Pid, libvirt: true);
        Assert.True(Execute(Plan("vm pause db1")).IsDone);
        Host.DomainProcess = s_victim;

        Assert.Contains("not as process 700001", Assert.Single(Desk.PlanUndo(null).Obstacles).Reason, StringComparison.Ordinal);
        Assert.Equal("paused", State);
    }

    [Fact]
    public void After_a_reboot_nothing_of_the_vms_before_it_is_taken_back()
    {
        Add("db1", Pid);
        var done = Execute(Plan("vm pause db1"));
        _ = Host.With("/proc/sys/kernel/random/boot_id", "another\n");

        Assert.Contains("started anew", Assert.Single(Desk.PlanUndo(done.Id).Obstacles).Reason, StringComparison.Ordinal);
        Assert.Equal("there is nothing to take back", Assert.Single(Desk.PlanUndo(null).Obstacles).Reason);
    }

    [Fact]
    public void Chosen_on_the_screen_is_that_process_though_another_vm_is_called_by_its_number()
    {
        Add("victim", Pid);
        Add("700001", Pid + 1);

        var plan = PlanChosen(["vm", "kill", "700001"], Vms[0].Info);

        Assert.Equal("QMP to victim: quit; if it stays, SIGTERM and then SIGKILL to process 700001", Assert.Single(plan.Effects).Describe());
        Assert.Equal("victim", plan.Confirm);
    }

    [Fact]
    public void Chosen_on_the_screen_whose_pid_means_another_vm_by_now_has_ended()
    {
        Add("other", Pid);
        var chosen = Vms[0].Info with { Key = new VmKey(Pid, 5), Name = "victim" };

        Assert.Equal("victim (pid 700001) has ended", Assert.Single(PlanChosen(["vm", "kill", "700001"], chosen).Obstacles).Reason);
    }

    [Fact]
    public void Words_without_a_vm_mean_all_that_are_marked_and_say_who_has_ended()
    {
        Add("a", Pid);
        Add("b", Pid + 1);
        Add("c", Pid + 2);

        var plan = PlanChosen(["vm", "pause"], Vms[0].Info, Vms[2].Info, Vms[1].Info with { Key = new VmKey(5, 5), Name = "gone" });

        Assert.Equal(["QMP to a: stop (running -> paused)", "QMP to c: stop (running -> paused)"], plan.Effects.Select(e => e.Describe()));
        Assert.Equal("Pause 2 VMs", plan.Title);
        Assert.Contains("gone (pid 5) has ended: it is left out.", plan.Notes);
    }

    [Fact]
    public void What_takes_one_says_so_when_more_are_marked()
    {
        Add("a", Pid);
        Add("b", Pid + 1);
        VmInfo[] both = [Vms[0].Info, Vms[1].Info];
        var context = new ActionContext(Snapshot(), Host, new ActionSelection(both));

        Assert.All(
            new HostAction[] { new ThrottleAction(), new ScreenshotAction() }.Select(a => Assert.Single(a.Choices(context))),
            c => Assert.Equal("2 VMs are marked: one at a time", c.DisabledReason));
        Assert.Equal("2 VMs are marked, and this takes one at a time", Assert.Single(PlanChosen(["vm", "throttle", "drive0", "--iops", "1"], both).Obstacles).Reason);
    }

    [Fact]
    public void Plan_says_whose_process_it_is_and_that_others_answer_to_the_name()
    {
        Add("web", Pid);
        Add("web", Pid + 1);
        Vms[1] = Of(Vms[1], Vms[1].Info with { User = "nobody", Uid = 65534 });

        var plan = Plan("vm pause web");

        Assert.Equal(["web is process 700001 of root."], plan.Targets.Select(t => t.ToString()));
        Assert.Contains("web (700002, nobody) answers to the same word, and is not meant.", plan.Notes);
        Assert.Contains(PlanText.Of(Plan("vm pause 700002")), l => l is { Kind: PlanLineKind.Disturbs, Text: "web is process 700002 of another user, nobody." });
    }

    private static VmModel Of(VmModel vm, VmInfo info) => new()
    {
        Info = info, State = vm.State, Interval = default, Threads = [], Times = default, EmulatorPct = 0, VcpuPct = 0, Ready = default, ReadBytesPerSecond = 0, WriteBytesPerSecond = 0,
        ThrottledPct = 0, RssBytes = null,
    };

    private ActionPlan PlanChosen(string[] words, params VmInfo[] chosen) => Desk.Plan(new ActionContext(Snapshot(), Host, new ActionSelection(chosen)), words);
}
