using System.Globalization;
using KvmTop.Batch;
using KvmTop.Collectors;
using KvmTop.CommandLine;
using KvmTop.Text;

namespace KvmTop.Trace;

/// <summary>Prints a trace for people, in 80 columns, and as comma-separated values.</summary>
internal static class ExitsText
{
    private const int WideTerminal = 132;
    private const int MostReasonsInDetail = 8;

    /// <summary>A heading, the table, what was asked for, and histograms on request or on a wide terminal.</summary>
    public static void Write(TextWriter writer, VmInfo vm, ExitTraceReport report, bool histograms)
    {
        var perSecond = report.Elapsed > TimeSpan.Zero ? report.Exits / report.Elapsed.TotalSeconds : 0;
        writer.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{vm.Name}  pid {vm.Pid}  vCPU{(report.Vcpus.Count == 1 ? $" {report.Vcpus[0]}" : $"s {report.Vcpus.Count}")}  {report.Elapsed.TotalSeconds:0.00} s{(report.State == ExitTraceState.VmGone ? ", then the VM ended" : "")}\n{report.Exits:#,0} exits, {FigureFormat.ToText(Figure.Of(perSecond), Unit.PerSecond)}/s; {report.Events:#,0} trace events,{(report.Lost == 0 ? " " : "\n")}{LostText(report)}\n\n"));
        MetricText.Write(writer, [.. ExitMetrics.PerReason.Where(m => ExitMetrics.Usual.Contains(m.Id))], report.Reasons);
        foreach (var reason in report.Reasons.Take(MostReasonsInDetail))
        {
            WriteDetails(writer, reason);
        }

        if (histograms || StandardStreams.Width >= WideTerminal)
        {
            foreach (var reason in report.Reasons.Where(r => r.HasTimes).Take(MostReasonsInDetail))
            {
                WriteHistogram(writer, reason);
            }
        }

        foreach (var note in report.Notes)
        {
            writer.Write('\n');
            Wrap(writer, note);
        }
    }

    /// <summary>One line per reason with all figures.</summary>
    public static void WriteCsv(TextWriter writer, VmInfo vm, ExitTraceReport report)
    {
        MetricCsv.WriteHeader(writer, ExitMetrics.PerReason, "vm", "pid", "elapsed_s", "events", "lost_events");
        foreach (var reason in report.Reasons)
        {
            MetricCsv.WriteRow(
                writer, ExitMetrics.PerReason, reason,
                Figure.Of(vm.Name), Figure.Of(vm.Pid), Figure.Of(Math.Round(report.Elapsed.TotalSeconds, 3)), Figure.Of(report.Events), Figure.Of(report.Lost));
        }
    }

    /// <summary>"none lost", or how many and which part.</summary>
    public static string LostText(ExitTraceReport report) => report.Lost == 0
        ? "none lost"
        : string.Create(CultureInfo.InvariantCulture, $"{report.Lost:#,0} LOST ({report.LostPct:0.00} %): counts and times are too low by about as much");

    private static void WriteDetails(TextWriter writer, ExitReasonReport reason)
    {
        var wrote = false;
        foreach (var (title, entries) in new[] { ("asked for", reason.Details), ("to VMM for", reason.Userspace), ("guest RIP", reason.Rips) })
        {
            var top = entries.Take(4).ToList();
            if (top.Count == 0)
            {
                continue;
            }

            if (!wrote)
            {
                writer.Write($"\n{reason.Name}\n");
                wrote = true;
            }

            writer.Write($"  {title,-10}");
            var column = 12;
            foreach (var entry in top)
            {
                var text = string.Create(CultureInfo.InvariantCulture, $"  {entry.Text} {100.0 * entry.Count / Math.Max(reason.Count, 1):0.0}%{(entry.Error > 0 ? " at most" : "")}");
                if (column + text.Length > HelpText.Width && column > 12)
                {
                    writer.Write("\n            ");
                    column = 12;
                }

                writer.Write(text);
                column += text.Length;
            }

            writer.Write('\n');
        }
    }

    private static void WriteHistogram(TextWriter writer, ExitReasonReport reason)
    {
        const int bar = 26;
        var (total, kernel, vmm) = (reason.Statistics.Total, reason.Statistics.Kernel, reason.Statistics.Vmm);
        if (total.Doublings() is not { } range)
        {
            return;
        }

        foreach (var part in new[] { kernel, vmm })
        {
            range = part.Doublings() is { } r ? (Math.Min(range.First, r.First), Math.Max(range.Last, r.Last)) : range;
        }

        long most = 1;
        for (var p = range.First; p <= range.Last; p++)
        {
            most = Math.Max(most, Math.Max(kernel.CountInDoubling(p), vmm.CountInDoubling(p)));
        }

        var withKernel = kernel.Count > 0;
        writer.Write($"\n{reason.Name}: exits by time from exit to re-entry; bars: log of the count\n{"from",8}  {(withKernel ? $"{"in the kernel",-bar - 8}  " : "")}in the VMM\n");
        for (var p = range.First; p <= range.Last; p++)
        {
            writer.Write($"{ExitTraceReport.Scale(p),8}  {(withKernel ? Bar(kernel.CountInDoubling(p)) + "  " : "")}{Bar(vmm.CountInDoubling(p))}".TrimEnd());
            writer.Write('\n');
        }

        string Bar(long count)
        {
            var length = count == 0 ? 0 : Math.Max(1, (int)Math.Round(bar * Math.Log2(1 + count) / Math.Log2(1 + most)));
            return $"{(count == 0 ? "" : FigureFormat.ToText(Figure.Of(count), Unit.Count, 6)),6}  {new string('#', length).PadRight(bar)}";
        }
    }

    private static void Wrap(TextWriter writer, string text)
    {
        var column = 0;
        foreach (var word in text.Split(' '))
        {
            if (column > 0 && column + 1 + word.Length > HelpText.Width)
            {
                writer.Write('\n');
                column = 0;
            }

            if (column > 0)
            {
                writer.Write(' ');
                column++;
            }

            writer.Write(word);
            column += word.Length;
        }

        writer.Write('\n');
    }
}
