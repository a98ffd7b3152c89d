using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.CommandLine;
using KvmTop.Linux;

namespace KvmTop.Batch;

/// <summary>A snapshot as one JSON object; <c>schema/kvmtop.schema.json</c> describes it.</summary>
internal static class RecordJson
{
    /// <summary>Writes the object.</summary>
    public static void Write(Utf8JsonWriter writer, Snapshot snapshot)
    {
        var host = new HostRow(snapshot);
        using var kvm = host.Kvm?.Open();
        var counters = new KvmMaps(kvm);
        writer.WriteStartObject();
        writer.WriteString("schema", SchemaDocument.Version);
        writer.WriteString("time", snapshot.Time);
        writer.WriteNumber("interval_s", Math.Round(snapshot.Interval.TotalSeconds, 6));
        writer.WriteNumber("late_s", Math.Round(snapshot.Late.TotalSeconds, 6));
        if (host.Machine?.Label is { } label)
        {
            writer.WriteString("label", label);
        }

        writer.WriteStartObject("host");
        MetricJson.Write(writer, Catalog.HostMetrics, host);
        WritePools(writer, snapshot.Get(HugepagesTopic.Instance).Value);
        writer.WriteEndObject();
        writer.WriteStartObject("self");
        MetricJson.Write(writer, Catalog.SelfMetrics, host);
        writer.WriteEndObject();
        writer.WriteStartArray("vms");
        foreach (var vm in VmRow.All(snapshot))
        {
            writer.WriteStartObject();
            MetricJson.Write(writer, Catalog.VmMetrics, vm);
            MetricJson.Write(writer, counters.OfVm, vm);
            MetricJson.Write(writer, Catalog.VmMaps, vm);
            writer.WritePropertyName("libvirt");
            WriteDomain(writer, LibvirtTopic.Of(vm));
            writer.WriteStartArray("vcpus");
            foreach (var vcpu in VcpuRow.Of(vm))
            {
                writer.WriteStartObject();
                MetricJson.Write(writer, Catalog.VcpuMetrics, vcpu);
                MetricJson.Write(writer, counters.OfVcpu, vcpu);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            MetricJson.Write(writer, "disks", Catalog.DiskMetrics, DiskRow.Of(vm));
            MetricJson.Write(writer, "nics", Catalog.NicMetrics, NicRow.Of(vm));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteInactive(writer, snapshot.Get(LibvirtTopic.Instance).Value);
        writer.WriteStartArray("sources");
        foreach (var source in snapshot.Sources)
        {
            writer.WriteStartObject();
            writer.WriteString("topic", source.Topic.Id);
            writer.WriteString("status", StatusName(source.Shown));
            writer.WriteString("reason", source.Reason ?? (source.Shown is ReadingStatus.Measuring ? "first reading: a rate needs two" : null));
            writer.WriteNumber("duration_us", (long)source.Duration.TotalMicroseconds);
            writer.WritePropertyName("age_s");
            if (source.Time == default)
            {
                writer.WriteNullValue();
            }
            else
            {
                writer.WriteNumberValue(Math.Max(0, Math.Round((snapshot.Time - source.Time).TotalSeconds, 3)));
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteInactive(Utf8JsonWriter writer, LibvirtModel? libvirt)
    {
        if (libvirt is { IsAnswered: true })
        {
            MetricJson.Write(writer, "inactive_domains", Catalog.DomainMetrics, libvirt.Inactive);
        }
        else
        {
            writer.WriteNull("inactive_domains");
        }
    }

    private static void WriteDomain(Utf8JsonWriter writer, Vmm.LibvirtDomain? domain)
    {
        if (domain is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        MetricJson.Write(writer, Catalog.DomainMetrics, domain);
        writer.WriteEndObject();
    }

    private static void WritePools(Utf8JsonWriter writer, HugepagesModel? pools)
    {
        writer.WritePropertyName("hugepages");
        if (pools is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartArray();
        foreach (var pool in pools.Pools)
        {
            writer.WriteStartObject();
            writer.WriteNumber("size_bytes", pool.SizeBytes);
            WriteCounts(writer, pool);
            Count(writer, "reserved", pool.Reserved);
            Count(writer, "overcommit", pool.Overcommit);
            writer.WriteStartArray("nodes");
            foreach (var (node, _) in pools.Nodes)
            {
                if (pools.Of(node, pool.SizeBytes) is { } part)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("node", node);
                    WriteCounts(writer, part);
                    writer.WriteEndObject();
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteCounts(Utf8JsonWriter writer, HugepagePool pool)
    {
        Count(writer, "total", pool.Total);
        Count(writer, "free", pool.Free);
        Count(writer, "surplus", pool.Surplus);
    }

    private static void Count(Utf8JsonWriter writer, string name, ulong? count)
    {
        if (count is { } n)
        {
            writer.WriteNumber(name, n);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static string StatusName(ReadingStatus status) => status switch
    {
        ReadingStatus.NoData => "no_data",
        _ => status.ToString().ToLowerInvariant(),
    };
}
