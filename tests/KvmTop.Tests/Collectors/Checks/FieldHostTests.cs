using System.Text;
using KvmTop.Collectors.Checks;
using KvmTop.CommandLine.Subcommands;

namespace KvmTop.Tests.Collectors.Checks;

/// <summary>Hosts as they are in the field: healthy ones were warned about, and unhealthy ones were not.</summary>
public sealed class FieldHostTests
{
    private const string Libvirt = "-object secret,id=masterKey0,file=/var/lib/libvirt/qemu/domain-1-db/master-key.aes";

    private static Check Find(string id) => CheckCatalog.All.Single(c => c.Id == id);

    private static bool Alarms(CheckStage stage, string id) => stage.Run(Find(id)).Any(f => f.Level >= CheckLevel.Warning);

    // KubeVirt, Kolla, LXD, multipass, Kata, NixOS: QEMU is not where distributions put it, and guests run all the same.
    [Theory]
    [InlineData("/usr/libexec/virt-launcher/qemu-kvm")]
    [InlineData("/snap/lxd/30131/bin/qemu-system-x86_64")]
    [InlineData("/snap/multipass/12/usr/bin/qemu-system-x86_64")]
    [InlineData("/opt/kata/bin/qemu-system-x86_64")]
    [InlineData("/nix/store/abc-qemu-9.1/bin/.qemu-system-x86_64-wrapped")]
    public void Qemu_that_runs_guests_from_elsewhere_is_not_missed(string program)
    {
        using var stage = new CheckStage().Vm().Remove("/usr/bin/qemu-system-x86_64");
        stage.Files.Link("/proc/700/exe", program);
        Assert.False(Alarms(stage, "qemu"));
    }

    [Theory]
    [InlineData("/run/current-system/sw/bin/qemu-system-x86_64")]
    [InlineData("/snap/lxd/current/bin/qemu-system-x86_64")]
    [InlineData("/opt/kata/bin/qemu-system-x86_64")]
    public void Qemu_of_another_product_is_not_missed_while_no_guest_runs(string program)
    {
        using var stage = new CheckStage().Remove("/usr/bin/qemu-system-x86_64").Write(program, "");
        Assert.False(Alarms(stage, "qemu"));
    }

    [Theory]
    [InlineData("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-0a.scope\n")]
    [InlineData("12:cpu,cpuacct:/kubepods/burstable/pod1/0a\n0::/\n")]
    [InlineData("0::/system.slice/docker-0a.scope\n")]
    [InlineData("0::/machine.slice/libpod-0a.scope\n")]
    [InlineData("0::/lxc.payload.c1/machine.slice\n")]
    public void Libvirt_of_a_container_is_not_missed(string cgroup)
    {
        using var stage = new CheckStage().Vm(Libvirt).Remove("/run/libvirt").Write("/proc/700/cgroup", cgroup);
        Assert.False(Alarms(stage, "libvirt"));
    }

    [Fact]
    public void Libvirt_in_another_pid_namespace_is_not_missed()
    {
        using var stage = new CheckStage().Vm(Libvirt).Remove("/run/libvirt");
        stage.Files.Link("/proc/700/ns/pid", "pid:[4026533021]");
        stage.Files.Link("/proc/self/ns/pid", "pid:[4026531836]");
        Assert.False(Alarms(stage, "libvirt"));
    }

    // libvirt gives every QEMU a mount namespace of its own: that is no container.
    [Fact]
    public void Libvirt_of_the_host_is_missed_though_its_guests_have_mount_namespaces()
    {
        using var stage = new CheckStage().Vm(Libvirt).Remove("/run/libvirt").Write("/proc/700/cgroup", "0::/machine.slice/machine-qemu\\x2d1\\x2ddb.scope/libvirt/emulator\n");
        stage.Files.Link("/proc/700/ns/mnt", "mnt:[4026533021]");
        stage.Files.Link("/proc/self/ns/mnt", "mnt:[4026531841]");
        stage.Files.Link("/proc/700/ns/pid", "pid:[4026531836]");
        stage.Files.Link("/proc/self/ns/pid", "pid:[4026531836]");
        Assert.True(Alarms(stage, "libvirt"));
    }

    [Theory]
    [InlineData("-chardev socket,id=charmonitor,path=/run/user/1000/libvirt/qemu/run/domain-1-db/monitor.sock,server=on -mon chardev=charmonitor,mode=control")]
    [InlineData("-object secret,id=masterKey0,file=/home/alice/.config/libvirt/qemu/lib/domain-1-db/master-key.aes")]
    public void Libvirt_of_a_session_is_not_missed(string arguments)
    {
        using var stage = new CheckStage().Vm(arguments).Remove("/run/libvirt");
        Assert.False(Alarms(stage, "libvirt"));
    }

