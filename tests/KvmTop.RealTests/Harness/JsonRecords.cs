using System.Text.Json;

namespace KvmTop.RealTests.Harness;

/// <summary>The program's JSON output, read as any consumer would.</summary>
public static class JsonRecords
{
    /// <summary>One object per line; fails on a line that is none.</summary>
    public static IReadOnlyList<JsonElement> Parse(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.Clone())];

    /// <summary>Runs the program to its end and gives its records.</summary>
    public static IReadOnlyList<JsonElement> Run(params string[] arguments)
    {
        var result = KvmTopProgram.Run(["-b", "-o", "json", .. arguments], TimeSpan.FromSeconds(60));
        Assert.True(result.ExitCode == 0, $"exit {result.ExitCode}: {result.Stderr}");
        Assert.Equal("", result.Stderr);
        return Parse(result.Stdout);
    }

    /// <summary>The VM of a process; fails when it is not in the record.</summary>
    public static JsonElement Vm(this JsonElement record, int pid) => FindVm(record, pid) ?? throw new InvalidOperationException($"no VM with pid {pid} in {record}");

    /// <summary>The VM of a process, or null.</summary>
    public static JsonElement? FindVm(this JsonElement record, int pid)
    {
        foreach (var vm in record.GetProperty("vms").EnumerateArray())
            if (vm.GetProperty("pid").GetInt32() == pid) return vm;
        return null;
    }

    /// <summary>A number; NaN for null.</summary>
    public static double Number(this JsonElement element, string field) =>
        element.GetProperty(field) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : double.NaN;

    /// <summary>A text; null for null.</summary>
    public static string? Text(this JsonElement element, string field) => element.GetProperty(field).GetString();

    /// <summary>The moments between which the record's rates are.</summary>
    public static (DateTimeOffset From, DateTimeOffset To) Span(this JsonElement record)
    {
        var time = record.GetProperty("time").GetDateTimeOffset();
        return (time - TimeSpan.FromSeconds(record.Number("interval_s")), time);
    }
}
