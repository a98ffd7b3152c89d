using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Shell;

/// <summary>What comes out of the program when no person looks at it.</summary>
public sealed class OutputTests
{
    [Fact]
    public void Json_has_every_field_that_was_promised()
    {
        var record = JsonRecords.Run("--demo", "-n", "1", "-d", "0.2")[0];
        var vm = record.GetProperty("vms")[0];

        Has(record, "schema", "time", "interval_s", "host", "self", "vms", "sources");
        Has(record.GetProperty("host"), "name", "kernel", "cpus", "cpu_pct", "guest_pct", "mem_total_bytes", "mem_used_bytes", "load1");
        Has(record.GetProperty("self"), "cpu_pct", "rss_bytes");
        Has(vm, "name", "pid", "uuid", "vmm", "accel", "state", "user", "vcpu_count", "cpu_pct", "ready_pct", "emulator_pct", "mem_configured_bytes", "rss_bytes",
            "swap_bytes", "read_bytes_per_s", "write_bytes_per_s", "throttled_pct", "vcpus");
        Has(vm.GetProperty("vcpus")[0], "index", "tid", "cpu_pct", "ready_pct", "guest_pct", "pcpu", "affinity", "node");
        Has(record.GetProperty("sources")[0], "topic", "status", "reason", "duration_us");
    }

    [Fact]
    public void Json_intervals_are_near_the_delay_and_join_without_gaps()
    {
        var records = JsonRecords.Run("-n", "5", "-d", "0.5");

        Assert.Equal(5, records.Count);
        // The middle one: ticks keep to a grid, so that one that comes late on a busy machine makes its interval longer and the next one shorter.
        Assert.InRange(records.Select(r => r.Number("interval_s")).Order().ElementAt(2), 0.4, 0.6);
        // The clock of the time and that of the interval are read one after the other, and the machine can stand still in between: most of them, then.
        var gaps = records.Zip(records.Skip(1), (a, b) => Math.Abs((b.Span().From - a.Span().To).TotalMilliseconds)).Order().ToArray();
        Assert.InRange(gaps[gaps.Length / 2], 0, 50);
    }

    [Fact]
    public void Demo_shows_a_dozen_moving_vms_and_says_that_it_is_one()
    {
        var records = JsonRecords.Run("--demo", "-n", "2", "-d", "0.5");

        Assert.All(records, r => Assert.InRange(r.GetProperty("vms").GetArrayLength(), 12, 20));
        Assert.All(records, r => Assert.Equal("demo", r.Text("label")));
        Assert.NotEqual(Loads(records[0]), Loads(records[1]));
    }

    [Fact]
    public void Captured_host_shows_its_vm()
    {
        var record = JsonRecords.Run("--root", Path.Combine(Checkout.Folder(), "tests/fixtures/hosts/two-nodes"), "-n", "1", "-d", "0.2")[0];

        var vm = record.Vm(4711);
        Assert.Equal(2, vm.GetProperty("vcpus").GetArrayLength());
        Assert.Equal(4, record.GetProperty("host").GetProperty("cpus").GetInt32());
    }

    [Fact]
    public void Csv_has_one_heading_and_as_many_fields_in_every_line()
    {
        var result = KvmTopProgram.Run("--demo", "-o", "csv", "-n", "2", "-d", "0.2");

        var lines = result.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Single(lines, l => l.StartsWith("time,", StringComparison.Ordinal));
        Assert.StartsWith("time,interval_s,name,pid,", lines[0], StringComparison.Ordinal);
        Assert.InRange(lines.Length, 25, 41);
        Assert.Single(lines.Select(Fields).Distinct());
        Assert.All(lines[1..], l => Assert.True(DateTimeOffset.TryParse(l.Split(',')[0], CultureInfo.InvariantCulture, out _), l));
    }

    [Fact]
    public void Without_a_terminal_one_text_report_comes_and_exit_0()
    {
        var result = Shell("\"$@\" --demo < /dev/null | cat; echo \"exit ${PIPESTATUS[0]}\"");

        Assert.Equal("", result.Stderr);
        Assert.EndsWith("exit 0\n", result.Stdout, StringComparison.Ordinal);
        Assert.Single(result.Stdout.Split('\n'), l => l.StartsWith("NAME ", StringComparison.Ordinal));
        Assert.DoesNotContain('\x1b', result.Stdout);
    }

