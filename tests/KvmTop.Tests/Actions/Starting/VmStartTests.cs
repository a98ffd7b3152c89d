using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions.Starting;

public sealed class VmStartTests : IDisposable
{
    private const string Least = """{"name": "a", "memory": "64M", "vcpus": 1}""";

    private readonly FakeControl _host = new();
    private readonly List<VmInfo> _running = [];
    private readonly List<LibvirtDomain> _off = [];

    public VmStartTests()
    {
        _ = _host.With("/dev/kvm", "").With("/proc/meminfo", "MemTotal: 1048576 kB\nMemAvailable: 524288 kB\nHugepagesize: 2048 kB\n")
            .With("/sys/devices/system/cpu/online", "0-3\n").With("/etc/machine-id", "h\n");
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Plan_defined_vm_runs_qemu_and_can_be_undone()
    {
        Define("a", Least);

        var plan = Plan("vm", "start", "a");

        Assert.Empty(plan.Obstacles);
        var effect = Assert.IsType<StartVmEffect>(Assert.Single(plan.Effects));
        Assert.Equal(("a", "/run/kvmtop", "qemu-system-x86_64"), (effect.Name, effect.Directory, effect.Command[0]));
        Assert.True(plan.CanUndo);
    }

    [Theory]
    [InlineData("b", "no VM called b is defined; there are a")]
    [InlineData("--", "expected the name of one VM, or a file")]
    [InlineData("-x", "unknown option -x")]
    public void Plan_no_such_vm_is_a_mistake(string word, string expected)
    {
        Define("a", Least);

        var obstacle = Assert.Single(Plan("vm", "start", word).Obstacles);

        Assert.Equal((ObstacleKind.Mistake, expected), (obstacle.Kind, obstacle.Reason));
    }

    [Fact]
    public void Plan_hostile_definition_is_a_mistake_that_names_file_and_key()
    {
        Define("a", """{"name": "a", "memory": "64M", "vcpus": 1, "disks": [{"path": "/a\nb", "format": "raw"}]}""");

        Assert.Equal("/etc/kvmtop/vms.d/a.json: disks[0].path: control characters and line ends are not allowed", Assert.Single(Plan("vm", "start", "a").Obstacles).Reason);
    }

    [Fact]
    public void Plan_file_that_others_may_change_is_not_started_by_root()
    {
        Define("a", Least);
        File.SetUnixFileMode(_host.Map("/etc/kvmtop/vms.d/a.json"), UnixFileMode.UserRead | UnixFileMode.OtherWrite | UnixFileMode.OtherRead);

        Assert.Contains("/etc/kvmtop/vms.d/a.json may be written by others than its owner", Assert.Single(Plan("vm", "start", "a").Obstacles).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_name_of_the_file_is_another_is_a_mistake()
    {
        Define("b", Least);

        Assert.Contains("name: expected b, as the file is called, found a", Assert.Single(Plan("vm", "start", "b").Obstacles).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_name_is_taken_is_refused()
    {
        Define("a", Least);
        _running.Add(Running("a"));

        Assert.Equal("a VM called a runs already (pid 100)", Refused());
    }

    [Theory]
    [InlineData("nobody", 65534)]
    [InlineData("libvirt-qemu", 64055)]
    public void Name_that_another_user_gives_his_process_keeps_nobody_from_starting(string user, int uid)
    {
        Define("a", Least);
        _running.Add(Running("a") with { User = user, Uid = (uint)uid });

        var plan = Plan("vm", "start", "a");

        Assert.Empty(plan.Obstacles);
        Assert.Contains($"Process 100 of {user} goes by the same name or UUID.", plan.Notes);
        Assert.Null(ActionCatalog.All.Where(x => x.Key == 'S').SelectMany(x => x.Choices(Context)).First(c => c.Title == "Start a").DisabledReason);
    }

    [Fact]
    public void Plan_pid_file_that_is_held_is_refused()
    {
        Define("a", Least);
        _ = _host.With("/run/kvmtop/a.pid", "77\n");
        _host.Started[77] = 1;

        Assert.Equal("/run/kvmtop/a.pid is held already by process 77", Refused());
    }

    [Fact]
    public void Plan_disk_of_another_vm_is_refused_and_names_it()
    {
        DefineWithDisk("raw", "plain");
        _host.HeldImages.Add("/d.img");
        _running.Add(Running("other", "/d.img"));

        Assert.Equal("/d.img is in use by other (pid 100)", Refused());
    }

    [Fact]
    public void Plan_disk_locked_by_nobody_known_is_refused()
    {
        DefineWithDisk("raw", "plain");
        _host.HeldImages.Add("/d.img");

        Assert.Equal("/d.img is in use: another process holds QEMU's lock on it", Refused());
    }

    [Theory]
    [InlineData("qcow2", "plain", "/d.img is no qcow2 image by its header")]
    public void Plan_format_by_header_is_another_is_refused(string format, string content, string expected)
    {
        DefineWithDisk(format, content);

        Assert.Equal(expected, Refused());
    }

    [Fact]
    public void Plan_disk_is_not_there_is_refused()
    {
        Define("a", """{"name": "a", "memory": "64M", "vcpus": 1, "disks": [{"path": "/none.img", "format": "raw"}]}""");

        Assert.StartsWith("disk /none.img:", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_memory_is_not_there_is_refused()
    {
        Define("a", """{"name": "a", "memory": "1G", "vcpus": 1}""");

        Assert.Equal("a wants 1024 MiB, and 512 MiB are available", Refused());
    }

    [Fact]
    public void Plan_hugepages_that_are_promised_to_others_do_not_count()
    {
        Define("a", """{"name": "a", "memory": "64M", "vcpus": 1, "hugepages": true}""");
        const string pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
        _ = _host.With(pool + "nr_hugepages", "64\n").With(pool + "free_hugepages", "40\n").With(pool + "resv_hugepages", "10\n").With(pool + "surplus_hugepages", "0\n").With(pool + "nr_overcommit_hugepages", "0\n");

        Assert.Equal("a wants 32 hugepages of 2M, and 30 are free", Refused());
        _ = _host.With(pool + "resv_hugepages", "8\n");
        Assert.True(Plan("vm", "start", "a").CanRun);
    }

    [Fact]
    public void Plan_offline_cpus_are_refused()
    {
        Define("a", """{"name": "a", "memory": "64M", "vcpus": 1, "affinity": "2-5"}""");

        Assert.Equal("affinity: not all of CPUs 2-5 are online; 0-3 are", Refused());
    }

    [Fact]
    public void Plan_port_in_use_is_refused()
    {
        Define("a", """{"name": "a", "memory": "64M", "vcpus": 1, "networks": [{"type": "user", "forward": ["2222:22"]}]}""");
        _ = _host.With("/proc/net/tcp", "  sl  local_address rem_address   st\n   0: 0100007F:08AE 00000000:0000 0A 00000000\n");

        Assert.Equal("network: port 2222/tcp of this host is in use", Refused());
    }

    [Fact]
    public void Plan_user_without_kvm_is_not_permitted()
    {
        _host.User = new Actor(1000, "alice", null);
        _host.Variables["XDG_RUNTIME_DIR"] = "/run/user/1000";
        _host.Variables["XDG_CONFIG_HOME"] = "/home/alice/.config";
        _ = _host.With("/home/alice/.config/kvmtop/vms.d/a.json", Least);

        var obstacle = Assert.Single(Plan("vm", "start", "a").Obstacles);

        Assert.Equal((ObstacleKind.Privilege, "/dev/kvm may not be used by alice"), (obstacle.Kind, obstacle.Reason));
    }

    [Fact]
    public void Plan_domain_that_is_off_is_started_by_libvirt()
    {
        _off.Add(new LibvirtDomain { Name = "old", Uuid = new Guid("7e43f89c-4140-8dec-9b41-6cccc553197a") });

        Assert.Equal("libvirt, domain old (7e43f89c-4140-8dec-9b41-6cccc553197a): start", Assert.Single(Plan("vm", "start", "old").Effects).Describe());
        Assert.Equal("libvirt, domain old (7e43f89c-4140-8dec-9b41-6cccc553197a): start", Assert.Single(Plan("vm", "start", "7E43F89C-4140-8dec-9b41-6cccc553197a").Effects).Describe());
    }

    [Fact]
    public void Plan_name_is_defined_here_and_in_libvirt_is_a_mistake()
    {
        Define("a", Least);
        _off.Add(new LibvirtDomain { Name = "a", Uuid = Guid.NewGuid() });

        Assert.Equal("a is defined here and in libvirt", Assert.Single(Plan("vm", "start", "a").Obstacles).Reason);
    }

    [Fact]
    public void Choices_offer_definitions_domains_and_the_form()
    {
        Define("a", Least);
        Define("bad", "{}");
        Define("c", Least.Replace("\"a\"", "\"c\"", StringComparison.Ordinal));
        _running.Add(Running("c"));
        _off.Add(new LibvirtDomain { Name = "old", Uuid = Guid.NewGuid() });

        var choices = ActionCatalog.All.Where(x => x.Key == 'S').SelectMany(x => x.Choices(Context)).ToList();

        Assert.Equal(["Start a", "Start bad", "Start c", "Start old", "Run a new VM..", "Define a VM.."], choices.Select(c => c.Title));
        Assert.Equal([true, false, false, true, true, true], choices.Select(c => c.DisabledReason is null));
        Assert.Equal(["vm", "run", "--name", "n", "--memory", "2G", "--vcpus", "2", "--iso", "/x.iso"], choices[4].Words(["n", "2G", "2", "/x.iso", ""]));
        Assert.Equal(["vm", "run", "--name", "n", "--memory", "2G", "--vcpus", "2", "--disk", "/x,y.img,format=raw"], choices[4].Words(["n", "2G", "2", "/x,y.img", "raw"]));
    }

    [Fact]
    public void Plan_define_writes_what_start_reads()
    {
        _ = _host.With("/d.img", "plain");
        var plan = Plan("vm", "define", "n", "--memory", "64M", "--disk", "/d.img,format=raw", "--network", "none");

        Assert.True(plan.CanRun, string.Join("; ", plan.Obstacles));
        Assert.True(plan.Effects[0].Apply(_host, _ => { }).Done);
        Assert.True(Plan("vm", "start", "n").CanRun);
        Assert.Empty(Plan("vm", "define", "n", "--memory", "64M", "--disk", "/d.img,format=raw", "--network", "none").Effects);
    }

    [Theory]
    [InlineData("define", "-n")]
    [InlineData("define", "a b")]
    [InlineData("define", "../n")]
    [InlineData("define", "n", "--memory", "lots")]
    [InlineData("define", "n", "--vcpus", "-1")]
    [InlineData("define", "n", "--disk", "/a\nb")]
    [InlineData("define", "n", "--disk", "/d.img")]
    [InlineData("define", "n", "--disk", "/d.img,format=vmdk")]
    [InlineData("define", "n", "--disk", ",format=raw")]
    [InlineData("define", "n", "--network", "tap:x,script=/bin/sh")]
    [InlineData("define", "n", "--file", "/none.json")]
    [InlineData("run", "n")]
    [InlineData("run")]
    public void Plan_words_that_make_no_machine_are_a_mistake(params string[] words)
    {
        var plan = Plan(["vm", .. words]);

        Assert.Equal(ObstacleKind.Mistake, Assert.Single(plan.Obstacles).Kind);
        Assert.Empty(plan.Effects);
    }

    [Fact]
    public void Plan_list_and_show_only_tell()
    {
        Define("a", Least);

        Assert.Equal("a: off, 1 vCPU, 64M, /etc/kvmtop/vms.d/a.json", Assert.Single(Plan("vm", "list").Notes));
        var show = Plan("vm", "show", "a");
        Assert.False(show.CanRun);
        Assert.Contains("-m 64M \\", show.Notes);
        Assert.DoesNotContain(PlanText.Of(show), l => l.Text.Contains("nothing to do", StringComparison.Ordinal));
    }

    private ActionContext Context
    {
        get
        {
            var vms = VmsTopic.Instance.Derive(null, new VmsSample([.. _running.Select(i => new VmSample { Info = i, ReadAt = default, State = VmState.Running, Stat = default, Threads = [] })], 0));
            var domains = new LibvirtModel { Vms = new Dictionary<VmKey, LibvirtDomain>(), Inactive = _off, IsAnswered = true };
            var states = new Dictionary<Topic, TopicState>
            {
                [VmsTopic.Instance] = new TopicState(VmsTopic.Instance, ReadingStatus.Ok, null, default, default, vms, []),
                [LibvirtTopic.Instance] = new TopicState(LibvirtTopic.Instance, ReadingStatus.Ok, null, default, default, domains, []),
            };
            return new ActionContext(new Snapshot(1, default, default, states, EventList.Empty), _host);
        }
    }

    private ActionPlan Plan(params string[] words) => new ActionDesk(_host, new Journal(_host.Map("/j/audit.jsonl"), _host)).Plan(Context, words);

    private string Refused()
    {
        var obstacle = Assert.Single(Plan("vm", "start", "a").Obstacles);
        Assert.Equal(ObstacleKind.Refused, obstacle.Kind);
        return obstacle.Reason;
    }

    private void Define(string file, string text) => _ = _host.With($"/etc/kvmtop/vms.d/{file}.json", text);

    private void DefineWithDisk(string format, string content)
    {
        _ = _host.With("/d.img", content);
        Define("a", $$"""{"name": "a", "memory": "64M", "vcpus": 1, "disks": [{"path": "/d.img", "format": "{{format}}"}]}""");
    }

    private static VmInfo Running(string name, string? disk = null) => new()
    {
        Key = new VmKey(100, 1), Name = name, Vmm = VmmKind.Qemu, Accelerator = "kvm", Confirmed = true, User = "root", Uid = 0, Arguments = [], Threads = [], VcpuThreads = 0, VcpuSource = "",
        Description = new VmDescription { Vmm = VmmKind.Qemu, Devices = disk is null ? [] : [new VmDevice(VmDeviceKind.Disk, "virtio-blk-pci", null, disk, true)] },
    };
}
