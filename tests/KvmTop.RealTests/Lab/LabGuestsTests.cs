using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary>Guests of the lab: their exits by debugfs and by trace, a quota, the nodes of their memory, guests inside them.</summary>
[Collection(nameof(LabRun))]
public sealed class LabGuestsTests(LabRun boot)
{
    private const double ExitsTolerance = 0.03;
    private const double ThrottledTolerance = 0.05;
    private const long MiB = 1 << 20;

    [Fact]
    public void Exits_come_from_debugfs_and_agree_with_it_within_3_percent()
    {
        var lab = boot.Part("exits");
        var trail = lab.Trail("exits.trail");
        var said = new List<string>();
        foreach (var record in lab.Records("exits.json"))
        {
            var vm = Vm(record, "worker");
            Assert.Equal("debugfs", vm.Text("kvm_stats_source"));
            var (shown, rate) = (vm.Number("exits_per_s"), LabPart.Rate(trail, record));
            Assert.Equal(shown, vm.GetProperty("kvm").Number("exits"), 1.0);
            said.Add($"shown {shown:F0}, debugfs {rate:F0}");
            if (rate > 100 && Math.Abs(shown - rate) <= rate * ExitsTolerance) return;
        }

        Assert.Fail(string.Join("; ", said));
    }

    [Fact]
    public void Trace_counts_the_exits_that_kvm_counts()
    {
        var lab = boot.Part("exits");
        Assert.Equal(("0", ""), (lab.Text("trace.code"), lab.Text("trace.errors")));
        var trace = lab.Records("trace.json").Single();
        var counted = Count(lab, "trace.after") - Count(lab, "trace.before");
        Assert.True(counted > 200, $"KVM counted {counted} exits");
        Assert.Equal(0, trace.GetProperty("lost_events").GetInt64());
        Assert.InRange(trace.GetProperty("exits").GetInt64(), counted * (1 - ExitsTolerance), counted * (1 + ExitsTolerance));
    }

    [Fact]
    public void Trace_names_io_cpuid_and_hlt_with_latencies_and_ports()
    {
        var lab = boot.Part("exits");
        var reasons = lab.Records("trace.json").Single().GetProperty("reasons").EnumerateArray().Where(r => r.Text("kind") == "exit").ToDictionary(r => r.Text("reason")!);
        Assert.All(["io", "cpuid", "hlt"], name =>
        {
            var reason = reasons[name];
            Assert.True(reason.GetProperty("count").GetInt64() > 20, $"{name}: {reason}");
            Assert.True(reason.Number("p50_s") > 0 && reason.Number("p99_s") >= reason.Number("p50_s") && reason.Number("max_s") >= reason.Number("mean_s"), $"{name}: {reason}");
        });

        // A round is five of each, and one halt: out 0x80 and in 0x71 go to QEMU, cpuid does not. A halt lasts until the timer comes.
        Assert.True(reasons["io"].Number("vmm_pct") > 0);
        Assert.Equal(0, reasons["cpuid"].Number("userspace_pct"));
        Assert.InRange(reasons["cpuid"].Number("count") / reasons["hlt"].Number("count"), 4, 6);
        Assert.True(reasons["hlt"].Number("mean_s") > reasons["cpuid"].Number("mean_s"));
        var details = reasons["io"].GetProperty("details").GetRawText();
        Assert.Contains("0x80", details, StringComparison.Ordinal);
        Assert.Contains("0x71", details, StringComparison.Ordinal);
    }

    [Fact]
    public void Guest_with_a_quota_is_throttled_as_its_cgroup_says()
    {
        var lab = boot.Part("quota");
        var trail = lab.Trail("quota.trail", "throttled_usec");
        var said = new List<string>();
        foreach (var record in lab.Records("quota.json"))
        {
            var vm = Vm(record, "spinner");
            var (shown, truth) = (vm.Number("throttled_pct"), LabPart.Rate(trail, record) / 1e4);
            said.Add($"shown {shown:F1} %, cpu.stat {truth:F1} %, CPU {vm.Number("cpu_pct"):F1} %");
            // 30 ms of every 100.
            if (truth > 30 && Math.Abs(shown - truth) <= truth * ThrottledTolerance && vm.Number("cpu_pct") is > 27 and < 33) return;
        }

        Assert.Fail(string.Join("; ", said));
    }

