using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.CommandLine;
using KvmTop.Simulator;
using KvmTop.Tests.Linux;
using KvmTop.Tests.Simulator;
using KvmTop.Trace;
using NJsonSchema;

namespace KvmTop.Tests.App;

/// <summary>What <c>kvmtop exits</c> prints, of a trace whose events are known.</summary>
public sealed class ExitsOutputTests
{
    private static readonly string s_schemaFile = Path.Combine(TestHost.FixturePath("hosts"), "../../../schema/kvmtop-exits.schema.json");

    [Fact]
    public async Task Json_of_a_report_matches_the_schema_that_ships()
    {
        var schema = await JsonSchema.FromJsonAsync(await File.ReadAllTextAsync(s_schemaFile, TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        Assert.Empty(schema.Validate(Json(Simulated())).Select(e => $"{e.Path}: {e.Kind}"));
        Assert.Empty(schema.Validate(Json(Known(out _))).Select(e => $"{e.Path}: {e.Kind}"));
    }

    [Fact]
    public void Schema_lists_every_figure_of_a_reason()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(s_schemaFile));
        var reason = schema.RootElement.GetProperty("definitions").GetProperty("reason");
        var ids = ExitMetrics.PerReason.Select(m => m.Id).Concat(["kind", "code", "histogram", "details"]).Order().ToList();
        Assert.Equal(ids, reason.GetProperty("properties").EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal(ids, reason.GetProperty("required").EnumerateArray().Select(r => r.GetString()!).Order());
    }

    [Fact]
    public void Text_fits_80_columns_and_says_what_was_lost()
    {
        using var writer = new StringWriter();
        ExitsText.Write(writer, Known(out var report), report, histograms: true);
        var text = writer.ToString();
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains("1 LOST (25.00 %)", text, StringComparison.Ordinal);
        Assert.Contains("REASON", text, StringComparison.Ordinal);
        Assert.Contains("in the VMM", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_vm_by_name_pid_uuid_and_unambiguous_part()
    {
        var vms = VmChoice.Read(new SimulatedHost(), new CollectorServices(), out _)!.Vms.Select(v => v.Info).ToList();
        var vm = vms.Single(v => v.Name == "db-primary");
        Assert.Same(vm, VmChoice.Find(vms, "db-primary", out _));
        Assert.Same(vm, VmChoice.Find(vms, $"{vm.Pid}", out _));
        Assert.Same(vm, VmChoice.Find(vms, "primary", out _));
        if (vm.Description.Uuid is { } uuid)
        {
            Assert.Same(vm, VmChoice.Find(vms, uuid.ToUpperInvariant(), out _));
        }
    }

    [Fact]
    public void Find_vm_of_an_ambiguous_word_lists_those_it_could_be()
    {
        var vms = VmChoice.Read(new SimulatedHost(), new CollectorServices(), out _)!.Vms.Select(v => v.Info).ToList();
        Assert.Null(VmChoice.Find(vms, "web0", out var problem));
        Assert.Contains("web01", problem, StringComparison.Ordinal);
        Assert.Contains("web02", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("db-primary", problem, StringComparison.Ordinal);
    }

    private static string Json((VmInfo Vm, ExitTraceReport Report) of)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            ExitsJson.Write(json, of.Vm, of.Report);
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Json(VmInfo vm)
    {
        _ = Known(out var report);
        return Json((vm, report));
    }

    private static (VmInfo Vm, ExitTraceReport Report) Simulated()
    {
        var time = new SteppedTime();
        var host = new SimulatedHost(new SimulatedHostOptions { Time = time });
        var vm = VmChoice.Read(host, new CollectorServices(), out _)!.Vms.Single(v => v.Info.Name == "db-primary").Info;
        using var trace = TraceStarter.Start(host, vm, null, null, out _)!;
        time.Advance(TimeSpan.FromSeconds(1));
        return (vm, trace.Report());
    }

    private static VmInfo Known(out ExitTraceReport report)
    {
        var aggregator = new ExitTraceAggregator(1);
        aggregator.Add(0, new(KvmTraceKind.Exit, 1000, 30, 1, 0xffffffff81000000));
        aggregator.Add(0, new(KvmTraceKind.UserspaceExit, 2000, 2, 0, 0));
        aggregator.Add(0, new(KvmTraceKind.Entry, 9000, 0, 0, 0));
        aggregator.AddLost(0, 1);
        var formats = KvmTraceFormats.Read(_ => null);
        var totals = aggregator.Totals();
        report = new ExitTraceReport
        {
            State = ExitTraceState.Stopped,
            Elapsed = TimeSpan.FromSeconds(1),
            Vcpus = [0],
            Reasons = ExitTraceReport.ReasonsOf(totals, formats, TimeSpan.FromSeconds(1), 1),
            Events = aggregator.Events,
            Lost = aggregator.Lost,
            Unfinished = totals.Unfinished,
            Notes = ExitTraceReport.NotesOf(totals, formats),
            EventCounts = [new("kvm_exit", 1)],
        };
        return VmChoice.Read(new SimulatedHost(), new CollectorServices(), out _)!.Vms[0].Info;
    }
}
