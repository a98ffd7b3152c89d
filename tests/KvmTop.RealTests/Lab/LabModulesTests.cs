using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary><c>kvmtop check</c> on a host whose modules are loaded, unloaded, held and refused; and what comes of doing what it says.</summary>
[Collection(nameof(LabRun))]
public sealed class LabModulesTests(LabRun boot)
{
    [Fact]
    public void Module_absent_is_a_failure_and_its_fix_brings_the_device()
    {
        var lab = boot.Part("modules");
        Assert.Equal("2", lab.Text("absent.code"));
        Assert.Equal(("failure", "modprobe kvm_amd"), LevelAndFix(lab, "absent", "kvm-module"));
        Assert.Equal("failure", lab.Finding("absent", "kvm-device").Text("level"));
        Assert.EndsWith("exit: 0", lab.Text("absent.kvm-module.fix"), StringComparison.Ordinal);
        Assert.Equal("ok", lab.Finding("loaded", "kvm-module").Text("level"));
        Assert.Equal("ok", lab.Finding("loaded", "kvm-device").Text("level"));
        Assert.Equal("ok", lab.Finding("loaded", "nested").Text("level"));
        Assert.StartsWith("c", lab.Text("device.loaded"), StringComparison.Ordinal);
        Assert.Contains("No such file", lab.Text("device.unloaded"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_off_while_a_vm_runs_names_the_vm_and_cannot_be_changed()
    {
        var lab = boot.Part("modules");
        var finding = lab.Finding("blocked", "nested");
        Assert.Equal("info", finding.Text("level"));
        Assert.Contains("held by blocker", finding.Text("evidence"), StringComparison.Ordinal);
        Assert.StartsWith("stop all VMs, then: modprobe -r kvm_amd", finding.Text("fix"), StringComparison.Ordinal);
        Assert.Contains("in use", lab.Text("blocked.nested.fix"), StringComparison.Ordinal);
        Assert.Equal("0", lab.Text("blocked.nested"));
    }

    [Fact]
    public void Nested_off_is_mended_by_its_fix()
    {
        var lab = boot.Part("modules");
        var finding = lab.Finding("off", "nested");
        Assert.Equal(("info", "/sys/module/kvm_amd/parameters/nested: 0"), (finding.Text("level"), finding.Text("evidence")));
        Assert.StartsWith("modprobe -r kvm_amd", finding.Text("fix"), StringComparison.Ordinal);
        Assert.EndsWith("exit: 0", lab.Text("off.nested.fix"), StringComparison.Ordinal);
        Assert.Equal("ok", lab.Finding("on", "nested").Text("level"));
    }

    [Fact]
    public void Parameter_that_is_not_what_modprobe_d_says_is_a_warning_and_a_reload_ends_it()
    {
        var lab = boot.Part("modules");
        var finding = lab.Findings("on", "module-settings")[0];
        Assert.Equal(("warning", "kvm_amd.nested is 1, and is set to 0"), (finding.Text("level"), finding.Text("what")));
        Assert.EndsWith("exit: 0", lab.Text("on.module-settings.fix"), StringComparison.Ordinal);
        Assert.Equal("0", lab.Text("settings.nested"));
    }

    [Fact]
    public void Value_that_the_module_refuses_is_found_and_taken_out_by_the_fix()
    {
        var lab = boot.Part("modules");
        Assert.Contains("Invalid argument", lab.Text("wrong.modprobe"), StringComparison.Ordinal);
        var finding = lab.Finding("wrong", "kvm-module");
        Assert.Equal(("failure", "kvm_amd cannot be loaded: its parameter nested cannot be banana"), (finding.Text("level"), finding.Text("what")));
        Assert.StartsWith("/etc/modprobe.d/lab.conf:2: nested=banana", finding.Text("evidence"), StringComparison.Ordinal);
        Assert.EndsWith("exit: 0", lab.Text("wrong.kvm-module.fix"), StringComparison.Ordinal);
        Assert.Equal("# not a number\noptions kvm_amd npt=1", lab.Text("wrong.conf"));
        Assert.Equal("ok", lab.Finding("mended", "kvm-module").Text("level"));
        Assert.Equal("ok", lab.Finding("mended", "kvm-device").Text("level"));
    }

    [Fact]
    public void Parameter_that_there_is_not_is_found_and_taken_out_by_the_fix()
    {
        var lab = boot.Part("modules");
        var findings = lab.Findings("unknown", "unknown-parameters");
        var finding = findings[0];
        Assert.Equal(("warning", "kvm_amd has no parameter nestd"), (finding.Text("level"), finding.Text("what")));
        Assert.StartsWith("/etc/modprobe.d/lab.conf:2: nestd=1; kernel log: kvm_amd: unknown parameter 'nestd' ignored", finding.Text("evidence"), StringComparison.Ordinal);
        Assert.EndsWith("exit: 0", lab.Text("unknown.unknown-parameters.fix"), StringComparison.Ordinal);
        Assert.Equal("# a slip of the pen\noptions kvm_amd npt=1\noptions vhost_net experimental_zcopytx=0 queues=4", lab.Text("unknown.conf"));
        Assert.Equal(2, findings.Count);
        finding = lab.Finding("known", "unknown-parameters");
        Assert.Equal(("warning", "vhost_net has no parameter queues"), (finding.Text("level"), finding.Text("what")));
        Assert.Equal("/etc/modprobe.d/lab.conf:3: queues=4; not among those that modinfo vhost_net lists", finding.Text("evidence"));
    }

    [Fact]
    public void Module_kept_from_loading_names_the_line()
    {
        var lab = boot.Part("modules");
        Assert.NotEqual("", lab.Text("kept.modprobe"));
        var finding = lab.Finding("kept", "kvm-module");
        Assert.Equal(("failure", "/etc/modprobe.d/lab.conf:1: install kvm_amd /bin/false"), (finding.Text("level"), finding.Text("evidence")));
    }

    [Fact]
    public void Kernel_command_line_wins_over_modprobe_d()
    {
        var lab = boot.Part("modules");
        Assert.Contains("kvm_amd.intercept_smi=0", lab.Text("settings.cmdline"), StringComparison.Ordinal);
        Assert.Equal("N", lab.Text("settings.value"));
        // It says that they contradict each other, the winner last, and not that the winner is not in effect.
        var finding = Assert.Single(lab.Findings("settings", "module-settings"), f => f.Text("level") == "warning");
        Assert.Equal("/etc/modprobe.d/lab.conf:1: intercept_smi=1, kernel command line: intercept_smi=0", finding.Text("evidence"));
    }

    [Fact]
    public void Line_that_a_program_wrote_into_the_kernel_log_is_not_the_kernels()
    {
        var lab = boot.Part("modules");
        Assert.Equal("ok", lab.Finding("absent", "kernel-log").Text("level"));
        Assert.DoesNotContain(lab.Findings("settings", "kernel-log"), f => f.Text("evidence")?.Contains("the lab says so", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Run_makes_a_guest_by_itself_and_through_qemu()
    {
        var lab = boot.Part("trial");
        // How long an exit takes under emulation is no matter.
        Assert.NotEqual("failure", lab.Finding("run", "run-guest").Text("level"));
        Assert.Contains("20000 exits", lab.Finding("run", "run-guest").Text("evidence"), StringComparison.Ordinal);
        Assert.Equal("ok", lab.Finding("run", "run-qemu").Text("level"));
    }

    [Fact]
    public void Run_leaves_the_host_as_it_was()
    {
        var lab = boot.Part("trial");
        Assert.Contains("/sys/module/kvm_amd/parameters/nested: 1", lab.Text("before.state"), StringComparison.Ordinal);
        Assert.Contains("bystander CPU 0/KVM Cpus_allowed_list:\t0-3", lab.Text("before.state"), StringComparison.Ordinal);
        Assert.Equal(lab.Text("before.state"), lab.Text("after.state"));
    }

    private static (string? Level, string? Fix) LevelAndFix(LabPart lab, string name, string check)
    {
        var finding = lab.Finding(name, check);
        return (finding.Text("level"), finding.Text("fix"));
    }
}