    [Fact]
    public void Reader_that_leaves_early_ends_the_program_quietly()
    {
        // Without -n it would run for ever; the deadline of the shell tells.
        var result = Shell("\"$@\" --demo -b -d 0.1 -o json | head -1; echo \"exit ${PIPESTATUS[0]}\"");

        Assert.Equal("", result.Stderr);
        Assert.EndsWith("\nexit 0\n", result.Stdout, StringComparison.Ordinal);
        Assert.Equal(2, result.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData(">&-", "standard output")]
    [InlineData(">/dev/full", "standard output")]
    public void Output_that_cannot_be_written_is_said_on_stderr_with_exit_1(string redirection, string expected)
    {
        var result = Shell($"\"$@\" --demo -b -n 1 -d 0.1 {redirection}; exit $?");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(expected, result.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Stderr, StringComparison.Ordinal);
        Assert.Single(result.Stderr.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Both_streams_closed_still_ends_with_exit_1() =>
        Assert.Equal(1, Shell("\"$@\" --demo -b -n 1 -d 0.1 >&- 2>&-; exit $?").ExitCode);

    [Fact]
    public void Stdin_closed_does_not_matter()
    {
        var result = Shell("\"$@\" --demo -b -n 1 -d 0.1 -o json <&-; exit $?");

        Assert.Equal((0, ""), (result.ExitCode, result.Stderr));
        Assert.Single(JsonRecords.Parse(result.Stdout));
    }

    [Theory]
    [InlineData("--no-such-option")]
    [InlineData("--output=xml")]
    [InlineData("--delay=fast")]
    public void Mistake_on_the_command_line_is_named_with_exit_2(string argument)
    {
        var result = KvmTopProgram.Run(argument);

        Assert.Equal((2, ""), (result.ExitCode, result.Stdout));
        Assert.Contains(argument.Split('=')[0], result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(2)]
    public void Signal_ends_a_batch_run_at_once(int signal)
    {
        var result = Shell($"\"$@\" --demo -b -d 0.2 -o json > /dev/null & sleep 1; kill -{signal} $!; wait $!; exit $?", interactive: signal == 2);

        Assert.Contains(result.ExitCode, new[] { 0, 128 + signal });
        Assert.True(result.Elapsed < TimeSpan.FromSeconds(8), $"took {result.Elapsed}");
        Assert.DoesNotContain("   at ", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void Self_cpu_is_what_the_kernel_counts_for_the_process()
    {
        var start = new ProcessStartInfo(KvmTopProgram.CommandLine[0], [.. KvmTopProgram.CommandLine.Skip(1), "--demo", "-b", "-d", "0.1", "-o", "json"])
        {
            RedirectStandardOutput = true,
        };
        using var program = Process.Start(start)!;
        try
        {
            // It runs, so that its threads can be followed; and what its start cost is over.
            for (var i = 0; i < 10; i++) _ = program.StandardOutput.ReadLine();
            using var trail = new LoadTrail(program.Id);
            for (var i = 0; i < 10; i++) _ = program.StandardOutput.ReadLine();
            var records = JsonRecords.Parse(string.Join('\n', Enumerable.Range(0, 60).Select(_ => program.StandardOutput.ReadLine())));

            // schedstat counts in nanoseconds, and the very moments that the records name.
            var truth = trail.Between(program.Id, records[0].Span().From, records[^1].Span().To).CpuPct;
            var said = records.Sum(r => r.GetProperty("self").Number("cpu_pct") * r.Number("interval_s")) / records.Sum(r => r.Number("interval_s"));
            Assert.True(Math.Abs(said - truth) <= Math.Max(0.5, truth / 10), $"really {truth:F2} %, said {said:F2} %");
            Assert.True(said > 0, "it says that it costs nothing");
        }
        finally
        {
            program.Kill();
        }
    }

    private static CommandResult Shell(string script, bool interactive = false) =>
        Command.Run(Need.Program("bash"), ["-c", (interactive ? "set -m; " : "") + script, "bash", .. KvmTopProgram.CommandLine], TimeSpan.FromSeconds(30));

    private static void Has(JsonElement element, params string[] fields) =>
        Assert.All(fields, field => Assert.True(element.TryGetProperty(field, out _), $"{field} is missing in {element}"));

    private static string Loads(JsonElement record) => string.Join(' ', record.GetProperty("vms").EnumerateArray().Select(vm => vm.Number("cpu_pct")));

    private static int Fields(string line)
    {
        var (count, quoted) = (1, false);
        foreach (var c in line)
        {
            if (c == '"') quoted = !quoted;
            else if (c == ',' && !quoted) count++;
        }

        return count;
    }
}
