using System.Diagnostics;
using System.Globalization;

namespace KvmTop.RealTests.Harness;

/// <summary>One thread over an interval, in % of one CPU.</summary>
/// <param name="Tid">The thread.</param>
/// <param name="CpuPct">On a CPU: d(run) of schedstat.</param>
/// <param name="ReadyPct">Runnable, waiting for a CPU: d(run_delay) of schedstat.</param>
/// <param name="GuestPct">In guest mode: d(guest_time) of stat, in whole kernel ticks.</param>
/// <param name="UserPct">In user mode without guest mode: d(utime - guest_time) of stat.</param>
/// <param name="SystemPct">In the kernel: d(stime) of stat.</param>
public sealed record ThreadLoad(int Tid, double CpuPct, double ReadyPct, double GuestPct, double UserPct, double SystemPct);

/// <summary>A guest over an interval, in % of one CPU.</summary>
/// <param name="Vcpus">The vCPU threads by index.</param>
/// <param name="OtherCpuPct">All other threads of the process together: the emulator.</param>
/// <param name="ThrottledPct">d(throttled time) of the guest's test cgroup; null without one.</param>
/// <param name="Interval">What it is an average over.</param>
public sealed record GuestLoad(IReadOnlyList<ThreadLoad> Vcpus, double OtherCpuPct, double? ThrottledPct, TimeSpan Interval);

/// <summary>
/// The tests' own reading of a guest, straight from /proc, one open and one read per file, with not a line of the program's code:
/// what the program's figures are held against.
/// </summary>
public sealed class IndependentReader
{
    private readonly Guest _guest;
    private readonly CgroupBox? _cgroup;
    private readonly long _startedAt;
    private readonly Dictionary<int, ThreadTimes> _before;
    private readonly ThrottleFigures _throttledBefore;

    private IndependentReader(Guest guest, CgroupBox? cgroup)
    {
        (_guest, _cgroup) = (guest, cgroup);
        _startedAt = Stopwatch.GetTimestamp();
        _before = ReadThreads(guest.Pid);
        _throttledBefore = cgroup?.Read() ?? default;
    }

    /// <summary>Takes the first reading; <see cref="Stop"/> takes the second.</summary>
    public static IndependentReader Start(Guest guest, CgroupBox? cgroup = null) => new(guest, cgroup);

    /// <summary>Both readings, <paramref name="interval"/> apart.</summary>
    public static GuestLoad Measure(Guest guest, TimeSpan interval, CgroupBox? cgroup = null)
    {
        var reader = Start(guest, cgroup);
        Thread.Sleep(interval);
        return reader.Stop();
    }

    /// <summary>What happened since <see cref="Start"/>. May be called again: always since the start.</summary>
    public GuestLoad Stop()
    {
        var interval = Stopwatch.GetElapsedTime(_startedAt);
        var after = ReadThreads(_guest.Pid);
        var throttled = _cgroup?.Read();
        var vcpus = _guest.VcpuTids.Select(tid => Load(tid, _before[tid], after[tid], interval)).ToList();
        var other = after.Where(thread => !_guest.VcpuTids.Contains(thread.Key))
            .Sum(thread => thread.Value.RunNs - (_before.TryGetValue(thread.Key, out var earlier) ? earlier.RunNs : 0));
        return new GuestLoad(
            vcpus, Percent(other, interval), (throttled?.Throttled - _throttledBefore.Throttled) / interval * 100, interval);
    }

    private static ThreadLoad Load(int tid, ThreadTimes before, ThreadTimes after, TimeSpan interval) => new(
        tid,
        Percent(after.RunNs - before.RunNs, interval),
        Percent(after.DelayNs - before.DelayNs, interval),
        PercentOfTicks(after.GuestTicks - before.GuestTicks, interval),
        PercentOfTicks(after.UserTicks - after.GuestTicks - before.UserTicks + before.GuestTicks, interval),
        PercentOfTicks(after.SystemTicks - before.SystemTicks, interval));

    private static double Percent(long nanoseconds, TimeSpan interval) => nanoseconds / interval.TotalNanoseconds * 100;

    private static double PercentOfTicks(long ticks, TimeSpan interval) => (double)ticks / Native.TicksPerSecond / interval.TotalSeconds * 100;

    private static Dictionary<int, ThreadTimes> ReadThreads(int pid)
    {
        var threads = new Dictionary<int, ThreadTimes>();
        foreach (var folder in Directory.EnumerateDirectories($"/proc/{pid}/task"))
        {
            try
            {
                threads[int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)] = ThreadTimes.Read(folder);
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException or IOException)
            {
                // A worker thread that ended between listing and reading.
            }
        }

        return threads;
    }

    private readonly record struct ThreadTimes(long RunNs, long DelayNs, long UserTicks, long SystemTicks, long GuestTicks)
    {
        public static ThreadTimes Read(string taskFolder)
        {
            var schedstat = Numbers(File.ReadAllText(Path.Combine(taskFolder, "schedstat")));
            var stat = File.ReadAllText(Path.Combine(taskFolder, "stat"));
            // From the state (field 3) on: the name before it may hold anything.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            long Field(int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture);
            return new ThreadTimes(schedstat[0], schedstat[1], Field(14), Field(15), Field(43));
        }

        private static long[] Numbers(string line) =>
            line.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(word => long.Parse(word, CultureInfo.InvariantCulture)).ToArray();
    }
}
