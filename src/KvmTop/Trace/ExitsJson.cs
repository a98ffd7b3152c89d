using System.Text.Json;
using KvmTop.Batch;
using KvmTop.Collectors;

namespace KvmTop.Trace;

/// <summary>Prints a trace as one JSON object; schema/kvmtop-exits.schema.json describes it.</summary>
internal static class ExitsJson
{
    /// <summary>Value of the field <c>schema</c>.</summary>
    public const string Version = "kvmtop-exits/1";

    /// <summary>Writes one line.</summary>
    public static void Write(StreamWriter writer, VmInfo vm, ExitTraceReport report)
    {
        writer.Flush();
        using (var json = new Utf8JsonWriter(writer.BaseStream))
        {
            Write(json, vm, report);
        }

        writer.Write('\n');
    }

    /// <summary>Writes the object.</summary>
    public static void Write(Utf8JsonWriter json, VmInfo vm, ExitTraceReport report)
    {
        json.WriteStartObject();
        json.WriteString("schema", Version);
        json.WriteStartObject("vm");
        json.WriteString("name", vm.Name);
        json.WriteNumber("pid", vm.Pid);
        json.WriteEndObject();
        json.WriteStartArray("vcpus");
        foreach (var vcpu in report.Vcpus)
        {
            json.WriteNumberValue(vcpu);
        }

        json.WriteEndArray();
        json.WriteBoolean("vm_ended", report.State == ExitTraceState.VmGone);
        json.WriteNumber("elapsed_s", Math.Round(report.Elapsed.TotalSeconds, 3));
        json.WriteNumber("exits", report.Exits);
        json.WriteNumber("events", report.Events);
        json.WriteNumber("lost_events", report.Lost);
        json.WriteNumber("lost_pct", Math.Round(report.LostPct, 3));
        json.WriteNumber("unfinished", report.Unfinished);
        json.WriteStartObject("event_counts");
        foreach (var (name, count) in report.EventCounts)
        {
            json.WriteNumber(name, count);
        }

        json.WriteEndObject();
        json.WriteStartArray("notes");
        foreach (var note in report.Notes)
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
        json.WriteStartArray("reasons");
        foreach (var reason in report.Reasons)
        {
            WriteReason(json, reason);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteReason(Utf8JsonWriter json, ExitReasonReport reason)
    {
        json.WriteStartObject();
        json.WriteString("kind", reason.Reason.Kind switch
        {
            ExitReasonKind.Hardware => "exit",
            ExitReasonKind.Userspace => "userspace",
            ExitReasonKind.Interrupted => "interrupted",
            _ => "in_kvm",
        });
        json.WriteNumber("code", reason.Reason.Code);
        MetricJson.Write(json, ExitMetrics.PerReason, reason);
        json.WriteStartArray("histogram");
        if (reason.Statistics.Total.Doublings() is { } range)
        {
            var first = Math.Min(range.First, Math.Min(reason.Statistics.Kernel.Doublings()?.First ?? 64, reason.Statistics.Vmm.Doublings()?.First ?? 64));
            for (var p = first; p <= range.Last; p++)
            {
                json.WriteStartObject();
                json.WriteNumber("from_ns", 1UL << p);
                json.WriteNumber("total", reason.Statistics.Total.CountInDoubling(p));
                json.WriteNumber("kernel", reason.Statistics.Kernel.CountInDoubling(p));
                json.WriteNumber("vmm", reason.Statistics.Vmm.CountInDoubling(p));
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("details");
        foreach (var detail in reason.Details.Concat(reason.Userspace).Concat(reason.Rips))
        {
            json.WriteStartObject();
            json.WriteString("kind", detail.Kind);
            json.WriteString("what", detail.Text);
            json.WriteNumber("count", detail.Count);
            json.WriteNumber("error", detail.Error);
            json.WriteNumber("time_s", Math.Round(detail.Seconds, 9));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