    [Fact]
    public void Memory_on_the_node_of_the_vcpus_is_local_and_on_the_other_is_not()
    {
        var lab = boot.Part("nodes");
        var record = lab.Records("nodes.json")[^1];
        Assert.Equal(("Cpus_allowed_list:\t0-1", "Cpus_allowed_list:\t0-1"), (lab.Text("near.cpus"), lab.Text("far.cpus")));
        // What remains is QEMU's own memory, some 20 MiB beside the guest's 300.
        Assert.InRange(Vm(record, "near").Number("numa_local_pct"), 90, 100);
        Assert.InRange(Vm(record, "far").Number("numa_local_pct"), 0, 10);
        foreach (var name in (string[])["near", "far"])
        {
            var shown = Vm(record, name).GetProperty("numa_bytes");
            for (var node = 0; node < 2; node++)
            {
                var (before, after) = (NodeBytes(lab, name + ".numa_maps", node), NodeBytes(lab, name + ".later.numa_maps", node));
                Assert.InRange(shown.Number(node.ToString(CultureInfo.InvariantCulture)), Math.Min(before, after) - (8 * MiB), Math.Max(before, after) + (8 * MiB));
            }
        }

        var finding = lab.Finding("far", "vm-memory-nodes");
        Assert.Equal("warning", finding.Text("level"));
        Assert.Matches("^3[0-2][0-9] MiB of its memory", finding.Text("what"));
    }

    [Fact]
    public void Hugepages_of_a_node_are_shown_where_they_are_and_to_whom_they_belong()
    {
        var lab = boot.Part("nodes");
        var record = lab.Records("nodes.json")[^1];
        Assert.Equal(64 * MiB, Vm(record, "huge").Number("hugetlb_bytes"));
        Assert.Contains("node1/hugepages/hugepages-2048kB/nr_hugepages:40", lab.Text("nodes.pools"), StringComparison.Ordinal);
        Assert.Contains("node1/hugepages/hugepages-2048kB/free_hugepages:8", lab.Text("nodes.pools"), StringComparison.Ordinal);
        var pool = record.GetProperty("host").GetProperty("hugepages").EnumerateArray().Single(p => p.Number("size_bytes") == 2 * MiB);
        var nodes = pool.GetProperty("nodes").EnumerateArray().ToDictionary(n => (int)n.Number("node"), n => (n.Number("total"), n.Number("free")));
        Assert.Equal((0, 0), nodes[0]);
        Assert.Equal((40, 8), nodes[1]);
    }

    [Fact]
    public void Guest_that_runs_guests_is_told_from_one_that_does_not()
    {
        var lab = boot.Part("nested");
        var finding = Assert.Single(lab.Findings("nested", "vm-nested"));
        Assert.Equal(("nester", "info", "it runs guests of its own"), (finding.Text("vm"), finding.Text("level"), finding.Text("what")));
        var shown = long.Parse(Regex.Match(finding.Text("evidence")!, "debugfs: nested_run ([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(shown, Count(lab, "nested.before"), Count(lab, "nested.after"));
        Assert.True(Count(lab, "nested.after") > 100);
        Assert.Equal("0", lab.Text("plain.runs"));
    }

    private static JsonElement Vm(JsonElement record, string name) => record.GetProperty("vms").EnumerateArray().Single(v => v.Text("name") == name);

    private static long Count(LabPart lab, string file) => long.Parse(lab.Text(file), CultureInfo.InvariantCulture);

    /// <summary>Sums up numa_maps: "N1=76800 .. kernelpagesize_kB=4".</summary>
    private static double NodeBytes(LabPart lab, string file, int node)
    {
        var sum = 0.0;
        foreach (var line in lab.Text(file).Split('\n'))
        {
            var words = line.Split(' ');
            var pages = Array.Find(words, w => w.StartsWith($"N{node}=", StringComparison.Ordinal))?[3..];
            var size = Array.Find(words, w => w.StartsWith("kernelpagesize_kB=", StringComparison.Ordinal))?[18..];
            if (pages is not null && size is not null) sum += double.Parse(pages, CultureInfo.InvariantCulture) * double.Parse(size, CultureInfo.InvariantCulture) * 1024;
        }

        return sum;
    }
}

/// <summary>All tests of the lab share its one boot.</summary>
[CollectionDefinition(nameof(LabRun))]
public sealed class LabBoot : ICollectionFixture<LabRun>;
