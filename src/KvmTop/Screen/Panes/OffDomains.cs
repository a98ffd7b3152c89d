using System.Buffers.Binary;
using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>Domains of libvirt's that do not run, as rows beside the VMs that do.</summary>
internal static class OffDomains
{
    private const string NotRunning = "it is not running";

    // What is known of a VM without a process.
    private static readonly string[] s_known = ["name", "state", "uuid", "vcpu_count", "mem_configured_bytes"];

    /// <summary>A row for each.</summary>
    public static IEnumerable<VmRow> Of(Snapshot snapshot)
    {
        foreach (var domain in snapshot.Get(LibvirtTopic.Instance).Value?.Inactive ?? [])
        {
            yield return new VmRow(snapshot, Model(domain));
        }
    }

    /// <summary>A figure of such a row: what libvirt keeps of it, else missing because it does not run.</summary>
    public static Figure Get(Metric<VmRow> metric, VmRow row)
    {
        if (Array.IndexOf(s_known, metric.Id) >= 0)
        {
            return metric.Get(row);
        }

        foreach (var kept in Catalog.DomainMetrics)
        {
            if (kept.Id == metric.Id && Find(row) is { } domain)
            {
                return kept.Get(domain);
            }
        }

        return Figure.Missing(NotRunning);
    }

    private static LibvirtDomain? Find(VmRow row)
    {
        foreach (var domain in row.Snapshot.Get(LibvirtTopic.Instance).Value?.Inactive ?? [])
        {
            if (KeyOf(domain) == row.Vm.Info.Key)
            {
                return domain;
            }
        }

        return null;
    }

    // No process has the pid 0.
    private static VmKey KeyOf(LibvirtDomain domain)
    {
        Span<byte> uuid = stackalloc byte[16];
        domain.Uuid.TryWriteBytes(uuid);
        return new VmKey(0, BinaryPrimitives.ReadUInt64LittleEndian(uuid) ^ BinaryPrimitives.ReadUInt64LittleEndian(uuid[8..]));
    }

    private static VmModel Model(LibvirtDomain domain) => new()
    {
        Info = new VmInfo
        {
            Key = KeyOf(domain),
            Name = domain.Name,
            Vmm = VmmKind.Unknown,
            Accelerator = null,
            Confirmed = false,
            User = null,
            Description = new VmDescription { Vmm = VmmKind.Unknown, Uuid = domain.Uuid.ToString(), VcpuCount = domain.Vcpus, MemoryBytes = domain.MemoryBytes },
            Arguments = [],
            Threads = [],
            VcpuThreads = 0,
            VcpuSource = NotRunning,
        },
        State = VmState.Off,
        Interval = TimeSpan.Zero,
        Threads = [],
        Times = (double.NaN, double.NaN, double.NaN),
        EmulatorPct = double.NaN,
        VcpuPct = double.NaN,
        Ready = (double.NaN, double.NaN, -1),
        ReadBytesPerSecond = double.NaN,
        WriteBytesPerSecond = double.NaN,
        ThrottledPct = double.NaN,
        RssBytes = null,
    };
}
