using KvmTop.Collectors;
using KvmTop.Text;

namespace KvmTop.Tests.App;

public sealed class FilterExpressionTests
{
    private static readonly TestRow[] s_rows =
    [
        new("db1", 612.3, 12.4, 64L << 30),
        new("web3", 88, 0.3, 8L << 30, 5L << 20),
        new("Web Server", 4, 6, 4L << 30, State: "paused", Pid: 12),
        new(null, double.NaN, double.NaN, 1L << 30, State: "off"),
    ];

    [Theory]
    [InlineData("web", "web3 Web Server")]
    [InlineData("web server", "Web Server")]
    [InlineData("'web server'", "Web Server")]
    [InlineData("rdy>5", "db1 Web Server")]
    [InlineData("RDY%>5", "db1 Web Server")]
    [InlineData("ready_pct > 5 %", null)]
    [InlineData("rdy>5 and mem>4G", "db1")]
    [InlineData("rdy>5,mem>4G", "db1")]
    [InlineData("mem>=4G", "db1 web3 Web Server")]
    [InlineData("mem<=4GiB", "Web Server ?")]
    [InlineData("mem=8192M", "web3")]
    [InlineData("name~WEB", "web3 Web Server")]
    [InlineData("name=DB1", "db1")]
    [InlineData("name!=db1", "web3 Web Server")]
    [InlineData("state=paused or state=off", "Web Server ?")]
    [InlineData("cpu>500 or name~web and cpu<10", "db1 Web Server")]
    [InlineData("cpu=612", "db1")]
    [InlineData("cpu=612.30", "db1")]
    [InlineData("cpu=612.4", "")]
    [InlineData("cpu!=4", "db1 web3")]
    [InlineData("cpu<1000", "db1 web3 Web Server")]
    [InlineData("pid~47", "db1 web3 ?")]
    [InlineData("pid=12", "Web Server")]
    [InlineData("wr>=5M/s", "web3")]
    [InlineData("exits>1k", "web3")]
    [InlineData("lat>2ms", "db1 web3 Web Server ?")]
    [InlineData("lat<2.1us", "")]
    [InlineData("name=\"Web Server\"", "Web Server")]
    [InlineData("cpu", "")]
    public void Matches_expression_selects_rows(string expression, string? expected)
    {
        if (expected is null)
        {
            Assert.False(FilterExpression.TryParse(expression, out _, out _));
            return;
        }

        Assert.True(FilterExpression.TryParse(expression, out var filter, out var error), error.ToString());
        var predicate = filter!.Bind(TestRow.Metrics, out error);
        Assert.True(predicate is not null, error.ToString());
        Assert.Equal(expected, string.Join(' ', s_rows.Where(predicate.Matches).Select(r => r.Name ?? "?")));
    }

    [Theory]
    [InlineData("", 0, "expected a text or a comparison such as rdy>5, found the end")]
    [InlineData("rdy>", 4, "expected a value after >, found the end")]
    [InlineData("rdy>>5", 4, "expected a value after >, found >")]
    [InlineData(">5", 0, "expected a text or a comparison such as rdy>5, found >")]
    [InlineData("rdy>5 cpu>3", 6, "expected and, or, or the end, found cpu")]
    [InlineData("rdy>5 and", 9, "expected a text or a comparison such as rdy>5, found the end")]
    [InlineData("name~\"web", 5, "expected a closing quote")]
    [InlineData("a b>3", 3, "expected one word before >")]
    [InlineData("rdy>fast", 4, "expected a number such as 5 or 5% for ready_pct, found \"fast\"")]
    [InlineData("mem>4X", 4, "expected a number of bytes such as 512M or 4G for mem_configured_bytes, found \"4X\"")]
    [InlineData("rdy>5,cqu>3", 6, "there is no column \"cqu\"")]
    [InlineData("s>3", 0, "\"s\" could be state, sparkline")]
    [InlineData("rdyy>5", 0, "there is no column \"rdyy\"")]
    public void TryParse_or_bind_mistake_has_a_position(string expression, int position, string message)
    {
        if (FilterExpression.TryParse(expression, out var filter, out var error))
        {
            Assert.Null(filter!.Bind(TestRow.Metrics, out error));
        }

        Assert.Equal(position, error.Position);
        Assert.StartsWith(message, error.Message);
    }

