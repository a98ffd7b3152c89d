using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Load;

/// <summary>The memory of real guests against the tests' own reading of the same kernel files.</summary>
public sealed partial class MemoryTests
{
    private const long MiB = 1 << 20;

    [Fact]
    public void Memory_of_a_guest_with_prealloc_is_all_there_and_as_the_kernel_has_it()
    {
        using var guest = Guest.Start(Ram("memory-backend-ram,id=ram,size=64M,prealloc=on"));
        Compare(guest);
        Assert.InRange(Vm(guest).Number("rss_bytes"), 64 * MiB, 256 * MiB);
    }

    [Fact]
    public void Memory_of_a_guest_on_hugepages_is_64_MiB_of_them()
    {
        using var loan = HugepageLoan.Take(32);
        var free = HugepageLoan.Read("free_hugepages");
        using var guest = Guest.Start(Ram("memory-backend-memfd,id=ram,size=64M,hugetlb=on,hugetlbsize=2M,prealloc=on"));
        Assert.Equal(32, free - HugepageLoan.Read("free_hugepages"));
        Compare(guest);
        var record = Record(guest);
        var vm = record.Vm(guest.Pid);
        Assert.Equal(64 * MiB, vm.Number("hugetlb_bytes"));
        Assert.True(vm.Number("hugepages_pct") > 50, vm.ToString());
        var pool = record.GetProperty("host").GetProperty("hugepages").EnumerateArray().Single(p => p.GetProperty("size_bytes").GetInt64() == 2 * MiB);
        Assert.Equal((HugepageLoan.Read("nr_hugepages"), HugepageLoan.Read("free_hugepages")), (pool.GetProperty("total").GetInt64(), pool.GetProperty("free").GetInt64()));
    }

    [Fact]
    public void Memory_of_a_guest_in_transparent_hugepages_is_seen()
    {
        var mode = File.Exists("/sys/kernel/mm/transparent_hugepage/enabled") ? File.ReadAllText("/sys/kernel/mm/transparent_hugepage/enabled") : "[never]";
        if (mode.Contains("[never]", StringComparison.Ordinal)) Assert.Skip("transparent hugepages are off");
        using var guest = Guest.Start(Ram("memory-backend-ram,id=ram,size=64M,prealloc=on"));
        if (Smaps(guest, "AnonHugePages") < 32 * MiB) Assert.Skip("the kernel found no hugepages for the guest");
        Compare(guest);
        Assert.True(Vm(guest).Number("thp_bytes") >= 32 * MiB);
    }

    [Fact]
    public void Memory_on_one_node_is_all_local()
    {
        if (Directory.GetDirectories("/sys/devices/system/node", "node*").Length != 1) Assert.Skip("the machine has several NUMA nodes");
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        Assert.Equal(100, Vm(guest).Number("numa_local_pct"));
    }

    [Fact]
    public void Pane_4_shows_the_guest_and_the_pools()
    {
        Need.Tmux();
        using var guest = Guest.Start(new GuestOptions { Name = "memguest", Work = GuestWork.Halt });
        using var session = TmuxSession.Start(120, 40, KvmTopProgram.With());
        session.WaitFor("memguest");
        session.SendKeys("4");
        session.WaitFor(screen => screen.Contains("Hugepages and nodes", StringComparison.Ordinal) && screen.Contains("memguest", StringComparison.Ordinal), "pane 4 with the guest");
    }

    private static GuestOptions Ram(string backend) =>
        new() { Work = GuestWork.Idle, ExtraArguments = ["-object", backend, "-machine", "memory-backend=ram"] };

    /// <summary>All figures agree with a reading of the same moment; a few tries, for memory moves and readings take turns.</summary>
    private static void Compare(Guest guest)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var vm = Vm(guest);
            string[] wrong =
            [
                .. Differs(vm, "pss_bytes", Smaps(guest, "Pss"), 0.10),
                .. Differs(vm, "thp_bytes", Smaps(guest, "AnonHugePages") + Smaps(guest, "ShmemPmdMapped") + Smaps(guest, "FilePmdMapped"), 0.02),
                .. Differs(vm, "hugetlb_bytes", Smaps(guest, "Private_Hugetlb") + Smaps(guest, "Shared_Hugetlb"), 0),
                .. Differs(vm, "locked_bytes", Smaps(guest, "Locked"), 0),
                .. Nodes(guest).SelectMany(n => Differs(vm.GetProperty("numa_bytes"), n.Key, n.Value, 0.05)),
            ];
            if (wrong.Length == 0) return;
            if (clock.Elapsed > TimeSpan.FromSeconds(30)) Assert.Fail(string.Join(", ", wrong));
        }
    }

    private static IEnumerable<string> Differs(JsonElement element, string field, long expected, double tolerance) =>
        Math.Abs(element.Number(field) - expected) <= expected * tolerance ? [] : [$"{field} {element.Number(field)} instead of {expected}"];

    private static JsonElement Vm(Guest guest) => Record(guest).Vm(guest.Pid);

    /// <summary>A record in which it was the guest's turn already.</summary>
    private static JsonElement Record(Guest guest)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var record = JsonRecords.Run("-n", "2", "-d", "1")[^1];
            if (!double.IsNaN(record.Vm(guest.Pid).Number("mem_age_s"))) return record;
            if (clock.Elapsed > TimeSpan.FromSeconds(60)) Assert.Fail("no memory of the guest was read in 60 s");
        }
    }

    private static long Smaps(Guest guest, string key)
    {
        var line = File.ReadLines($"/proc/{guest.Pid}/smaps_rollup").FirstOrDefault(l => l.StartsWith(key + ":", StringComparison.Ordinal));
        if (line is null) Assert.Skip($"smaps_rollup has no {key}");
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private static Dictionary<string, long> Nodes(Guest guest)
    {
        var nodes = new Dictionary<string, long>();
        foreach (var line in File.ReadLines($"/proc/{guest.Pid}/numa_maps"))
        {
            var page = PageSize().Match(line) is { Success: true } match ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * 1024 : 4096;
            foreach (Match node in NodePages().Matches(line))
                nodes[node.Groups[1].Value] = nodes.GetValueOrDefault(node.Groups[1].Value) + (long.Parse(node.Groups[2].Value, CultureInfo.InvariantCulture) * page);
        }

        return nodes;
    }

    [GeneratedRegex(@"kernelpagesize_kB=(\d+)")]
    private static partial Regex PageSize();

    [GeneratedRegex(@" N(\d+)=(\d+)")]
    private static partial Regex NodePages();
}
