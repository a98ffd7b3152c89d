using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class CapturedHostTests
{
    private static readonly HostRoot Host = TestHost.Captured("two-nodes");

    [Fact]
    public void Topology_two_sockets_two_nodes()
    {
        var topology = CpuTopology.Read(Host);
        Assert.Equal("0-3", topology.Online.ToString());
        Assert.Equal([(0, "0-1"), (1, "2-3")], topology.Nodes.Select(n => (n.Number, n.Cpus.ToString())));
        Assert.Equal(new CpuPlace(3, 1, 0, 1, 1), topology.PlaceOf(3));
        Assert.Equal(1, topology.NodeOf(2));
        Assert.Null(topology.NodeOf(4));
    }

    [Fact]
    public void Topology_host_that_says_nothing_is_one_package_and_node()
    {
        using var bare = new TestHost();
        bare.Write("/proc/stat", "cpu  1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\n").Write("/sys/devices/system/cpu/cpu1/topology/physical_package_id", "-1\n");
        var topology = CpuTopology.Read(bare.Root);
        Assert.Equal([new CpuPlace(0, 0, 0, 0, 0), new CpuPlace(1, 0, 0, 1, 0)], topology.Cpus);
        Assert.Equal("0-1", Assert.Single(topology.Nodes).Cpus.ToString());
    }

    [Fact]
    public void Topology_running_machine_has_its_processors()
    {
        var topology = CpuTopology.Read(new DirectoryHost());
        Assert.True(topology.Online.Count >= Environment.ProcessorCount);
        Assert.Equal(topology.Online, topology.Cpus.Select(c => c.Cpu));
        Assert.All(topology.Cpus, c => Assert.Contains(topology.Nodes, n => n.Number == c.Node && n.Cpus.Contains(c.Cpu)));
    }

    [Fact]
    public void Frequency_has_governor_and_clock() => Assert.Equal(new CpuFrequency("schedutil", 3001000, null), CpuFrequency.Read(Host, 1));

    [Fact]
    public void Frequency_missing_folder_says_why()
    {
        var frequency = CpuFrequency.Read(Host, 99);
        Assert.Null(frequency.Governor);
        Assert.Null(frequency.CurrentKHz);
        Assert.Contains("cpufreq", frequency.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Hugepages_pools_by_size() =>
        Assert.Equal([new HugepagePool(2 << 20, 512, 201, 10, 0, 64), new HugepagePool(1 << 30, 0, 0, 0, 0, 0)], HugepagePools.Read(Host));

    [Fact]
    public void Hugepages_of_a_node_know_no_reservations() => Assert.Equal([new HugepagePool(2 << 20, 256, 101, null, null, null)], HugepagePools.ReadNode(Host, 1));

    [Fact]
    public void Kvm_module_that_can_be_reloaded() => Assert.Equal(new KvmState(true, "kvm_amd", true, false, true, null), KvmModules.Read(Host));

    [Fact]
    public void Kvm_built_in_vendor_part_has_no_refcnt()
    {
        using var host = new TestHost();
        host.Write("/sys/module/kvm/parameters/halt_poll_ns", "200000\n").Write("/sys/module/kvm_pvm/parameters/nested", "N\n").Write("/dev/kvm", "");
        Assert.Equal(new KvmState(true, "kvm_pvm", false, true, true, null), KvmModules.Read(host.Root));
    }

    [Fact]
    public void Kvm_two_vendor_parts_built_in_the_cpu_decides()
    {
        using var host = new TestHost();
        host.Write("/sys/module/kvm_amd/parameters/nested", "1").Write("/sys/module/kvm_intel/parameters/nested", "N").Write("/proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
        Assert.Equal(("kvm_intel", false), (KvmModules.Read(host.Root).Vendor, KvmModules.Read(host.Root).Nested));
    }

    [Fact]
    public void Kvm_missing_says_why()
    {
        using var host = new TestHost();
        var state = KvmModules.Read(host.Root);
        Assert.Equal((false, null, null, false), (state.KvmPresent, state.Vendor, state.Nested, state.DeviceExists));
        Assert.NotNull(state.Reason);
    }

    [Fact]
    public void Identity_is_read() => Assert.Equal(
        new HostIdentity("node-a", "6.1.0-32-amd64", "AMD EPYC 7313 16-Core Processor", false, DateTimeOffset.FromUnixTimeSeconds(1790000000), TimeSpan.FromSeconds(5400.25)),
        HostIdentity.Read(Host));

    [Fact]
    public void Identity_of_nothing_is_nulls()
    {
        using var host = new TestHost();
        Assert.Equal(new HostIdentity(null, null, null, false, null, null), HostIdentity.Read(host.Root));
    }

    [Fact]
    public void Identity_hostile_hostname_holds_no_controls()
    {
        using var host = new TestHost();
        host.Write("/proc/sys/kernel/hostname", "a\u001b[31mb\u009b");
        Assert.Equal("a?[31mb?", HostIdentity.Read(host.Root).Hostname);
    }

    [Theory]
    [InlineData("processor\t: 0\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\n", "Intel(R) Xeon(R)", true)]
    [InlineData("processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n", "Arm CPU part 0xd0c", false)]
    [InlineData("vendor_id       : IBM/S390\n# processors    : 2\nprocessor 0: version = FF,  identification = 12,  machine = 3906\n", "IBM/S390 machine 3906", false)]
    [InlineData("processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\n", "POWER9, altivec supported", false)]
    public void ParseCpuInfo_each_architecture_has_a_model(string text, string model, bool hypervisor)
    {
        HostIdentity.ParseCpuInfo(Bytes.Of(text), out var actual, out var flag);
        Assert.Equal((model, hypervisor), (actual, flag));
    }

    [Fact]
    public void UserNames_known_and_unknown()
    {
        var users = new UserNames(Host);
        Assert.Equal(("root", "libvirt-qemu", "1234", "4294967294"), (users.NameOf(0), users.NameOf(64055), users.NameOf(1234), users.NameOf(-2)));
    }

    [Fact]
    public void Parsers_hostile_text_does_not_throw() => Fuzz.NeverThrows(b =>
    {
        _ = UserNames.Parse(b);
        HostIdentity.ParseCpuInfo(b, out _, out _);
    }, "root:x:0:0:root:/root:/bin/bash\n", "processor 0: version = FF, machine = 3906\nmodel name : x\n");
}