    [Fact]
    public void TryParse_any_text_never_throws()
    {
        var random = new Random(7);
        const string alphabet = "ab5 <>=!~,\"'.%GM\u001bandor\ud800";
        for (var i = 0; i < 20_000; i++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            if (FilterExpression.TryParse(text, out var filter, out var error))
            {
                filter!.Bind(TestRow.Metrics, out error)?.Matches(s_rows[0]);
            }

            Assert.InRange(error.Position, 0, text.Length);
        }
    }

    [Fact]
    public void TryParse_text_without_end_is_refused() => Assert.False(FilterExpression.TryParse(new string('a', 1001), out _, out _));

    [Fact]
    public void Matches_allocates_nothing()
    {
        Assert.True(FilterExpression.TryParse("rdy>5 and name~web or pid~471", out var filter, out _));
        var predicate = filter!.Bind(TestRow.Metrics, out _)!;
        Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run()
        {
            foreach (var row in s_rows)
            {
                predicate.Matches(row);
            }
        }
    }

    [Theory]
    [InlineData("cpu_pct", "db1 web3 Web Server ?")]
    [InlineData("-cpu_pct", "Web Server web3 db1 ?")]
    [InlineData("name", "db1 Web Server web3 ?")]
    [InlineData("-name", "web3 Web Server db1 ?")]
    public void Sort_puts_missing_last_in_either_direction(string text, string expected)
    {
        Assert.True(SortSpec.TryParse(text, out var spec));
        var metric = MetricNames.Find(TestRow.Metrics, spec.Column, out _)!;
        var rows = s_rows.OrderBy(metric.Get, Comparer<Figure>.Create((a, b) => spec.Compare(a, b, metric.Unit)));
        Assert.Equal(expected, string.Join(' ', rows.Select(r => r.Name ?? "?")));
        Assert.Equal(text, spec.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("a b")]
    public void Sort_text_that_is_no_column_is_refused(string text) => Assert.False(SortSpec.TryParse(text, out _));

    [Theory]
    [InlineData("", "name state cpu_pct ready_pct mem_configured_bytes write_bytes_per_s exits_per_s pid latency_s sparkline")]
    [InlineData("rd", "ready_pct")]
    [InlineData("name~web and c", "cpu_pct")]
    [InlineData("name~web,c", "cpu_pct")]
    [InlineData("name~web ", "and or")]
    [InlineData("name~web a", "and")]
    [InlineData("rdy>", "")]
    [InlineData("rdy>5", "")]
    public void Complete_filter_offers_what_fits(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', Completion.ForFilter(text, text.Length, TestRow.Metrics).Select(c => c.Text)));

    [Theory]
    [InlineData("de", "delay")]
    [InlineData("q", "quit")]
    [InlineData("theme n", "nord")]
    [InlineData("columns name,cp", "cpu_pct")]
    [InlineData("ascii ", "true false")]
    [InlineData("pin ", "")]
    public void Complete_command_offers_commands_settings_and_values(string text, string expected)
    {
        var values = new Dictionary<string, IReadOnlyList<string>> { ["theme"] = ["nord", "light"], ["columns"] = ["name", "cpu_pct"] };
        var found = Completion.ForCommand(text, text.Length, [new Candidate(0, "quit", "Leave.")], values);
        Assert.Equal(expected, string.Join(' ', found.Select(c => c.Text)));
        Assert.All(found, c => Assert.StartsWith(text[c.Start..], c.Text));
    }

    [Theory]
    [InlineData("vm sc", "screenshot")]
    [InlineData("fix ", "debugfs tracefs kvm-device kvm-group")]
    [InlineData("nested o", "on off")]
    [InlineData("vm stop web1 --", "--timeout")]
    [InlineData("vm nonsense ", "")]
    [InlineData("nonsense ", "")]
    public void Complete_command_offers_the_words_of_actions(string text, string expected)
    {
        var found = Completion.ForCommand(text, text.Length, [], new Dictionary<string, IReadOnlyList<string>>(), KvmTop.Screen.ActionKeys.After);
        Assert.Equal(expected, string.Join(' ', found.Select(c => c.Text)));
    }
}
