using System.Text.Json;
using KvmTop.Collectors;

namespace KvmTop.Batch;

/// <summary>Writes KVM's counters of a VM or vCPU as the property <c>kvm</c>: each one that grows, by its name, per second; null where none can be read.</summary>
internal sealed class KvmJson(KvmStatsView? view)
{
    private readonly KvmCounterTable _vm = new();
    private readonly KvmCounterTable _vcpu = new();

    /// <summary>Of a VM: the sum over its vCPUs, and its own.</summary>
    public void Write(Utf8JsonWriter writer, VmRow row)
    {
        _vm.Clear(forget: false);
        Write(writer, _vm, row.Kvm?.Source is not null && view?.AddVm(row.Vm.Info.Key, _vm) == true);
    }

    /// <summary>Of a vCPU.</summary>
    public void Write(Utf8JsonWriter writer, VcpuRow row)
    {
        _vcpu.Clear(forget: false);
        Write(writer, _vcpu, view?.AddVcpu(row.Vm.Info.Key, row.Load.Thread, row.Position, _vcpu) == true);
    }

    private static void Write(Utf8JsonWriter writer, KvmCounterTable table, bool isRead)
    {
        writer.WritePropertyName("kvm");
        if (!isRead)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        for (var i = 0; i < table.Rows.Count; i++)
        {
            // What this VM does not have, another had: not part of it. What has no rate yet has no figure.
            var row = table.Rows[i];
            if (!row.Counter.HasRate || !row.IsPresent)
            {
                continue;
            }

            writer.WritePropertyName(row.Counter.Name);
            if (!MetricNumber.TryRound(row.PerSecond, Unit.PerSecond, out var number))
            {
                writer.WriteNullValue();
            }
            else if (MetricNumber.IsWhole(number))
            {
                writer.WriteNumberValue((long)number);
            }
            else
            {
                writer.WriteNumberValue(number);
            }
        }

        writer.WriteEndObject();
    }
}
