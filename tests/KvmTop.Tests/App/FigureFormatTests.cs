using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using KvmTop.Collectors;
using KvmTop.Text;

namespace KvmTop.Tests.App;

public sealed class FigureFormatTests
{
    private const double KiB = 1024, MiB = KiB * 1024, GiB = MiB * 1024;

    [Theory]
    [InlineData(0, 6, "0")]
    [InlineData(0.04, 6, "0.0")]
    [InlineData(3.2, 6, "3.2")]
    [InlineData(12.44, 6, "12.4")]
    [InlineData(88, 6, "88.0")]
    [InlineData(99.96, 6, "100.0")]
    [InlineData(100, 6, "100")]
    [InlineData(612.3, 6, "612.3")]
    [InlineData(612.3, 4, "612")]
    [InlineData(1600, 6, "1600.0")]
    [InlineData(1234.5, 4, "1235")]
    [InlineData(12345, 4, "12k")]
    [InlineData(12345, 2, "9+")]
    [InlineData(612, 1, "+")]
    [InlineData(-3.2, 6, "-3.2")]
    [InlineData(-612, 2, "<0")]
    [InlineData(double.NaN, 6, "-")]
    [InlineData(double.PositiveInfinity, 5, "9999+")]
    [InlineData(5, 0, "")]
    public void Format_percent(double value, int width, string expected) => Assert.Equal(expected, Text(value, Unit.Percent, width));

    [Theory]
    [InlineData(0, 6, "0")]
    [InlineData(512, 6, "512B")]
    [InlineData(999, 6, "999B")]
    [InlineData(1000, 6, "1.0K")]
    [InlineData(1023, 6, "1.0K")]
    [InlineData(64 * MiB, 6, "64.0M")]
    [InlineData(1.2 * GiB, 6, "1.2G")]
    [InlineData(182 * GiB, 6, "182G")]
    [InlineData(64 * GiB, 4, "64G")]
    [InlineData(999.9 * MiB, 6, "1.0G")]
    [InlineData(99.97 * MiB, 6, "100M")]
    [InlineData(512, 3, "99+")]
    [InlineData(0x7fff_ffff_ffff_ffffL, 6, "8.0E")]
    public void Format_bytes(double value, int width, string expected) => Assert.Equal(expected, Text(value, Unit.Bytes, width));

    [Theory]
    [InlineData(4, "4")]
    [InlineData(0.4, "0.4")]
    [InlineData(340, "340")]
    [InlineData(1200, "1.2k")]
    [InlineData(84000, "84k")]
    [InlineData(999_600, "1.0M")]
    public void Format_things_per_second(double value, string expected) => Assert.Equal(expected, Text(value, Unit.PerSecond, 6));

    [Theory]
    [InlineData(12 * MiB, "12M")]
    [InlineData(3 * MiB, "3.0M")]
    [InlineData(80 * KiB, "80K")]
    public void Format_bytes_per_second(double value, string expected) => Assert.Equal(expected, Text(value, Unit.BytesPerSecond, 6));

    [Theory]
    [InlineData(0.0004, "0.4ms")]
    [InlineData(0.0021, "2.1ms")]
    [InlineData(0.000085, "85us")]
    [InlineData(3, "3s")]
    [InlineData(59.7, "1.0m")]
    [InlineData(7200, "2h")]
    [InlineData(86400 * 3, "3d")]
    [InlineData(8e-7, "800ns")]
    public void Format_seconds(double value, string expected) => Assert.Equal(expected, Text(value, Unit.Seconds, 6));

    [Theory]
    [InlineData(4711, 7, "4711")]
    [InlineData(4194304, 7, "4194304")]
    [InlineData(4194304, 6, "4.2M")]
    public void Format_count_keeps_its_digits_while_they_fit(double value, int width, string expected) => Assert.Equal(expected, Text(value, Unit.Count, width));

    [Theory]
    [InlineData(1.25, "1.25")]
    [InlineData(123.45, "123.5")]
    public void Format_number(double value, string expected) => Assert.Equal(expected, Text(value, Unit.Number, 6));

    [Theory]
    [InlineData("db1", 10, "db1")]
    [InlineData("a-very-long-name", 6, "a-ver+")]
    [InlineData("\u001b[31mred", 10, "?[31mred")]
    [InlineData("x\u202ey", 10, "x?y")]
    [InlineData("", 5, "")]
    public void Format_text_is_cut_and_cleaned(string text, int width, string expected) => Assert.Equal(expected, FigureFormat.ToText(Figure.Of(text), Unit.Text, width));

    [Fact]
    public void Format_missing_figure_is_a_dash() => Assert.Equal("-", FigureFormat.ToText(Figure.Missing("needs root"), Unit.Bytes));

    [Fact]
    public void Format_combining_marks_without_end_stay_within_the_target() =>
        Assert.InRange(FigureFormat.Format(new char[8], Figure.Of("e" + new string('\u0301', 4000)), Unit.Text, 8), 0, 8);

    [Fact]
    public void Format_allocates_nothing()
    {
        var target = new char[8];
        var values = new[] { 0, 3.2, 612.3, 84000, 1.2e9, double.NaN };
        Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run()
        {
            foreach (var unit in s_units)
            {
                foreach (var value in values)
                {
                    FigureFormat.Format(target, value, unit, 6);
                }
            }
        }
    }

    [Fact]
    public void Format_any_value_fits_and_tells_the_truth()
    {
        var values = Gen.Choose(-12, 19).SelectMany(e => Gen.Choose(1, 999_999).Select(m => m / 1e5 * Math.Pow(10, e)));
        var cases = Gen.Elements(s_units).SelectMany(unit => Gen.Choose(1, 12).SelectMany(width => values.Select(value => (unit, width, value))));
        Prop.ForAll(Arb.From(cases), c => Check(c.value, c.unit, c.width)).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
    }

    private static readonly Unit[] s_units = Enum.GetValues<Unit>();

    private static void Check(double value, Unit unit, int width)
    {
        var text = Text(value, unit, width);
        Assert.InRange(text.Length, 1, width);
        if (text.EndsWith('+'))
        {
            Assert.True(text.Length == 1 || value > double.Parse(text[..^1], CultureInfo.InvariantCulture), $"{value} {unit} is not more than {text}");
            return;
        }

        var letters = text.Length;
        while (letters > 0 && char.IsLetter(text[letters - 1]))
        {
            letters--;
        }

        var factor = Factor(text[letters..], unit);
        var point = text.IndexOf('.');
        var lastDigit = factor * (point < 0 ? 1 : Math.Pow(10, -(letters - point - 1)));
        var shown = double.Parse(text[..letters], CultureInfo.InvariantCulture) * factor;
        Assert.True(Math.Abs(shown - value) <= (lastDigit * 0.5000001) + (value * 1e-12), $"{value} {unit} in {width} became {text}");
    }

    private static double Factor(string suffix, Unit unit) => unit switch
    {
        Unit.Seconds or Unit.Latency => suffix switch { "ns" => 1e-9, "us" => 1e-6, "ms" => 1e-3, "m" => 60, "h" => 3600, "d" => 86400, _ => 1 },
        Unit.Bytes or Unit.BytesPerSecond => Math.Pow(1024, Math.Max(0, "BKMGTPE".IndexOf(suffix, StringComparison.Ordinal))),
        _ => Math.Pow(1000, " kMGTPE".IndexOf(suffix.Length == 0 ? " " : suffix, StringComparison.Ordinal)),
    };

    private static string Text(double value, Unit unit, int width)
    {
        var target = new char[16];
        return new string(target, 0, FigureFormat.Format(target, value, unit, width));
    }
}
