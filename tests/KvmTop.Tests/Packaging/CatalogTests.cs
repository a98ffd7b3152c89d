using System.Text.Json;
using System.Text.RegularExpressions;
using KvmTop.Actions;
using KvmTop.CommandLine;
using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Screen;
using KvmTop.Screen.Panes;
using KvmTop.Tui;

namespace KvmTop.Tests.Packaging;

/// <summary>What exists is listed, and what is listed is complete.</summary>
public sealed partial class CatalogTests
{
    /// <summary>Every list of figures, by the object of the JSON record that it fills.</summary>
    public static TheoryData<string> Lists { get; } = ["host", "self", "vm", "vcpu", "disk", "nic", "domain"];

    [Fact]
    public void Every_topic_is_listed_once()
    {
        var types = typeof(Topic).Assembly.GetTypes().Concat(typeof(HostAction).Assembly.GetTypes()).Concat(typeof(Catalog).Assembly.GetTypes())
            .Where(t => t.IsSubclassOf(typeof(Topic)) && !t.IsAbstract);
        Assert.Equal(types.Select(t => t.Name).Order(), Catalog.Topics.Select(t => t.GetType().Name).Order());
        Assert.Equal(Catalog.Topics.Count, Catalog.Topics.Select(t => t.Id).Distinct().Count());
    }

    [Fact]
    public void Every_action_is_listed_once_and_says_what_it_writes()
    {
        var types = typeof(HostAction).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(HostAction)) && !t.IsAbstract);
        Assert.Equal(types.Select(t => t.Name).Order(), ActionCatalog.All.Select(a => a.GetType().Name).Order());
        Assert.Equal(ActionCatalog.All.Count, ActionCatalog.All.Select(a => a.Name).Distinct().Count());
        Assert.All(ActionCatalog.All, a =>
        {
            Assert.NotEmpty(a.Writes);
            Assert.Matches(@"^\S.*\.$", a.Summary);
            Assert.True(a.Key is null || ActionKeys.All.Any(k => k.Key == a.Key), $"{a.Name}: no key {a.Key}");
        });
    }

    [Fact]
    public void Every_topic_stands_after_those_it_stands_on()
    {
        for (var i = 0; i < Catalog.Topics.Count; i++)
            Assert.All(Catalog.Topics[i].After, t => Assert.InRange(Catalog.Topics.ToList().IndexOf(t), 0, i - 1));
    }

    [Fact]
    public void Every_pane_is_listed_once()
    {
        // A VM's own view and its trace are opened from its row and have no tab.
        var types = typeof(Catalog).Assembly.GetTypes().Where(t => typeof(IPane).IsAssignableFrom(t) && !t.IsAbstract && t != typeof(VmView) && t != typeof(TracePane));
        var panes = Catalog.CreatePanes(new Ui(new Options(), new ConfigurationFiles("/nonexistent", null), true));
        Assert.Equal(types.Select(t => t.Name).Order(), panes.Select(p => p.GetType().Name).Order());
        Assert.Equal(panes.Count, panes.Select(p => p.Id).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_metric_is_named_explained_and_read_from_listed_topics(string list)
    {
        var metrics = Metrics(list);
        Assert.NotEmpty(metrics);
        Assert.Equal(metrics.Count, metrics.Select(m => m.Id).Distinct().Count());
        Assert.All(metrics, m =>
        {
            Assert.Matches(SnakeCase(), m.Id);
            Assert.Matches(@"^\S.*\.$", m.Help);
            Assert.NotEmpty(m.Source);
            Assert.NotEmpty(m.Needs);
            Assert.All(m.Needs, t => Assert.Contains(t, Catalog.Topics));
        });
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_title_fits_its_column_with_the_sort_mark(string list)
    {
        // Numbers are flush right, with a free cell for the mark before the next column's text; words need none of it.
        Assert.All(Metrics(list), m => Assert.True(CellWidth.Of(m.Title) <= m.Width + (m.IsText ? 0 : 1), $"{m.Id}: {m.Title} in {m.Width}"));
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_unit_stands_in_the_metrics_name(string list) => Assert.All(Metrics(list), m => Assert.True(
        m.Unit switch
        {
            Unit.Percent => m.Id.EndsWith("_pct", StringComparison.Ordinal),
            Unit.Bytes => m.Id.EndsWith("_bytes", StringComparison.Ordinal),
            Unit.BytesPerSecond => m.Id.EndsWith("_bytes_per_s", StringComparison.Ordinal),
            Unit.PerSecond => m.Id.EndsWith("_per_s", StringComparison.Ordinal),
            Unit.Seconds => m.Id.EndsWith("_s", StringComparison.Ordinal),
            _ => true,
        },
        m.Id));

    [Theory]
    [MemberData(nameof(Lists))]
    public void Schema_lists_every_metric_that_json_has(string list)
    {
        using var stream = SchemaDocument.Open();
        using var schema = JsonDocument.Parse(stream);
        var definition = schema.RootElement.GetProperty("definitions").GetProperty(list);
        string[] beside = ["vcpus", "disks", "nics", "kvm", "libvirt", .. List(list)];
        var properties = definition.GetProperty("properties").EnumerateObject().Select(p => p.Name).Except(beside).ToList();
        var ids = Metrics(list).Where(m => !m.ScreenOnly).Select(m => m.Id).ToList();
        Assert.Equal(ids.Order(), properties.Order());
        Assert.All(definition.GetProperty("required").EnumerateArray().Select(r => r.GetString()!).Except(beside), r => Assert.Contains(r, ids));
    }

    [Fact]
    public void Default_columns_exist()
    {
        Assert.All(DefaultColumns.Vms, id => Assert.Contains(Catalog.VmMetrics, m => m.Id == id));
        Assert.All(DefaultColumns.Memory, id => Assert.Contains(Catalog.VmMetrics, m => m.Id == id));
        Assert.All(DefaultColumns.Vcpus, id => Assert.Contains(Catalog.VcpuMetrics, m => m.Id == id));
        Assert.All(DefaultColumns.Host, id => Assert.Contains(Catalog.HostMetrics, m => m.Id == id));
    }

    /// <summary>Fields that are no single figure.</summary>
    private static IEnumerable<string> List(string list) => list switch
    {
        "host" => ["hugepages"],
        "vm" => Catalog.VmMaps.Select(m => m.Id),
        _ => [],
    };

    private static List<Facts> Metrics(string list) => list switch
    {
        "host" => Facts.Of(Catalog.HostMetrics),
        "self" => Facts.Of(Catalog.SelfMetrics),
        "vm" => Facts.Of(Catalog.VmMetrics),
        "disk" => Facts.Of(Catalog.DiskMetrics),
        "nic" => Facts.Of(Catalog.NicMetrics),
        "domain" => Facts.Of(Catalog.DomainMetrics),
        _ => Facts.Of(Catalog.VcpuMetrics),
    };

    [GeneratedRegex("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    private static partial Regex SnakeCase();

    private sealed record Facts(string Id, string Title, string Help, string Source, Unit Unit, int Width, bool IsText, bool ScreenOnly, IReadOnlyList<Topic> Needs)
    {
        public static List<Facts> Of<TRow>(IEnumerable<Metric<TRow>> metrics) =>
            [.. metrics.Select(m => new Facts(m.Id, m.Title, m.Help, m.Source, m.Unit, m.Width, m.IsLeftAligned, m.ScreenOnly, m.Needs))];
    }
}
