using System.Globalization;
using System.Text;
using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.Collectors.Checks;
using KvmTop.Vmm;

namespace KvmTop.CommandLine.Subcommands;

/// <summary>The findings of a check as text and as JSON.</summary>
internal static class CheckText
{
    private const int LongestLine = 1000;

    /// <summary>What a level is called, in JSON and on the screen.</summary>
    public static string Word(CheckLevel level) => level switch
    {
        CheckLevel.Failure => "failure",
        CheckLevel.Warning => "warning",
        CheckLevel.Unknown => "unknown",
        CheckLevel.Info => "info",
        _ => "ok",
    };

    /// <summary>"2 failures, 3 warnings, 4 notes, 1 not seen, 20 well".</summary>
    public static string Sum(CheckReport report)
    {
        var parts = new List<string>();
        Add(CheckLevel.Failure, "failure", "failures");
        Add(CheckLevel.Warning, "warning", "warnings");
        Add(CheckLevel.Info, "note", "notes");
        Add(CheckLevel.Unknown, "not seen", "not seen");
        Add(CheckLevel.Ok, "well", "well");
        return parts.Count == 0 ? "nothing to check" : string.Join(", ", parts);

        void Add(CheckLevel level, string one, string many)
        {
            if (report.Count(level) is > 0 and var n)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{n} {(n == 1 ? one : many)}"));
            }
        }
    }

    /// <summary>As text: the worst first; what is well is counted, or listed on request.</summary>
    /// <param name="report">What was found.</param>
    /// <param name="snapshot">The moment.</param>
    /// <param name="all">What is well too.</param>
    /// <param name="vms">The VMs that alone were looked at; null when it was the host with all.</param>
    public static byte[] Text(CheckReport report, Snapshot snapshot, bool all, IReadOnlyList<VmModel>? vms = null)
    {
        var text = new StringBuilder();
        var told = new HashSet<CheckResult>();
        foreach (var result in report.Results)
        {
            var (check, finding) = result;
            if ((finding.Level == CheckLevel.Ok && !all) || told.Contains(result))
            {
                continue;
            }

            // The same of sixty VMs is said once, with the first of them as the example.
            var same = report.Results.Where(r => r.Check == check && finding.Vm is not null && r.Finding.Level == finding.Level && r.Finding.What == finding.What).ToList();
            told.UnionWith(same);
            Line(text, $"{Word(finding.Level).ToUpperInvariant(),-8}", $"{Names(same)}{finding.What}  [{check.Id}]");
            Line(text, "    seen ", finding.Evidence);
            Line(text, "    why  ", finding.Why);
            Line(text, "    fix  ", finding.Fix);
        }

        // Checks of a VM speak up only when something is to be said: none that does is good news.
        var name = vms is null ? snapshot.Get(MachineTopic.Instance).Value?.Identity.Hostname ?? "host" : string.Join(", ", vms.Select(v => v.Info.Name));
        var sum = vms is not null && report.Results.Count == report.Count(CheckLevel.Ok) ? string.Create(CultureInfo.InvariantCulture, $"OK, {report.VmChecks} checks found nothing wrong") : Sum(report);
        Line(text, "", string.Create(CultureInfo.InvariantCulture, $"{name}: {sum} ({report.Took.TotalSeconds:0.00} s)"));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>As one JSON object on one line.</summary>
    public static byte[] Json(CheckReport report, Snapshot snapshot)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("host", snapshot.Get(MachineTopic.Instance).Value?.Identity.Hostname);
            writer.WriteString("time", report.Time.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteNumber("took_s", Math.Round(report.Took.TotalSeconds, 3));
            writer.WriteNumber("failures", report.Count(CheckLevel.Failure));
            writer.WriteNumber("warnings", report.Count(CheckLevel.Warning));
            writer.WriteStartArray("findings");
            foreach (var (check, finding) in report.Results)
            {
                writer.WriteStartObject();
                writer.WriteString("check", check.Id);
                writer.WriteString("group", check.Group.ToString().ToLowerInvariant());
                writer.WriteString("vm", finding.Vm);
                writer.WriteString("level", Word(finding.Level));
                writer.WriteString("what", finding.What);
                writer.WriteString("evidence", finding.Evidence);
                writer.WriteString("why", finding.Why);
                writer.WriteString("fix", finding.Fix);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static string Names(List<CheckResult> same)
    {
        const int most = 6;
        var names = same.Select(r => r.Finding.Vm).OfType<string>().ToList();
        return names.Count == 0 ? ""
            : string.Join(", ", names.Take(most)) + (names.Count > most ? string.Create(CultureInfo.InvariantCulture, $" and {names.Count - most} more") : "") + ": ";
    }

    private static void Line(StringBuilder text, string label, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            text.Append(label).Append(HostileText.Clean(value, LongestLine)).Append('\n');
        }
    }
}
