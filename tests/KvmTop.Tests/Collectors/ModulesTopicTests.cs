using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

public sealed class ModulesTopicTests
{
    [Fact]
    public void Collect_parameter_set_twice_knows_the_last_and_the_contradiction()
    {
        var host = Amd();
        host.Write("/etc/modprobe.d/a.conf", "options kvm_amd nested=0\n");
        host.Write("/etc/modprobe.d/b.conf", "options kvm-amd nested=1\n");
        var nested = Parameter(host, "kvm_amd", "nested");
        Assert.Equal(["/etc/modprobe.d/a.conf:1", "/etc/modprobe.d/b.conf:1"], nested.Settings.Select(s => s.Where));
        Assert.True(nested.IsContradicted);
        Assert.False(nested.Differs);
    }

    [Fact]
    public void Collect_setting_that_is_not_in_effect_differs()
    {
        var host = Amd();
        host.Write("/etc/modprobe.d/a.conf", "options kvm_amd nested=0\n");
        Assert.True(Parameter(host, "kvm_amd", "nested").Differs);
    }

    [Fact]
    public void Collect_built_in_module_ignores_modprobe_and_obeys_the_command_line()
    {
        var host = Amd();
        host.Remove("/sys/module/kvm_amd/initstate");
        host.Write("/etc/modprobe.d/a.conf", "options kvm_amd nested=0\n");
        host.Write("/proc/cmdline", "quiet kvm-amd.nested=1\n");
        var setting = Assert.Single(Parameter(host, "kvm_amd", "nested").Settings);
        Assert.Equal(new ParameterSetting("kernel command line", "1"), setting);
    }

    [Fact]
    public void Collect_blacklisted_module_says_by_what()
    {
        var host = Amd();
        host.Write("/etc/modprobe.d/a.conf", "\nblacklist nbd\n");
        Assert.Equal("/etc/modprobe.d/a.conf:2: blacklist nbd", Read(host).Find("nbd")!.Blocked);
    }

    [Theory]
    [InlineData("1", CapabilityState.Yes)]
    [InlineData("0", CapabilityState.Off)]
    public void Collect_nested_follows_its_parameter(string value, CapabilityState expected)
    {
        var host = Amd();
        host.Write("/sys/module/kvm_amd/parameters/nested", value + "\n");
        Assert.Equal(expected, Read(host).Capabilities.Single(c => c.Name == "nested").State);
    }

    [Fact]
    public void Collect_kernel_without_modules_says_so() => Assert.False(Read(new FakeHost()).HasModules);

    [Fact]
    public void Compare_parameter_that_was_written_is_an_event()
    {
        var host = Amd();
        var before = Read(host);
        host.Write("/sys/module/kvm_amd/parameters/nested", "0\n");
        var e = Assert.Single(ModulesTopic.Instance.Compare(before, Read(host), default));
        Assert.Equal(("kvm_amd", "nested 1 -> 0"), (e.Subject, e.Text));
    }

    private static FakeHost Amd()
    {
        var host = new FakeHost();
        host.Write("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n");
        host.Write("/sys/module/kvm/initstate", "live\n");
        host.Write("/sys/module/kvm_amd/initstate", "live\n");
        host.Write("/sys/module/kvm_amd/parameters/nested", "1\n");
        host.Write("/proc/modules", "kvm 2000 1 - Live 0x0\n");
        return host;
    }

    private static ParameterEntry Parameter(FakeHost host, string module, string name) => Read(host).Find(module)!.Parameters.Single(p => p.Name == name);

    private static ModulesModel Read(FakeHost host)
    {
        using var collector = ModulesTopic.Instance.CreateCollector(new CollectorContext(host, new CollectorServices()));
        return collector.Collect().Value!;
    }
}
