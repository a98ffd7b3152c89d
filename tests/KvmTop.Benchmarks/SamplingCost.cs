using System.Runtime.InteropServices;

namespace KvmTop.Benchmarks;

/// <summary>CPU time (user and system, all threads) and allocated bytes of the median tick, as the floor program counts it.</summary>
internal readonly record struct TickCost(long NanosecondsPerTick, long BytesPerTick);

/// <summary>Runs ticks a second apart, as the program does: caches are as cold as they are in real life.</summary>
internal static partial class SamplingCost
{
    private const int ProcessCpuClock = 2; // CLOCK_PROCESS_CPUTIME_ID

    /// <summary>Enough for the JIT to have compiled what is hot, which the published program brings compiled.</summary>
    private const int WarmUpTicks = 200;

    public static TickCost Measure(Action tick, int ticks)
    {
        for (var i = 0; i < WarmUpTicks; i++)
        {
            tick();
            Thread.Sleep(5);
        }

        var cost = new long[ticks];
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < ticks; i++)
        {
            Thread.Sleep(TimeSpan.FromSeconds(1));
            var cpu = ProcessCpu();
            tick();
            cost[i] = ProcessCpu() - cpu;
        }

        Array.Sort(cost);
        return new TickCost(cost[ticks / 2], (GC.GetTotalAllocatedBytes(precise: true) - bytes) / ticks);
    }

    private static long ProcessCpu() =>
        ClockGetTime(ProcessCpuClock, out var time) == 0
            ? (time.Seconds * 1_000_000_000) + time.Nanoseconds
            : throw new InvalidOperationException($"clock_gettime: errno {Marshal.GetLastPInvokeError()}");

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
