using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.CommandLine;

namespace KvmTop.Batch;

/// <summary>A snapshot as one JSON object; <c>schema/kvmtop.schema.json</c> describes it.</summary>
internal static class RecordJson
{
    /// <summary>Writes the object.</summary>
    public static void Write(Utf8JsonWriter writer, Snapshot snapshot)
    {
        var host = new HostRow(snapshot);
        writer.WriteStartObject();
        writer.WriteString("schema", SchemaDocument.Version);
        writer.WriteString("time", snapshot.Time);
        writer.WriteNumber("interval_s", Math.Round(snapshot.Interval.TotalSeconds, 6));
        if (host.Machine?.Label is { } label)
        {
            writer.WriteString("label", label);
        }

        writer.WriteStartObject("host");
        MetricJson.Write(writer, Catalog.HostMetrics, host);
        writer.WriteEndObject();
        writer.WriteStartObject("self");
        MetricJson.Write(writer, Catalog.SelfMetrics, host);
        writer.WriteEndObject();
        writer.WriteStartArray("vms");
        foreach (var vm in VmRow.All(snapshot))
        {
            writer.WriteStartObject();
            MetricJson.Write(writer, Catalog.VmMetrics, vm);
            writer.WriteStartArray("vcpus");
            foreach (var vcpu in VcpuRow.Of(vm))
            {
                writer.WriteStartObject();
                MetricJson.Write(writer, Catalog.VcpuMetrics, vcpu);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("disks");
            foreach (var disk in DiskRow.Of(vm))
            {
                writer.WriteStartObject();
                MetricJson.Write(writer, Catalog.DiskMetrics, disk);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("nics");
            foreach (var nic in NicRow.Of(vm))
            {
                writer.WriteStartObject();
                MetricJson.Write(writer, Catalog.NicMetrics, nic);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("sources");
        foreach (var source in snapshot.Sources)
        {
            writer.WriteStartObject();
            writer.WriteString("topic", source.Topic.Id);
            writer.WriteString("status", StatusName(source.Status));
            writer.WriteString("reason", source.Reason);
            writer.WriteNumber("duration_us", (long)source.Duration.TotalMicroseconds);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string StatusName(ReadingStatus status) => status switch
    {
        ReadingStatus.NoData => "no_data",
        _ => status.ToString().ToLowerInvariant(),
    };
}