    [Theory]
    [InlineData("/usr/libexec/qemu-kvm", CheckLevel.Warning)]
    [InlineData("/usr/bin/kvm", CheckLevel.Warning)]
    [InlineData("/usr/bin/qemu-system-i386", CheckLevel.Warning)]
    [InlineData("/nix/store/x/bin/.qemu-system-x86_64-wrapped", CheckLevel.Warning)]
    [InlineData("/usr/bin/qemu-system-aarch64", CheckLevel.Info)]
    public void Emulation_of_the_own_architecture_is_a_warning_by_any_name(string program, CheckLevel level)
    {
        using var stage = new CheckStage();
        stage.Vms.Process(700, program, kvm: false, commandLine: program + "\0-name\0db\0-accel\0tcg\0");
        Assert.Equal(level, Assert.Single(stage.Run(Find("vm-acceleration"))).Level);
    }

    // 800 of 864 GiB are hugepages of the only guest: little is available by design, and small pages are nobody's.
    [Fact]
    public void Host_whose_memory_is_in_hugepage_pools_is_well()
    {
        using var stage = HugepageHost(availableGib: 27);
        Assert.False(Alarms(stage, "memory-overcommit"));
        Assert.False(Alarms(stage, "transparent-hugepages"));
        Assert.False(Alarms(stage, "vm-hugepages"));
    }

    [Fact]
    public void Host_with_little_left_beside_its_pools_is_not()
    {
        using var stage = HugepageHost(availableGib: 1);
        Assert.True(Alarms(stage, "memory-overcommit"));
    }

    [Fact]
    public void Guests_in_small_pages_have_no_part_in_the_pools()
    {
        using var stage = HugepageHost(availableGib: 27).Vm("-m 60G");
        Assert.True(Alarms(stage, "memory-overcommit"));
        Assert.True(Alarms(stage, "transparent-hugepages"));
    }

    [Fact]
    public void Guest_whose_hugepages_the_kernel_counts_needs_no_word_for_it()
    {
        using var stage = HugepageHost(availableGib: 27).Vm("-m 60G").Write("/proc/700/status", $"Name:\tx\nUid:\t0\t0\t0\t0\nVmRSS:\t 2048 kB\nVmSwap:\t 0 kB\nHugetlbPages:\t{60L << 20} kB\n");
        Assert.False(Alarms(stage, "transparent-hugepages"));
        Assert.False(Alarms(stage, "memory-overcommit"));
    }

    [Fact]
    public void Dimms_are_in_the_sum_of_memory()
    {
        using var stage = new CheckStage().Vm("-object memory-backend-ram,id=a,size=80G -device pc-dimm,memdev=a");
        Assert.True(Alarms(stage, "memory-overcommit"));
    }

    [Fact]
    public void Shared_quota_is_told_with_its_slice()
    {
        using var stage = new CheckStage().Vm();
        stage.Vms.Cgroup("/sandboxes.slice", "90000 100000", 0).Cgroup("/sandboxes.slice/a.scope", "max 100000", 0).InCgroup(700, "0::/sandboxes.slice/a.scope\n");
        using var topics = new AllTopics(stage.Files);
        topics.Tick();
        stage.Vms.Cgroup("/sandboxes.slice", "90000 100000", 900_000).Ran(700, 701, 0.5, 0.5, 100);
        topics.Tick();
        var finding = Assert.Single(Find("vm-throttled").Run(new CheckContext(stage.Files, topics.Snapshot, stage.User)));
        Assert.Contains("CPU quota of sandboxes.slice, which it shares", finding.What, StringComparison.Ordinal);
        Assert.StartsWith("systemctl set-property sandboxes.slice CPUQuota=", finding.Fix, StringComparison.Ordinal);
        Assert.DoesNotContain("virsh", finding.Fix, StringComparison.Ordinal);
    }

    // "host: nothing to check" read as if nothing had been done.
    [Fact]
    public void Vm_without_findings_is_said_to_be_well()
    {
        using var stage = new CheckStage().Vm().Write("/proc/700/numa_maps", "7f00 default anon=100 N0=50 N1=50 kernelpagesize_kB=4\n");
        using var topics = new AllTopics(stage.Files);
        topics.Tick();
        var context = new CheckContext(stage.Files, topics.Snapshot, stage.User, "db");
        var report = CheckReport.Run(CheckCatalog.All, context);
        var text = Encoding.UTF8.GetString(CheckText.Text(report, topics.Snapshot, false, context.Vms));
        Assert.StartsWith("db: OK, ", text, StringComparison.Ordinal);
        Assert.Equal(CheckCatalog.All.Count(c => c is VmCheck), report.VmChecks);
    }

    private static CheckStage HugepageHost(int availableGib) => new CheckStage()
        .Vm($"-m 16G -object {{\"qom-type\":\"memory-backend-file\",\"id\":\"r\",\"mem-path\":\"/dev/hugepages/libvirt/qemu/1\",\"prealloc\":true,\"size\":{16L << 30}}} -machine memory-backend=r")
        .Write("/proc/meminfo", $"MemTotal: {64L << 20} kB\nMemFree: {availableGib << 19} kB\nMemAvailable: {availableGib << 16} kB\nHugetlb: {48L << 20} kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n")
        .Write("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "24576\n")
        .Write("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "16384\n")
        .Write("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
}
