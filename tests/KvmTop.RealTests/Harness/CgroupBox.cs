using System.Globalization;

namespace KvmTop.RealTests.Harness;

/// <summary>What cpu.stat of a group says about its quota. Cumulative.</summary>
/// <param name="Periods">Periods in which the group had something to run.</param>
/// <param name="ThrottledPeriods">Those of them in which it ran out of quota.</param>
/// <param name="Throttled">Time for which it was kept from running, summed over the CPUs.</param>
public readonly record struct ThrottleFigures(long Periods, long ThrottledPeriods, TimeSpan Throttled);

/// <summary>
/// A cgroup with a CPU quota of its own, in the v2 tree where that has the cpu controller, in v1's otherwise. Removed on dispose;
/// what still lives in it moves to the root group.
/// </summary>
public sealed class CgroupBox : IDisposable
{
    private const int PeriodUs = 100_000;

    private readonly string _root;

    private CgroupBox(string root, string name, bool isV2)
    {
        (_root, Name, IsV2) = (root, name, isV2);
    }

    /// <summary>The group's path below the mount, as /proc/PID/cgroup shows it.</summary>
    public string Name { get; }

    public bool IsV2 { get; }

    /// <summary>The group's folder.</summary>
    public string Folder => _root + Name;

    /// <summary>Makes a group that gets <paramref name="percent"/> % of one CPU; skips the test where no group can be made.</summary>
    public static CgroupBox Create(int percent)
    {
        Need.Root();
        var (root, isV2) = FindCpuTree();
        var box = new CgroupBox(root, $"/kvmtop-test-{Environment.ProcessId}-{Guid.NewGuid():N}"[..32], isV2);
        try
        {
            if (isV2) File.WriteAllText(Path.Combine(root, "cgroup.subtree_control"), "+cpu");
            Directory.CreateDirectory(box.Folder);
            box.SetQuota(percent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            box.Dispose();
            Assert.Skip($"no cgroup with a CPU quota can be made in {root}: {e.Message}");
        }

        return box;
    }

    /// <summary>Changes the quota, in % of one CPU.</summary>
    public void SetQuota(int percent)
    {
        var quota = percent * (PeriodUs / 100);
        if (IsV2)
        {
            File.WriteAllText(Path.Combine(Folder, "cpu.max"), $"{quota} {PeriodUs}");
            return;
        }

        File.WriteAllText(Path.Combine(Folder, "cpu.cfs_period_us"), $"{PeriodUs}");
        File.WriteAllText(Path.Combine(Folder, "cpu.cfs_quota_us"), $"{quota}");
    }

    /// <summary>Moves a process with all of its threads into the group.</summary>
    public void Add(int pid) => File.WriteAllText(Path.Combine(Folder, "cgroup.procs"), $"{pid}");

    public ThrottleFigures Read()
    {
        long periods = 0, throttledPeriods = 0;
        var throttled = TimeSpan.Zero;
        foreach (var line in File.ReadLines(Path.Combine(Folder, "cpu.stat")))
        {
            var words = line.Split(' ');
            var value = long.Parse(words[1], CultureInfo.InvariantCulture);
            switch (words[0])
            {
                case "nr_periods": periods = value; break;
                case "nr_throttled": throttledPeriods = value; break;
                case "throttled_usec": throttled = TimeSpan.FromMicroseconds(value); break;                // v2
                case "throttled_time": throttled = TimeSpan.FromTicks(value / TimeSpan.NanosecondsPerTick); break; // v1
            }
        }

        return new ThrottleFigures(periods, throttledPeriods, throttled);
    }

    public void Dispose()
    {
        if (!Directory.Exists(Folder)) return;
        // The kernel lets go of a killed process a moment after it is gone from sight: EBUSY until then.
        Wait.Until(TryRemove, TimeSpan.FromSeconds(30));
    }

    private bool TryRemove()
    {
        try
        {
            foreach (var pid in File.ReadAllLines(Path.Combine(Folder, "cgroup.procs")))
                File.WriteAllText(Path.Combine(_root, "cgroup.procs"), pid);
            Directory.Delete(Folder);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static (string Root, bool IsV2) FindCpuTree()
    {
        string? v1 = null;
        foreach (var line in File.ReadLines("/proc/self/mounts"))
        {
            var fields = line.Split(' ');
            if (fields[2] == "cgroup2")
            {
                var controllers = Path.Combine(fields[1], "cgroup.controllers");
                if (File.Exists(controllers) && File.ReadAllText(controllers).Split([' ', '\n']).Contains("cpu")) return (fields[1], true);
            }
            else if (fields[2] == "cgroup" && fields[3].Split(',').Contains("cpu"))
            {
                v1 = fields[1];
            }
        }

        if (v1 is null) Assert.Skip("no cgroup tree with the cpu controller is mounted");
        return (v1, false);
    }
}
