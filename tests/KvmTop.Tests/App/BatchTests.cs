using System.Text;
using System.Text.Json;
using KvmTop.Batch;
using KvmTop.Collectors;

namespace KvmTop.Tests.App;

public sealed class BatchTests
{
    [Fact]
    public void Json_row_has_rounded_numbers_and_null_for_missing() => Assert.Equal(
        """{"name":null,"state":"running","cpu_pct":12.35,"ready_pct":0,"mem_configured_bytes":1073741825,"write_bytes_per_s":12,"exits_per_s":12.3,"pid":4711,"latency_s":0.0021}""",
        Json(new TestRow(null, 12.3456, -0.0, (1L << 30) + 0.7, 12.34)));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Json_number_that_json_cannot_write_is_null(double value) => Assert.Contains("\"cpu_pct\":null", Json(new TestRow("a", value, 0)));

    [Theory]
    [InlineData("\u001b[2J\n\"\\")]
    [InlineData("日本 😀")]
    [InlineData("lone \ud800 surrogate")]
    public void Json_hostile_text_is_one_line_of_valid_json(string name)
    {
        var json = Json(new TestRow(name, 1, 1));
        Assert.DoesNotContain(json, char.IsControl);
        using var document = JsonDocument.Parse(json);
        Assert.Equal(name.Replace('\ud800', '\ufffd').Replace("\ufffd\ude00", "\ud83d\ude00"), document.RootElement.GetProperty("name").GetString());
    }

    [Fact]
    public void Csv_header_has_leading_columns_then_ids()
    {
        var writer = new StringWriter();
        MetricCsv.WriteHeader(writer, TestRow.Metrics, "time", "interval_s");
        Assert.Equal("time,interval_s,name,state,cpu_pct,ready_pct,mem_configured_bytes,write_bytes_per_s,exits_per_s,pid,latency_s\n", writer.ToString());
    }

    [Theory]
    [InlineData("db1", "db1")]
    [InlineData(null, "")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0")]
    [InlineData("@SUM(1,2)", "\"'@SUM(1,2)\"")]
    [InlineData("-x", "'-x")]
    [InlineData("+1", "'+1")]
    [InlineData("two\nlines\r\u001b", "two?lines??")]
    [InlineData("\t=1", "?=1")]
    [InlineData(" padded ", "\" padded \"")]
    public void Csv_text_is_quoted_and_harmless(string? name, string expected)
    {
        var writer = new StringWriter();
        MetricCsv.WriteRow(writer, TestRow.Metrics, new TestRow(name, double.NaN, 1.5, 1e12), Figure.Of("t"), Figure.Of(1.001));
        Assert.Equal($"t,1,{expected},running,,1.5,1000000000000,12,12,4711,0.0021\n", writer.ToString());
    }

    [Fact]
    public void Csv_negative_number_is_not_taken_for_a_formula()
    {
        var writer = new StringWriter();
        MetricCsv.WriteRow(writer, [TestRow.Metrics[2]], new TestRow("a", -1.5, 0));
        Assert.Equal("-1.5\n", writer.ToString());
    }

    [Fact]
    public void Text_table_is_aligned()
    {
        var writer = new StringWriter();
        MetricText.Write(writer, [.. TestRow.Metrics.Take(4)], [new TestRow("db1", 612.3, 12.4), new TestRow("a-name-longer-than-its-column", 4, double.NaN)]);
        Assert.Equal(
            """
            NAME                          STATE      CPU%    RDY%
            db1                           running   612.3    12.4
            a-name-longer-than-its-column running     4.0       -

            """.ReplaceLineEndings("\n"),
            writer.ToString());
    }

    [Fact]
    public void Text_hostile_name_takes_one_line_and_40_cells()
    {
        var writer = new StringWriter();
        MetricText.Write(writer, [.. TestRow.Metrics.Take(2)], [new TestRow("\u001b[2J\n" + new string('x', 5000), 1, 1)]);
        var row = writer.ToString().Split('\n')[1];
        Assert.Equal("?[2J?" + new string('x', 34) + "+ running", row);
    }

    private static string Json(TestRow row)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            MetricJson.Write(writer, TestRow.Metrics, row);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
