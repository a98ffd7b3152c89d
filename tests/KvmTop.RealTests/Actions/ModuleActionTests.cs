using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Actions;

/// <summary>Actions on modules, and the fixes of <c>kvmtop check</c>, on this machine. Where modules come and go: LabActionsTests.</summary>
public sealed class ModuleActionTests
{
    private const string TraceFs = "/sys/kernel/tracing";

    [Theory]
    [InlineData("module", "load", "kvm_amd")]
    [InlineData("module", "unload", "vhost_net")]
    [InlineData("module", "reload", "nbd")]
    [InlineData("module", "set", "nbd", "nbds_max=3", "--persist")]
    public void Kernel_without_modules_refuses_and_says_that_it_has_none(params string[] words)
    {
        if (File.Exists("/proc/modules")) Assert.Skip("this kernel has loadable modules");
        if (Directory.Exists("/sys/module/" + words[2])) Assert.Skip($"{words[2]} is part of this kernel");
        var (code, plan) = Run(words);
        Assert.Equal(4, code);
        Assert.Contains("built without loadable modules", Reason(plan), StringComparison.Ordinal);
    }

    [Fact]
    public void Module_that_is_part_of_the_kernel_is_neither_unloaded_nor_reloaded()
    {
        if (!Directory.Exists("/sys/module/kvm") || File.Exists("/sys/module/kvm/refcnt")) Assert.Skip("kvm is not built in here");
        Assert.All(["unload", "reload"], verb =>
        {
            var (code, plan) = Run("module", verb, "kvm");
            Assert.Equal(4, code);
            Assert.StartsWith("kvm is part of the kernel", Reason(plan), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Parameter_that_is_fixed_is_not_written_and_the_kernel_command_line_is_named()
    {
        const string file = "/sys/module/kvm/parameters/halt_poll_ns";
        if (!File.Exists(file) || (File.GetUnixFileMode(file) & UnixFileMode.UserWrite) != 0 || File.Exists("/sys/module/kvm/refcnt")) Assert.Skip("halt_poll_ns can be changed here");
        var before = File.ReadAllText(file);
        var (code, plan) = Run("module", "set", "kvm", "halt_poll_ns=12345");
        Assert.Equal(4, code);
        Assert.Equal("add kvm.halt_poll_ns=12345 to the kernel command line, and reboot", plan.GetProperty("obstacles")[0].Text("remedy"));
        Assert.Equal(before, File.ReadAllText(file));
    }

    [Fact]
    public void Nested_status_is_what_the_kernel_says()
    {
        var file = Directory.GetDirectories("/sys/module", "kvm*").Select(d => Path.Combine(d, "parameters", "nested")).FirstOrDefault(File.Exists);
        var isOn = file is not null && File.ReadAllText(file).Trim() is "1" or "Y";
        var (code, plan) = Run("nested", "status");
        Assert.Equal(0, code);
        Assert.StartsWith($"Nested virtualisation is {(isOn ? "on" : "off")}: ", plan.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_that_is_not_offered_is_refused()
    {
        if (Directory.GetDirectories("/sys/module", "kvm*").Any(d => File.Exists(Path.Combine(d, "parameters", "nested")))) Assert.Skip("KVM offers nested virtualisation here");
        Assert.Equal(4, Run("nested", "on", "--persist").Code);
        Assert.False(File.Exists("/etc/modprobe.d/kvmtop.conf"));
    }

    [Fact]
    public void Fix_tracefs_mounts_it_and_undo_unmounts_it()
    {
        if (Environment.UserName != "root") Assert.Skip("mounting needs root");
        if (IsMounted()) Assert.Skip("tracefs is mounted");
        if (!Directory.Exists(TraceFs)) Assert.Skip("this kernel has no tracefs");
        var (code, plan) = Run("fix", "tracefs");
        if (code == 1) Assert.Skip($"it cannot be mounted here: {plan.Text("error")}");
        Assert.Equal((0, "done", true), (code, plan.Text("result"), IsMounted()));
        Assert.True(Directory.Exists(TraceFs + "/events"));

        Assert.Equal(0, Run("undo", plan.Text("id")!).Code);
        Assert.False(IsMounted());
    }

    private static bool IsMounted() => File.ReadLines("/proc/self/mounts").Any(l => l.Split(' ')[1] == TraceFs);

    private static string Reason(JsonElement plan) => plan.GetProperty("obstacles")[0].Text("reason")!;

    private static (int Code, JsonElement Plan) Run(params string[] words)
    {
        var result = KvmTopProgram.Run([.. words, "--yes", "-o", "json"]);
        Assert.True(result.Stdout.Length > 0, result.Stderr);
        return (result.ExitCode, JsonDocument.Parse(result.Stdout).RootElement.Clone());
    }
}
