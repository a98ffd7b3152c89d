using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

public sealed class FixActionsTests : IDisposable
{
    private readonly FakeControl _host = new();

    public FixActionsTests()
    {
        _ = _host.With("/proc/self/mountinfo", "24 30 0:22 / /sys rw - sysfs sysfs rw\n").With("/proc/filesystems", "nodev\tdebugfs\nnodev\ttracefs\n\text4\n")
            .With("/etc/passwd", "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n").With("/etc/group", "root:x:0:\nkvm:x:995:bob\n").With("/dev/kvm", "");
        _ = Directory.CreateDirectory(_host.Map("/sys/kernel/debug"));
        File.SetUnixFileMode(_host.Map("/dev/kvm"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Debugfs_is_mounted_and_undone()
    {
        _host.Programs = command =>
        {
            var witness = _host.Map("/sys/kernel/debug/bdi");
            if (command[0] == "mount")
                _ = Directory.CreateDirectory(witness);
            else
                Directory.Delete(witness);
            return new ChildResult(0, [], [], null);
        };
        var desk = new ActionDesk(_host, new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host));

        Assert.True(desk.Execute(Plan("fix debugfs"), null, _ => { }).IsDone);
        Assert.True(desk.Execute(desk.PlanUndo(null), null, _ => { }).IsDone);

        Assert.Equal(["run mount -t debugfs debugfs /sys/kernel/debug", "run umount /sys/kernel/debug"], _host.Log);
    }

    [Fact]
    public void Debugfs_mount_reports_success_and_nothing_is_there_is_a_failure()
    {
        var desk = new ActionDesk(_host, new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host));

        Assert.Contains("reported success, but /sys/kernel/debug/bdi is not there", desk.Execute(Plan("fix debugfs"), null, _ => { }).Problem);
    }

    [Fact]
    public void Debugfs_mounted_elsewhere_is_nothing_to_do()
    {
        _ = _host.With("/proc/self/mountinfo", "24 30 0:22 / /mnt rw - debugfs debugfs rw\n");

        Assert.Equal("debugfs is mounted at /mnt.", Assert.Single(Plan("fix debugfs").Notes));
    }

    [Fact]
    public void Tracefs_kernel_without_it_is_refused()
    {
        _ = _host.With("/proc/filesystems", "nodev\tdebugfs\n");

        Assert.Equal("this kernel has no tracefs: /proc/filesystems does not list it", Assert.Single(Plan("fix tracefs").Obstacles).Reason);
    }

    [Fact]
    public void Debugfs_without_the_capability_is_a_matter_of_privilege()
    {
        _ = _host.With("/proc/self/status", "CapEff:\t00000000000000ff\n");

        Assert.Equal(ObstacleKind.Privilege, Assert.Single(Plan("fix debugfs").Obstacles).Kind);
    }

    [Fact]
    public void KvmGroup_adds_the_user_and_says_that_a_login_is_needed()
    {
        var plan = Plan("fix kvm-group alice");

        Assert.Equal("run gpasswd -a alice kvm", Assert.Single(plan.Effects).Describe());
        Assert.Equal("run gpasswd -d alice kvm", plan.Effects[0].Invert(null)!.Describe());
        Assert.StartsWith("It takes effect when alice logs in again", plan.Notes[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fix kvm-group nosuch", ObstacleKind.Refused)]
    [InlineData("fix kvm-group -- -r", ObstacleKind.Mistake)]
    [InlineData("fix kvm-group alice:x", ObstacleKind.Mistake)]
    [InlineData("fix kvm-group ../x", ObstacleKind.Mistake)]
    [InlineData("fix kvm-group", ObstacleKind.Mistake)]
    [InlineData("fix debugfs x", ObstacleKind.Mistake)]
    public void Plan_what_cannot_be_meant_runs_nothing(string line, ObstacleKind kind) => Assert.Equal(kind, Assert.Single(Plan(line).Obstacles).Kind);

    [Fact]
    public void KvmGroup_who_is_a_member_is_nothing_to_do()
    {
        _ = _host.With("/etc/passwd", "bob:x:1:1::/:/bin/sh\n");

        Assert.Equal((0, 0), (Plan("fix kvm-group bob").Effects.Count, Plan("fix kvm-group bob").Obstacles.Count));
    }

    [Fact]
    public void KvmDevice_gives_it_to_the_group_with_old_owner_and_mode_as_undo()
    {
        var plan = Plan("fix kvm-device");

        Assert.Equal(["run chgrp kvm /dev/kvm", "run chmod 0660 /dev/kvm"], plan.Effects.Select(e => e.Describe()));
        Assert.Equal("run chmod 0600 /dev/kvm", plan.Effects[1].Invert(null)!.Describe());
    }

    [Fact]
    public void KvmDevice_no_such_group_makes_it_first()
    {
        _ = _host.With("/etc/group", "root:x:0:\n");

        Assert.Equal("run groupadd -r kvm", Plan("fix kvm-device").Effects[0].Describe());
    }

    [Fact]
    public void KvmDevice_for_every_boot_writes_the_rule_first()
    {
        var effect = Assert.IsType<ReplaceFileEffect>(Plan("fix kvm-device --persist").Effects[0]);

        Assert.Equal(("/etc/udev/rules.d/65-kvm.rules", "KERNEL==\"kvm\", GROUP=\"kvm\", MODE=\"0660\"\n"), (effect.Path, effect.New));
    }

    [Fact]
    public void KvmDevice_that_everybody_may_use_is_nothing_to_do()
    {
        File.SetUnixFileMode(_host.Map("/dev/kvm"), (UnixFileMode)0x1B6);

        Assert.Empty(Plan("fix kvm-device").Effects);
    }

    [Fact]
    public void KvmDevice_absent_is_refused()
    {
        File.Delete(_host.Map("/dev/kvm"));

        Assert.Equal("/dev/kvm is not there", Assert.Single(Plan("fix kvm-device").Obstacles).Reason);
    }

    private ActionPlan Plan(string line) => new ActionDesk(_host, new Journal(_host.Map("/journal"), _host)).Plan(new ActionContext(Snapshot.Empty, _host), line.Split(' '));
}
