using KvmTop.Linux;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Linux;

/// <summary>Pages were taken for 4096 bytes: on arm64 with pages of 64 KiB, figures of swapping and of same-page merging were 16 times too small.</summary>
public sealed class HostPagesTests
{
    private const string Arm = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n";

    [Theory]
    [InlineData(4096)]
    [InlineData(16384)]
    [InlineData(65536)]
    public void Size_is_told_by_free_memory_in_pages_and_in_kilobytes(int size)
    {
        var host = new FakeHost();
        host.Write("/proc/cpuinfo", Arm);
        host.Write("/proc/meminfo", $"MemTotal: 67108864 kB\nMemFree: {100_000 * (size / 1024)} kB\n");
        host.Write("/proc/vmstat", "nr_free_pages 99000\npswpin 1\n");
        Assert.Equal(size, host.PageSize);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(16384)]
    [InlineData(65536)]
    public void Size_is_told_by_a_process(int size)
    {
        using var vms = new VmHost();
        vms.Files.Write("/proc/cpuinfo", Arm);
        vms.Qemu(4000);
        vms.Files.Write("/proc/4000/status", $"Name:\tx\nUid:\t0\t0\t0\t0\nVmRSS:\t {300 * size / 1024} kB\n");
        Assert.Equal(size, vms.Files.PageSize);
        Assert.Equal(300ul * (ulong)size, vms.One().RssBytes);
    }

    [Fact]
    public void Size_is_told_by_mappings_and_not_by_those_of_hugepages()
    {
        var host = new FakeHost();
        host.Write("/proc/cpuinfo", Arm);
        host.Write("/proc/7/smaps", "aaaa-bbbb rw-p 0 00:00 0\nSize: 64 kB\nKernelPageSize:       64 kB\nMMUPageSize:          64 kB\n");
        Assert.Equal(65536, host.PageSize);
    }

    [Fact]
    public void Size_that_nothing_tells_is_not_known()
    {
        var host = new FakeHost();
        host.Write("/proc/cpuinfo", Arm);
        Assert.Null(host.PageSize);
        host.Write("/sys/kernel/mm/ksm/run", "1\n");
        foreach (var file in new[] { "pages_shared", "pages_sharing", "pages_unshared", "pages_volatile" })
            host.Write("/sys/kernel/mm/ksm/" + file, "100\n");
        Assert.Null(KsmState.Read(host)!.Value.Profit);
    }

    [Theory]
    [InlineData("flags\t\t: fpu vmx\n")]
    [InlineData("vendor_id       : IBM/S390\n")]
    public void Size_of_an_architecture_that_has_but_one(string cpuinfo)
    {
        var host = new FakeHost();
        host.Write("/proc/cpuinfo", cpuinfo);
        Assert.Equal(4096, host.PageSize);
    }

    [Fact]
    public void Merged_pages_count_as_large_as_they_are()
    {
        var host = new FakeHost();
        host.Write("/proc/cpuinfo", Arm);
        host.Write("/proc/meminfo", "MemFree: 64000 kB\n");
        host.Write("/proc/vmstat", "nr_free_pages 1000\n");
        host.Write("/sys/kernel/mm/ksm/run", "1\n");
        foreach (var file in new[] { "pages_shared", "pages_sharing", "pages_unshared", "pages_volatile" })
            host.Write("/sys/kernel/mm/ksm/" + file, "100\n");
        var ksm = KsmState.Read(host)!.Value;
        Assert.Equal((100 * 65536) - (400 * 64), ksm.Profit);
        Assert.Equal(6553600ul, ksm.Bytes(100));
    }
}
