using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;

namespace KvmTop.Batch;

/// <summary>What stands above and below the table of a text record: the host, this program, and what could not be read.</summary>
internal static class ReportText
{
    private const int WidestText = 64;

    /// <summary>What these lines are about.</summary>
    public static IReadOnlyList<Topic> Needs { get; } = [HostTopic.Instance, MachineTopic.Instance, SelfTopic.Instance, VmsTopic.Instance];

    /// <summary>Three lines about the host.</summary>
    public static void WriteHeader(TextWriter writer, Snapshot snapshot)
    {
        var host = new HostRow(snapshot);
        string Show(string id) => Find(Catalog.HostMetrics, id) is { } m ? FigureFormat.ToText(m.Get(host), m.Unit, m.Unit == Unit.Text ? WidestText : 8) : "-";
        var vms = snapshot.Get(VmsTopic.Instance).Value;
        var label = host.Machine?.Label is { } l ? $" ({l})" : "";
        writer.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"""
             kvmtop {Show("name")}{label}  kernel {Show("kernel")}  {Show("cpus")} CPUs  {Show("kvm_module")} nested={Show("nested")}  {snapshot.Time:yyyy-MM-ddTHH:mm:ssZ} over {snapshot.Interval.TotalSeconds:0.00} s{Late(snapshot)}
             CPU {Show("cpu_pct")}%  guest {Show("guest_pct")}  user {Show("user_pct")}  sys {Show("system_pct")}  iowait {Show("iowait_pct")}   load {Show("load1")} {Show("load5")} {Show("load15")}   mem {Show("mem_used_bytes")}/{Show("mem_total_bytes")}  swap {Show("swap_used_bytes")}/{Show("swap_total_bytes")}
             VMs {vms?.Vms.Count.ToString(CultureInfo.InvariantCulture) ?? "-"}   vCPUs {vms?.Vms.Sum(v => v.Info.VcpuCount ?? 0).ToString(CultureInfo.InvariantCulture) ?? "-"}   kvmtop itself {Self("cpu_pct")}% {Self("rss_bytes")}

             """));
        string Self(string id) => Find(Catalog.SelfMetrics, id) is { } m ? FigureFormat.ToText(m.Get(host), m.Unit) : "-";
    }

    /// <summary>Why figures are missing, and an empty line.</summary>
    public static void WriteFooter(TextWriter writer, Snapshot snapshot)
    {
        if (snapshot.Get(VmsTopic.Instance).Value is { } vms)
        {
            if (vms.Vms.Count == 0)
            {
                writer.Write(EmptyHost.Text);
            }

            if (vms.Unconfirmed > 0)
            {
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"{vms.Unconfirmed} of them known by program name only: seeing their descriptors needs root.\n"));
            }
        }

        foreach (var source in snapshot.Sources.Where(s => s.Shown != ReadingStatus.Ok && (s.Topic != VmsTopic.Instance || s.Shown != ReadingStatus.Partial)))
        {
            writer.Write($"{source.Topic.Title}: {source.Shown.ToString().ToLowerInvariant()}: {source.Reason}\n");
        }

        writer.Write('\n');
    }

    // Ticks of a busy host are late by some milliseconds: that is no news.
    private static string Late(Snapshot snapshot) =>
        snapshot.Late < TimeSpan.FromSeconds(1) ? "" : string.Create(CultureInfo.InvariantCulture, $", LATE by {snapshot.Late.TotalSeconds:0.0} s");

    private static Metric<HostRow>? Find(IReadOnlyList<Metric<HostRow>> metrics, string id) => metrics.FirstOrDefault(m => m.Id == id);
}
