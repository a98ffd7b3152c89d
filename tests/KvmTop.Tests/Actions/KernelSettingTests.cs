using KvmTop.Actions;
using KvmTop.Collectors;

namespace KvmTop.Tests.Actions;

/// <summary>Actions that write values of the kernel: hugepages, THP, KSM, sysctls, governor.</summary>
public sealed class KernelSettingTests : IDisposable
{
    private const string Thp = "/sys/kernel/mm/transparent_hugepage/enabled";
    private const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
    private const string NodePool = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/";

    private readonly FakeControl _host = new();
    private readonly ActionDesk _desk;

    public KernelSettingTests()
    {
        _desk = new ActionDesk(_host, new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host));
        _ = _host.With(Thp, "always [madvise] never\n")
            .With("/sys/kernel/mm/ksm/run", "0\n")
            .With("/sys/kernel/mm/ksm/pages_to_scan", "100\n")
            .With("/proc/sys/vm/swappiness", "60\n")
            .With("/proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n")
            .With("/sys/devices/system/cpu/online", "0-3\n")
            .With("/sys/devices/system/node/online", "0-1\n")
            .With("/sys/devices/system/node/node0/cpulist", "0-1\n")
            .With("/sys/devices/system/node/node1/cpulist", "2-3\n")
            .With("/etc/sysctl.d/placeholder", "")
            .With("/etc/tmpfiles.d/placeholder", "");
        foreach (var folder in new[] { Pool, NodePool })
        {
            _ = _host.With(folder + "nr_hugepages", "10\n").With(folder + "free_hugepages", "6\n").With(folder + "surplus_hugepages", "0\n");
        }

        _ = _host.With(Pool + "resv_hugepages", "0\n");
        for (var cpu = 0; cpu < 4; cpu++)
        {
            var folder = $"/sys/devices/system/cpu/cpu{cpu}/cpufreq/";
            _ = _host.With(folder + "scaling_governor", cpu == 3 ? "performance\n" : "powersave\n").With(folder + "scaling_available_governors", "performance powersave\n");
        }

        // The kernel lists all modes with the chosen one in brackets.
        _host.Kernel = (path, text) => path == Thp ? "always madvise never".Replace(text, $"[{text}]", StringComparison.Ordinal) : text;
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Thp_mode_is_written_and_read_back_from_the_brackets()
    {
        var plan = Plan("thp never");

        Assert.Equal([$"write {Thp}: madvise -> never"], Effects(plan));
        Assert.True(_desk.Execute(plan, null, _ => { }).IsDone);
        Assert.Equal("always madvise [never]\n", _host.TextOf(Thp));
    }

    [Fact]
    public void Thp_mode_as_it_is_has_nothing_to_do() => Assert.Equal((0, 0), (Plan("thp madvise").Effects.Count, Plan("thp madvise").Obstacles.Count));

    [Fact]
    public void Thp_kernel_without_it_is_refused()
    {
        using var bare = new FakeControl();

        var plan = new ActionDesk(bare, new Journal(bare.Map("/j"), bare)).Plan(new ActionContext(Snapshot.Empty, bare), ["thp", "never"]);

        Assert.Equal(ObstacleKind.Refused, Assert.Single(plan.Obstacles).Kind);
    }

    [Fact]
    public void Hugepages_partial_grant_is_told_and_undone_to_the_old_size()
    {
        _host.Kernel = (path, text) => path == Pool + "nr_hugepages" && text == "1000" ? "700" : text;

        var result = _desk.Execute(Plan("hugepages 2M 1000"), null, _ => { });

        Assert.Equal("granted 700 of 1000", result.Results[0].Problem);
        Assert.True(_desk.Execute(_desk.PlanUndo(null), null, _ => { }).IsDone);
        Assert.Equal("10\n", _host.TextOf(Pool + "nr_hugepages"));
    }

    [Theory]
    [InlineData("hugepages 2M +5", Pool + "nr_hugepages: 10 -> 15")]
    [InlineData("hugepages 2M -3", Pool + "nr_hugepages: 10 -> 7")]
    [InlineData("hugepages 2048k 4", Pool + "nr_hugepages: 10 -> 4")]
    [InlineData("hugepages 2M 12 --node 1", NodePool + "nr_hugepages: 10 -> 12")]
    [InlineData("hugepages --node 1 2M -1", NodePool + "nr_hugepages: 10 -> 9")]
    public void Hugepages_count_absolute_or_relative_of_host_or_node(string words, string expected) => Assert.Equal(["write " + expected], Effects(Plan(words)));

