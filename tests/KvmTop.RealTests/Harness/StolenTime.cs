using System.Globalization;

namespace KvmTop.RealTests.Harness;

/// <summary>
/// How much of a CPU the hypervisor under this machine took away: a thread that was on that CPU neither ran nor was ready for that long, so what it
/// did adds up to less than the time that passed.
/// </summary>
public sealed class StolenTime
{
    private readonly DateTime _started = DateTime.UtcNow;
    private readonly Dictionary<string, double> _before = Read();

    /// <summary>The share of the time since the start that the CPU that lost most has lost, in percent.</summary>
    public double Percent
    {
        get
        {
            var seconds = (DateTime.UtcNow - _started).TotalSeconds;
            return Read().Max(cpu => cpu.Value - _before.GetValueOrDefault(cpu.Key)) / seconds * 100;
        }
    }

    /// <summary>Seconds stolen from each CPU since boot: the eighth figure of its line in /proc/stat, in ticks of 10 ms.</summary>
    private static Dictionary<string, double> Read() => File.ReadLines("/proc/stat")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(fields => fields[0].Length > 3 && fields[0].StartsWith("cpu", StringComparison.Ordinal))
        .ToDictionary(fields => fields[0], fields => double.Parse(fields[8], CultureInfo.InvariantCulture) / 100);
}
