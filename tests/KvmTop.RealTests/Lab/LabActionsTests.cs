using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary>kvmtop acts on the modules of a host that has some: nested, load, unload, reload, set; refused, rolled back, killed in the middle, undone.</summary>
[Collection(nameof(LabRun))]
public sealed class LabActionsTests(LabRun boot)
{
    private const string Done = "done", RolledBack = "rolled_back";

    [Fact]
    public void Fix_mounts_debugfs()
    {
        var lab = boot.Part("actions");
        Assert.Equal(Done, Result(lab, "debugfs"));
        Assert.Contains("debugfs /sys/kernel/debug ", lab.Text("debugfs.mounts"), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_brings_what_the_module_stands_on_and_undo_takes_all_of_it_away()
    {
        var lab = boot.Part("actions");
        Assert.Equal(("", "irqbypass kvm kvm_amd ", ""), (lab.Text("load.before"), lab.Text("load.after"), lab.Text("load.undone")));
        Assert.Equal((Done, Done), (Result(lab, "load"), Result(lab, "load.undo")));
        Assert.Equal("run modprobe kvm_amd pause_filter_count_max=1234", Effects(lab, "load")[^1]);
    }

    [Fact]
    public void Nested_off_keeps_other_parameters_and_undo_switches_it_on_again()
    {
        var lab = boot.Part("actions");
        Assert.Equal(("1", "0", "1"), (lab.Text("off.before"), lab.Text("off.after"), lab.Text("off.undone")));
        Assert.Equal((Done, Done), (Result(lab, "off"), Result(lab, "off.undo")));
        Assert.Equal("1234", lab.Text("off.kept"));
        Assert.Equal("run rmmod kvm_amd", Effects(lab, "off")[0]);
    }

    [Fact]
    public void Nested_leaves_what_was_written_into_kvm()
    {
        var lab = boot.Part("actions");
        Assert.Equal("4321", lab.Text("off.kvm"));
    }

    [Fact]
    public void Nested_persists_in_both_directions_and_keeps_other_lines()
    {
        var lab = boot.Part("actions");
        Assert.Equal((Done, Done), (Result(lab, "persist"), Result(lab, "persist.on")));
        Assert.Equal("# mine\noptions nbd max_part=3\noptions kvm_amd npt=1 nested=0", lab.Text("persist.conf"));
        Assert.Equal(("0", "0", "1"), (lab.Text("persist.after"), lab.Text("persist.loaded"), lab.Text("persist.on.loaded")));
    }

    [Fact]
    public void Nested_status_tells_value_source_and_that_nobody_blocks()
    {
        var lab = boot.Part("actions");
        var said = lab.Tried("status");
        Assert.Equal("0", said.Code);
        Assert.Contains("Nested virtualisation is off: /sys/module/kvm_amd/parameters/nested says 0.", said.Out, StringComparison.Ordinal);
        Assert.Contains("/etc/modprobe.d/kvmtop.conf:3 says 0", said.Out, StringComparison.Ordinal);
        Assert.Contains("nobody uses it", said.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_persist_on_a_full_disk_leaves_file_and_module_as_they_were()
    {
        var lab = boot.Part("actions");
        Assert.Equal(("1", RolledBack), (lab.Text("full.code"), Result(lab, "full")));
        Assert.Equal("# mine\noptions nbd max_part=3\noptions kvm_amd npt=1 nested=1", lab.Text("full.conf"));
        Assert.Equal("1", lab.Text("full.after"));
        Assert.Contains("No space left", Plan(lab, "full").Text("error"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_while_a_vm_runs_is_refused_and_the_vm_named()
    {
        var lab = boot.Part("actions");
        Assert.Equal("4", lab.Text("blocked.code"));
        Assert.StartsWith("kvm_amd is in use by blocker (", Obstacle(lab, "blocked"), StringComparison.Ordinal);
        Assert.Equal("1", lab.Text("blocked.after"));
    }

    [Fact]
    public void Unload_of_a_module_with_a_holder_is_refused_and_the_holder_named()
    {
        var lab = boot.Part("actions");
        Assert.Equal(("4", "kvm is in use by the module kvm_amd"), (lab.Text("holder.code"), Obstacle(lab, "holder")));
    }

    [Fact]
    public void Reload_that_fails_is_rolled_back_with_modprobes_words()
    {
        var lab = boot.Part("failures");
        Assert.Equal(("1", RolledBack, "1"), (lab.Text("failed.code"), Result(lab, "failed"), lab.Text("failed.after")));
        Assert.Contains("the lab says no", Plan(lab, "failed").Text("error"), StringComparison.Ordinal);
    }

    [Fact]
    public void Value_that_the_module_refuses_is_rolled_back_with_the_kernels_words()
    {
        var lab = boot.Part("failures");
        Assert.Equal(("1", RolledBack, "Y"), (lab.Text("banana.code"), Result(lab, "banana"), lab.Text("banana.after")));
        Assert.Contains("kernel log: kvm_amd: `banana' invalid for parameter `npt'", Plan(lab, "banana").Text("error"), StringComparison.Ordinal);
    }

    [Fact]
    public void Parameter_that_can_be_written_is_written_and_undone()
    {
        var lab = boot.Part("failures");
        Assert.Equal(["write /sys/module/kvm/parameters/halt_poll_ns: 200000 -> 50000"], Effects(lab, "live"));
        Assert.Equal(("50000", "200000"), (lab.Text("live.after"), lab.Text("live.undone")));
        Assert.Equal(Done, Result(lab, "live.undo"));
    }

    [Fact]
    public void Parameter_that_cannot_be_written_takes_a_reload()
    {
        var lab = boot.Part("failures");
        Assert.Equal((Done, "1500"), (Result(lab, "reloaded"), lab.Text("reloaded.after")));
    }

    [Fact]
    public void Reload_of_kvm_takes_the_part_of_the_cpu_along_and_keeps_the_parameters_of_both()
    {
        var lab = boot.Part("failures");
        Assert.Equal((Done, "7777", "1500"), (Result(lab, "both"), lab.Text("both.kvm"), lab.Text("both.amd")));
        Assert.Equal(["rmmod kvm_amd", "rmmod kvm"], Effects(lab, "both").Take(2).Select(e => e["run ".Length..]));
    }

    [Fact]
    public void Unload_undone_loads_the_module_as_it_was()
    {
        var lab = boot.Part("failures");
        Assert.Equal((Done, Done), (Result(lab, "unload"), Result(lab, "unload.undo")));
        Assert.Contains("No such file", lab.Text("unload.after"), StringComparison.Ordinal);
        Assert.Equal("3", lab.Text("unload.undone"));
    }

    [Fact]
    public void Kvmtop_killed_in_the_middle_is_told_by_audit_and_undone_by_the_next()
    {
        var lab = boot.Part("failures");
        Assert.Contains("No such file", lab.Text("killed.after"), StringComparison.Ordinal);
        Assert.Contains("\"unfinished\"", lab.Tried("killed.audit").Out, StringComparison.Ordinal);
        Assert.Equal((Done, "1", "1500"), (Result(lab, "killed.undo"), lab.Text("killed.undone"), lab.Text("killed.kept")));
    }

    private static JsonElement Plan(LabPart lab, string name) => JsonDocument.Parse(lab.Text(name + ".out")).RootElement;

    private static string? Result(LabPart lab, string name) => Plan(lab, name).Text("result");

    private static string Obstacle(LabPart lab, string name) => Plan(lab, name).GetProperty("obstacles")[0].Text("reason")!;

    private static string[] Effects(LabPart lab, string name) => [.. Plan(lab, name).GetProperty("effects").EnumerateArray().Select(e => e.Text("text")!)];
}