    [Theory]
    [InlineData("hugepages 2M 3", ObstacleKind.Refused, "4 pages are used or reserved by guests")]
    [InlineData("hugepages 2M 1000000", ObstacleKind.Refused, "that takes 1.9 TiB")]
    [InlineData("hugepages 2M -11", ObstacleKind.Mistake, "the pool has 10 pages")]
    [InlineData("hugepages 3M 4", ObstacleKind.Mistake, "it has 2M")]
    [InlineData("hugepages 2M 4 --node 7", ObstacleKind.Mistake, "--node: expected one of 0, 1")]
    [InlineData("hugepages 2M", ObstacleKind.Mistake, "expected a number of pages")]
    [InlineData("hugepages 2M 4 --frobnicate", ObstacleKind.Mistake, "unknown option --frobnicate")]
    [InlineData("ksm maybe", ObstacleKind.Mistake, "expected on, off or unmerge")]
    [InlineData("ksm --pages 0", ObstacleKind.Mistake, "--pages: expected a number from 1")]
    [InlineData("swappiness 201", ObstacleKind.Mistake, "expected a number from 0 to 200")]
    [InlineData("swappiness -1", ObstacleKind.Mistake, "unknown option")]
    [InlineData("governor turbo", ObstacleKind.Mistake, "the kernel offers no governor turbo, but performance, powersave")]
    [InlineData("governor powersave --cpus 2-9", ObstacleKind.Mistake, "not all of CPUs 2-9 are online")]
    [InlineData("netdev --backlog 5", ObstacleKind.Refused, "/proc/sys/net/core/netdev_max_backlog")]
    public void Plan_what_cannot_be_says_why(string words, ObstacleKind kind, string expected)
    {
        var plan = Plan(words);

        Assert.Equal(kind, plan.Obstacles[0].Kind);
        Assert.Contains(expected, plan.Obstacles[0].Reason);
        Assert.Empty(plan.Effects);
    }

    [Fact]
    public void Governor_writes_only_those_that_differ() =>
        Assert.Equal(["0", "1", "2"], Effects(Plan("governor performance")).Select(e => e["write /sys/devices/system/cpu/cpu".Length..][..1]));

    [Fact]
    public void Swappiness_persist_keeps_lines_of_others_and_replaces_its_own()
    {
        _ = _host.With(BootFile.Sysctl, "# mine\nvm.swappiness=10\nkernel.x = 1\nvm/swappiness = 20\n");

        var result = _desk.Execute(Plan("swappiness 5 --persist"), null, _ => { });

        Assert.True(result.IsDone);
        Assert.Equal("# mine\nvm.swappiness = 5\nkernel.x = 1\n", _host.TextOf(BootFile.Sysctl));
        Assert.True(_desk.Execute(_desk.PlanUndo(null), null, _ => { }).IsDone);
        Assert.Equal("# mine\nvm.swappiness=10\nkernel.x = 1\nvm/swappiness = 20\n", _host.TextOf(BootFile.Sysctl));
        Assert.Equal("60\n", _host.TextOf("/proc/sys/vm/swappiness"));
    }

    [Fact]
    public void Swappiness_persist_names_who_else_sets_it()
    {
        _ = _host.With("/etc/sysctl.d/99-site.conf", "vm.swappiness = 30\n");

        Assert.Equal(["/etc/sysctl.d/99-site.conf sets it too: vm.swappiness = 30"], Plan("swappiness 5 --persist").Notes);
    }

    [Fact]
    public void Persist_disk_full_takes_the_live_value_back_and_leaves_the_file_whole()
    {
        _ = _host.With(BootFile.Sysctl, "kernel.x = 1\n");
        _host.DiskProblem = "no space left on device";

        var result = _desk.Execute(Plan("swappiness 5 --persist"), null, _ => { });

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Equal(("60\n", "kernel.x = 1\n"), (_host.TextOf("/proc/sys/vm/swappiness"), _host.TextOf(BootFile.Sysctl)));
    }

    [Fact]
    public void Ksm_unmerge_warns_of_the_memory_it_takes()
    {
        var plan = Plan("ksm unmerge --pages 500 --persist");

        Assert.Equal(Danger.Disturbs, plan.Danger);
        Assert.Equal(["write /sys/kernel/mm/ksm/run: 0 -> 2", "write /sys/kernel/mm/ksm/pages_to_scan: 100 -> 500"], Effects(plan).Take(2));
        Assert.True(_desk.Execute(plan, null, _ => { }).IsDone);
        Assert.Contains("w /sys/kernel/mm/ksm/run - - - - 2\n", _host.TextOf(BootFile.Tmpfiles));
    }

    [Fact]
    public void Plan_on_a_demo_is_refused_as_a_whole()
    {
        _host.RefusalText = "this is no running machine (demo)";

        Assert.Equal(["this is no running machine (demo)"], Plan("thp never").Obstacles.Select(o => o.Reason));
    }

    [Fact]
    public void Choices_of_every_action_plan_without_a_mistake()
    {
        var context = new ActionContext(Snapshot.Empty, _host);
        foreach (var action in ActionCatalog.All)
        {
            foreach (var choice in action.Choices(context).Where(c => c.DisabledReason is null))
            {
                var plan = _desk.Plan(context, choice.Words([.. choice.Fields.Select(f => f.Initial)]));

                Assert.DoesNotContain(plan.Obstacles, o => o.Kind == ObstacleKind.Mistake && choice.Fields.All(f => f.Initial.Length > 0));
            }
        }
    }

    private static IEnumerable<string> Effects(ActionPlan plan) => plan.Effects.Select(e => e.Describe());

    private ActionPlan Plan(string words) => _desk.Plan(new ActionContext(Snapshot.Empty, _host), words.Split(' '));
}
