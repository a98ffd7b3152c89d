using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.App;

namespace KvmTop.Tests.Collectors;

/// <summary>All topics over a host whose files are missing or hold garbage.</summary>
public sealed class BrokenHostTests
{
    [Fact]
    public void Captured_host_reads_well()
    {
        using var run = new AllTopics(FakeHost.Captured());
        run.Tick();
        Assert.All(run.Snapshot.Sources, s => Assert.Equal((ReadingStatus.Ok, null), (s.Status, s.Reason)));
        Assert.Equal("web1", run.Snapshot.Get(VmsTopic.Instance).Value!.Vms[0].Info.Name);
    }

    [Fact]
    public async Task Record_of_a_captured_host_is_valid()
    {
        using var run = new AllTopics(FakeHost.Captured());
        run.Tick();
        run.Tick();
        Assert.Empty(await SchemaValidation.Validate(run.Json()));
    }

    [Fact]
    public void Kernel_without_psi_says_so()
    {
        var host = FakeHost.Captured();
        host.Remove("/proc/pressure");
        AssertMissing(host, "psi_cpu_some_pct", "CONFIG_PSI");
        AssertMissing(host, "psi_memory_some_pct", "CONFIG_PSI");
    }

    [Fact]
    public void Kernel_with_psi_off_says_so()
    {
        var host = FakeHost.Captured();
        host.Fail("/proc/pressure/io", Errno.EOPNOTSUPP);
        AssertMissing(host, "psi_io_some_pct", "psi=1");
    }

    [Fact]
    public void Host_without_kvm_says_so()
    {
        var host = FakeHost.Captured();
        host.Remove("/sys/module");
        host.Remove("/dev/kvm");
        AssertMissing(host, "kvm_module", "");
        AssertMissing(host, "nested", "");
    }

    [Fact]
    public void Host_without_cpufreq_has_no_frequency()
    {
        var host = FakeHost.Captured();
        foreach (var file in host.Files.Where(f => f.Contains("cpufreq", StringComparison.Ordinal)))
            host.Remove(file);
        using var run = new AllTopics(host);
        run.Tick();
        var machine = run.Snapshot.Get(MachineTopic.Instance).Value!;
        Assert.Equal(4, machine.Frequencies.Count);
        Assert.All(machine.Frequencies, f => Assert.Equal((null, null), (f.Governor, f.CurrentKHz)));
    }

    [Theory]
    [InlineData("/proc/meminfo", "mem_total_bytes")]
    [InlineData("/proc/meminfo", "mem_used_bytes")]
    [InlineData("/proc/loadavg", "load1")]
    public void Missing_file_is_a_missing_figure(string file, string metric)
    {
        var host = FakeHost.Captured();
        host.Remove(file);
        AssertMissing(host, metric, file);
    }

    [Fact]
    public void Missing_proc_stat_fails_the_host_and_nothing_else()
    {
        var host = FakeHost.Captured();
        host.Remove("/proc/stat");
        AssertMissing(host, "cpu_pct", "/proc/stat: no such file");
        using var run = new AllTopics(host);
        run.Tick();
        Assert.Equal(ReadingStatus.Ok, run.Snapshot.Get(VmsTopic.Instance).Status);
    }

    [Fact]
    public async Task Unprivileged_record_is_valid_and_null_where_denied()
    {
        var host = FakeHost.Captured();
        host.Fail("/proc/4711/fd");
        host.Fail("/proc/4711/exe");
        host.Fail("/proc/4711/io");
        foreach (var file in host.Files.Where(f => f.EndsWith("/syscall", StringComparison.Ordinal)))
            host.Fail(file);
        using var run = new AllTopics(host);
        run.Tick();
        run.Tick();
        var json = run.Json();
        Assert.Empty(await SchemaValidation.Validate(json));
        Assert.Contains("\"read_bytes_per_s\":null", json);
        Assert.Contains("\"state\":null", json);
    }

    [Fact]
    public async Task Empty_host_makes_a_valid_record_of_nulls()
    {
        using var run = new AllTopics(new FakeHost());
        run.Tick();
        run.Tick();
        var json = run.Json();
        Assert.Empty(await SchemaValidation.Validate(json));
        Assert.Contains("\"load1\":null", json);
        Assert.Contains("\"vms\":[]", json);
    }

    [Fact]
    public void Garbage_in_any_file_never_throws()
    {
        var random = new Random(20261122);
        foreach (var file in FakeHost.Captured().Files)
        {
            foreach (var bytes in Spoiled(random))
            {
                var host = FakeHost.Captured();
                using var run = new AllTopics(host);
                run.Tick();
                host.Write(file, bytes);
                host.Advance(60);
                run.Tick();
                AssertNoDefect(run, file);
                Assert.NotEmpty(run.Json());
                using var fresh = new AllTopics(host);
                fresh.Tick();
                AssertNoDefect(fresh, file);
                Assert.NotEmpty(fresh.Json());
            }
        }
    }

    [Fact]
    public void Garbage_in_all_files_never_throws()
    {
        var random = new Random(4711);
        for (var i = 0; i < 30; i++)
        {
            var host = FakeHost.Captured();
            using var run = new AllTopics(host);
            run.Tick();
            foreach (var file in host.Files)
                host.Write(file, Spoiled(random).ElementAt(i % 4));
            run.Tick();
            AssertNoDefect(run, "all");
            Assert.NotEmpty(run.Json());
        }
    }

    // A collector reports what it expected as a reason of its own; the name of an exception there is a defect that the reader caught.
    private static void AssertNoDefect(AllTopics run, string file) =>
        Assert.All(run.Snapshot.Sources, s => Assert.False(s.Reason?.Contains("Exception", StringComparison.Ordinal) ?? false, $"{file}: {s.Topic.Id}: {s.Reason}"));

    private static IEnumerable<byte[]> Spoiled(Random random)
    {
        var noise = new byte[random.Next(1, 600)];
        random.NextBytes(noise);
        yield return noise;
        yield return [];
        yield return "99999999999999999999999999 -1 -99999999999999999999 0x 18446744073709551615\n"u8.ToArray();
        yield return [.. Enumerable.Repeat((byte)'(', 5000), 0, 10, 255];
    }

    private static void AssertMissing(FakeHost host, string metric, string reason)
    {
        using var run = new AllTopics(host);
        run.Tick();
        run.Tick();
        var figure = Catalog.HostMetrics.Single(m => m.Id == metric).Get(new HostRow(run.Snapshot));
        Assert.True(figure.IsMissing, $"{metric} is {figure.Number}{figure.Text}");
        Assert.Contains(reason, figure.MissingReason);
    }
}
