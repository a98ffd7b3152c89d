using System.Globalization;

namespace KvmTop.Benchmarks;

/// <summary>
/// The part of the benchmark that looks from inside: what one tick of sampling costs without start-up, screen and output.
/// <c>usage: KvmTop.Benchmarks TICKS</c>, or <c>trace ..</c> (<see cref="TraceCost"/>); prints <c>NAME ns_per_tick=N bytes_per_tick=N</c> per sampler. The script <c>run</c>
/// beside this file sets that against its floor program.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["trace", var pid, var socket, var rounds])
        {
            return TraceCost.Run(int.Parse(pid, CultureInfo.InvariantCulture), socket, int.Parse(rounds, CultureInfo.InvariantCulture));
        }

        if (arguments.Length != 1 || !int.TryParse(arguments[0], out var ticks) || ticks <= 0)
        {
            Console.Error.WriteLine("usage: KvmTop.Benchmarks TICKS");
            return 2;
        }

        foreach (var (name, start) in Samplers.All)
        {
            var cost = SamplingCost.Measure(start(), ticks);
            Console.WriteLine($"{name} ns_per_tick={cost.NanosecondsPerTick} bytes_per_tick={cost.BytesPerTick}");
        }

        return 0;
    }
}
