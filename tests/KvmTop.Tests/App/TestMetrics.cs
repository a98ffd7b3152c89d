using KvmTop.Collectors;

namespace KvmTop.Tests.App;

/// <summary>A row and its figures for tests of what works on any list of metrics.</summary>
public sealed record TestRow(string? Name, double Cpu, double Ready, double Memory = 1L << 30, double Writes = 12, string? State = "running", double Pid = 4711, double Latency = 0.0021)
{
    public static IReadOnlyList<Metric<TestRow>> Metrics { get; } =
    [
        Make("name", "NAME", Unit.Text, r => Figure.Of(r.Name, "no name"), 10),
        Make("state", "STATE", Unit.Text, r => Figure.Of(r.State)),
        Make("cpu_pct", "CPU%", Unit.Percent, r => Figure.Of(r.Cpu, "not sampled")),
        Make("ready_pct", "RDY%", Unit.Percent, r => Figure.Of(r.Ready)),
        Make("mem_configured_bytes", "MEM", Unit.Bytes, r => Figure.Of(r.Memory)),
        Make("write_bytes_per_s", "WR/s", Unit.BytesPerSecond, r => Figure.Of(r.Writes)),
        Make("exits_per_s", "EXITS/s", Unit.PerSecond, r => Figure.Of(r.Writes)),
        Make("pid", "PID", Unit.Count, r => Figure.Of(r.Pid)),
        Make("latency_s", "LAT", Unit.Seconds, r => Figure.Of(r.Latency)),
        Make("sparkline", "GRAPH", Unit.Text, _ => Figure.Of("....."), screenOnly: true),
    ];

    private static Metric<TestRow> Make(string id, string title, Unit unit, Func<TestRow, Figure> get, int width = 7, bool screenOnly = false) =>
        new() { Id = id, Title = title, Help = $"Help of {id}.", Source = "test", Unit = unit, Get = get, Width = width, ScreenOnly = screenOnly };
}

/// <summary>A directory that goes away with the test.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("kvmtop-test-").FullName;

    public string File(string name, string content)
    {
        var path = System.IO.Path.Combine(Path, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
