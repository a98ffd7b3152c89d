using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.CommandLine;
using KvmTop.Configuration;
using KvmTop.Text;

namespace KvmTop.Batch;

/// <summary>Prints snapshots in one of the formats. It asks for no more topics than its format shows.</summary>
internal abstract class RecordPrinter
{
    /// <summary>What must be read for a record.</summary>
    public abstract IReadOnlyCollection<Topic> Needs { get; }

    /// <summary>The printer that the options ask for, or what is wrong with them.</summary>
    public static bool TryCreate(Options options, [NotNullWhen(true)] out RecordPrinter? printer, out string problem)
    {
        if (options.Output == OutputFormat.Json)
        {
            problem = "";
            printer = new JsonRecords();
            return true;
        }

        printer = options.Table switch
        {
            OutputTable.Vcpus => TableRecords<VcpuRow>.TryCreate(
                options, Catalog.VcpuMetrics, DefaultColumns.Vcpus, s => VmRow.All(s).SelectMany(VcpuRow.Of), "vm", out problem),
            OutputTable.Host => TableRecords<HostRow>.TryCreate(options, Catalog.HostMetrics, DefaultColumns.Host, s => [new HostRow(s)], "name", out problem),
            _ => TableRecords<VmRow>.TryCreate(options, Catalog.VmMetrics, DefaultColumns.Vms, VmRow.All, "cpu_pct", out problem),
        };
        return printer is not null;
    }

    /// <summary>Prints one record and hands it to the reader.</summary>
    public abstract void Print(Snapshot snapshot);

    /// <summary>One JSON object per line.</summary>
    private sealed class JsonRecords : RecordPrinter
    {
        private readonly ArrayBufferWriter<byte> _line = new(65536);

        public override IReadOnlyCollection<Topic> Needs { get; } =
        [
            .. Catalog.Needs(Catalog.HostMetrics), .. Catalog.Needs(Catalog.SelfMetrics), .. Catalog.Needs(Catalog.VmMetrics), .. Catalog.Needs(Catalog.VcpuMetrics),
            .. Catalog.RecordNeeds,
        ];

        public override void Print(Snapshot snapshot)
        {
            _line.ResetWrittenCount();
            using (var writer = new Utf8JsonWriter(_line))
            {
                RecordJson.Write(writer, snapshot);
            }

            _line.Write("\n"u8);
            StandardStreams.Output.Write(_line.WrittenSpan);
        }
    }

    /// <summary>Text and CSV: a table of the rows that were asked for.</summary>
    private sealed class TableRecords<TRow>(
        bool csv,
        IReadOnlyList<Metric<TRow>> metrics,
        Func<Snapshot, IEnumerable<TRow>> rows,
        FilterPredicate<TRow>? filter,
        Metric<TRow> sortColumn,
        SortSpec sort) : RecordPrinter
    {
        private readonly RowOrder<TRow> _order = new();
        private bool _hasHeader;

        public override IReadOnlyCollection<Topic> Needs { get; } =
            [.. Catalog.Needs(metrics), .. Catalog.Needs([sortColumn]), .. filter?.Needs ?? [], .. ReportText.Needs];

        public static TableRecords<TRow>? TryCreate(
            Options options,
            IReadOnlyList<Metric<TRow>> all,
            IReadOnlyList<string> usual,
            Func<Snapshot, IEnumerable<TRow>> rows,
            string usualSort,
            out string problem)
        {
            IReadOnlyList<string> names = options.Columns.Count > 0 ? options.Columns : options.Output == OutputFormat.Csv ? [.. all.Select(m => m.Id)] : usual;
            FilterPredicate<TRow>? predicate = null;
            if (MetricNames.FindAll(all, names, out problem) is not { } metrics)
            {
                problem = $"--columns: {problem}";
                return null;
            }

            if (options.Filter.Length > 0)
            {
                if (!FilterExpression.TryParse(options.Filter, out var expression, out var error) || (predicate = expression!.Bind(all, out error)) is null)
                {
                    problem = $"--filter: {error}";
                    return null;
                }
            }

            // The default order speaks of VMs; a table without that column keeps its natural order.
            _ = SortSpec.TryParse(options.Sort, out var sort);
            var column = MetricNames.Find(all, sort.Column, out problem);
            if (column is null && options.Sort != new Options().Sort)
            {
                problem = $"--sort: {problem}";
                return null;
            }

            return new TableRecords<TRow>(
                options.Output == OutputFormat.Csv, metrics, rows, predicate, column ?? MetricNames.Find(all, usualSort, out problem)!, sort);
        }

        public override void Print(Snapshot snapshot)
        {
            var shown = Shown(snapshot);
            using var writer = StandardStreams.CreateWriter();
            if (csv)
            {
                PrintCsv(writer, snapshot, shown);
            }
            else
            {
                ReportText.WriteHeader(writer, snapshot);
                MetricText.Write(writer, metrics, shown);
                ReportText.WriteFooter(writer, snapshot);
            }
        }

        /// <summary>The rows that match, in order; equal ones keep that of their source.</summary>
        private List<TRow> Shown(Snapshot snapshot)
        {
            _order.Clear();
            foreach (var row in rows(snapshot))
            {
                if (filter is null || filter.Matches(row))
                {
                    _order.Add(row, sortColumn.Get(row));
                }
            }

            _order.Sort(sort, sortColumn.Unit);
            var shown = new List<TRow>(_order.Count);
            for (var i = 0; i < _order.Count; i++)
            {
                shown.Add(_order[i]);
            }

            return shown;
        }

        private void PrintCsv(StreamWriter writer, Snapshot snapshot, List<TRow> shown)
        {
            if (!_hasHeader)
            {
                _hasHeader = true;
                MetricCsv.WriteHeader(writer, metrics, "time", "interval_s");
            }

            var time = Figure.Of(snapshot.Time.ToString("O", CultureInfo.InvariantCulture));
            foreach (var row in shown)
            {
                MetricCsv.WriteRow(writer, metrics, row, time, Figure.Of(Math.Round(snapshot.Interval.TotalSeconds, 3)));
            }
        }
    }
}
