using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class CgroupTests
{
    private const string Figures = "usage_usec 10\nnr_periods 4\nnr_throttled 1\nthrottled_usec 7\n";
    private const string NoFigures = "usage_usec 10\nuser_usec 1\n";
    private const string FiguresV1 = "nr_periods 4\nnr_throttled 1\nthrottled_time 7000\n";
    private const string MountsV1 = "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";
    private const string MountsHybrid = MountsV1 + "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    private const string MountsV2 = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate\n";

    [Fact]
    public void Membership_hybrid_has_both_paths()
    {
        Assert.True(CgroupMembership.TryParse("9:name=systemd:/a\n4:cpuset:/b\n2:cpu,cpuacct:/machine/x:y\n0::/u\n"u8, out var value));
        Assert.Equal(new CgroupMembership("/u", "/machine/x:y"), value);
    }

    [Fact]
    public void Membership_cpuset_and_cpuacct_are_not_cpu() => Assert.False(CgroupMembership.TryParse("4:cpuset:/b\n2:cpuacct:/c\n"u8, out _));

    [Fact]
    public void Mounts_hybrid_finds_both()
    {
        Assert.True(CgroupMounts.TryParse(Bytes.Of(MountsHybrid), out var mounts));
        Assert.Equal(("/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpu,cpuacct"), (mounts.V2?.Point, mounts.CpuV1?.Point));
    }

    [Fact]
    public void Mounts_v2_alone_has_no_v1()
    {
        Assert.True(CgroupMounts.TryParse(Bytes.Of(MountsV2), out var mounts));
        Assert.Equal(("/sys/fs/cgroup", null), (mounts.V2?.Point, mounts.CpuV1));
    }

    [Fact]
    public void Mounts_octal_escapes_are_undone()
    {
        Assert.True(CgroupMounts.TryParse(@"1 2 0:3 / /my\040cgroups\134x\040 rw - cgroup2 none rw"u8, out var mounts));
        Assert.Equal(@"/my cgroups\x ", mounts.V2?.Point);
    }

    [Fact]
    public void Mounts_bind_mount_gives_way_to_the_whole_tree()
    {
        Assert.True(CgroupMounts.TryParse(Bytes.Of("1 2 0:3 /part /elsewhere rw - cgroup2 none rw\n" + MountsV2), out var mounts));
        Assert.Equal(new CgroupMount("/sys/fs/cgroup", "/"), mounts.V2);
    }

    [Theory]
    [InlineData("/", "/a/b", "/m/a/b")]
    [InlineData("/", "/", "/m")]
    [InlineData("/a", "/a/b", "/m/b")]
    [InlineData("/a", "/ab", null)]
    [InlineData("/", "/../../other", null)]
    [InlineData("/", "/..", null)]
    [InlineData("/../x", "/../x/b", null)]
    [InlineData("/", "/a..b", "/m/a..b")]
    public void DirectoryOf_stays_below_the_mount(string root, string path, string? expected) =>
        Assert.Equal(expected, new CgroupMount("/m", root).DirectoryOf(path));

    [Fact]
    public void CpuStat_v2_counts_microseconds()
    {
        Assert.True(CgroupCpuStat.TryParse(Bytes.Of(Figures), out var stat));
        Assert.Equal(new CgroupCpuStat(4, 1, 7000, 10000), stat);
    }

    [Fact]
    public void CpuStat_v1_counts_nanoseconds_and_knows_no_usage()
    {
        Assert.True(CgroupCpuStat.TryParse(Bytes.Of(FiguresV1), out var stat));
        Assert.Equal(new CgroupCpuStat(4, 1, 7000, null), stat);
    }

    [Fact]
    public void CpuStat_without_the_controller_fails() => Assert.False(CgroupCpuStat.TryParse(Bytes.Of(NoFigures), out _));

    [Fact]
    public void CpuStat_hot_allocates_nothing()
    {
        var text = Bytes.Of(Figures);
        Fuzz.AllocatesNothing(() => _ = CgroupCpuStat.TryParse(text, out _));
    }

    [Theory]
    [InlineData("max 100000\n", null)]
    [InlineData("150000 100000\n", 1.5)]
    public void Quota_v2_is_in_cpus(string text, double? cpus)
    {
        Assert.True(CpuQuota.TryParse(Bytes.Of(text), out var quota));
        Assert.Equal(cpus, quota.Cpus);
    }

    [Theory]
    [InlineData("100000 0")]
    [InlineData("")]
    [InlineData("-1 100000")]
    public void Quota_v2_damaged_fails(string text) => Assert.False(CpuQuota.TryParse(Bytes.Of(text), out _));

    [Theory]
    [InlineData("-1\n", null)]
    [InlineData("25000\n", 0.25)]
    public void Quota_v1_is_in_cpus(string quotaText, double? cpus)
    {
        Assert.True(CpuQuota.TryParseV1(Bytes.Of(quotaText), "100000\n"u8, out var quota));
        Assert.Equal(cpus, quota.Cpus);
    }

    [Fact]
    public void ListStatFiles_hybrid_goes_where_the_controller_is()
    {
        using var host = new TestHost();
        host.Write("/sys/fs/cgroup/unified/u/cpu.stat", NoFigures).Write("/sys/fs/cgroup/cpu,cpuacct/vm/cpu.stat", FiguresV1);
        Assert.True(CgroupMounts.TryParse(Bytes.Of(MountsHybrid), out var mounts));
        Assert.Equal("/sys/fs/cgroup/cpu,cpuacct/vm/cpu.stat", Assert.Single(CgroupCpu.ListStatFiles(host.Root, mounts, "2:cpu,cpuacct:/vm\n0::/u\n"u8)).Path);
    }

    [Fact]
    public void ListStatFiles_leaf_without_controller_has_its_ancestors()
    {
        using var host = new TestHost();
        host.Write("/sys/fs/cgroup/a/cpu.stat", Figures).Write("/sys/fs/cgroup/a/b/cpu.stat", NoFigures).Write("/sys/fs/cgroup/cpu.stat", Figures);
        Assert.True(CgroupMounts.TryParse(Bytes.Of(MountsV2), out var mounts));
        var file = Assert.Single(CgroupCpu.ListStatFiles(host.Root, mounts, "0::/a/b\n"u8));
        Assert.Equal(("/sys/fs/cgroup/a/cpu.stat", CgroupRelation.Ancestor), (file.Path, file.Relation));
    }

    [Theory]
    [InlineData("0::/\n")]
    [InlineData("0::/../../a\n")]
    [InlineData("")]
    public void ListStatFiles_root_or_outside_has_none(string membership)
    {
        using var host = new TestHost();
        host.Write("/sys/fs/cgroup/emulator/cpu.stat", Figures).Write("/sys/fs/cgroup/a/cpu.stat", Figures).Write("/sys/fs/cgroup/cpu.stat", Figures).Write("/a/cpu.stat", Figures);
        Assert.True(CgroupMounts.TryParse(Bytes.Of(MountsV2), out var mounts));
        Assert.Empty(CgroupCpu.ListStatFiles(host.Root, mounts, Bytes.Of(membership)));
    }

    [Fact]
    public void ListStatFiles_libvirt_guest_has_ancestors_itself_and_children()
    {
        var host = TestHost.Captured("two-nodes");
        var files = CgroupCpu.ListStatFiles(host, CgroupMounts.Read(host), Bytes.Captured("/proc/4711/cgroup"));
        Assert.Equal(
            [
                (CgroupRelation.Ancestor, "machine.slice"),
                (CgroupRelation.Ancestor, @"machine-qemu\x2d1\x2dweb1.scope"),
                (CgroupRelation.Own, "libvirt"),
                (CgroupRelation.Child, "vcpu0"),
                (CgroupRelation.Child, "vcpu1"),
                (CgroupRelation.Child, "emulator"),
            ],
            files.Select(f => (f.Relation, f.Name)));
        Assert.Equal(0.5, CpuQuota.Read(host, files[3].Path)?.Cpus);
    }

    [Fact]
    public void Parsers_hostile_text_does_not_throw() => Fuzz.NeverThrows(b =>
    {
        _ = CgroupMembership.TryParse(b, out _);
        _ = CgroupMounts.TryParse(b, out _);
        _ = CgroupCpuStat.TryParse(b, out _);
        _ = CpuQuota.TryParse(b, out _);
        _ = CpuQuota.TryParseV1(b, b, out _);
    }, MountsHybrid, "2:cpu,cpuacct:/vm\n0::/u\n", Figures, "150000 100000", @"1 2 0:3 /\04 /\777\0 rw - cgroup2 none rw");
}
