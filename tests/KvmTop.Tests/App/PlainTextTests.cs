using System.Text;
using KvmTop.CommandLine;
using KvmTop.Configuration;
using KvmTop.Tests.Linux;

namespace KvmTop.Tests.App;

/// <summary>"Control characters in any message, whoever typed them": the last sieve before the standard streams.</summary>
public sealed class PlainTextTests
{
    [Theory]
    [InlineData("plain \u00b7 text\n\twith \u20ac, \ufb01 and \ud83d\ude00\n", "plain \u00b7 text\n\twith \u20ac, \ufb01 and \ud83d\ude00\n")]
    [InlineData("a\u001b]0;x\u0007b", "a?]0;x?b")]
    [InlineData("\u009b31m\u0085", "?31m?")]
    [InlineData("\u202eevil\u200b\u2066\ufeff", "?evil???")]
    [InlineData("\r\u007f\0", "???")]
    [InlineData("", "")]
    public void Of_hides_what_a_terminal_obeys(string text, string expected) => Assert.Equal(expected, Encoding.UTF8.GetString(PlainText.Of(Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Of_whatever_comes_lets_no_control_out() => Fuzz.NeverThrows(
        bytes => Assert.True(PlainText.Of(bytes).IndexOfAnyInRange((byte)0, (byte)8) < 0 && !PlainText.Of(bytes).Contains((byte)27)), "a\u001b[31m\u009b\u202e\n");

    [Theory]
    [InlineData("--config", "/no\u001b]0;x\u0007\nwhere.json")]
    [InlineData("--columns", "na\u001bme")]
    [InlineData("--\u001bx", "y")]
    public void Words_of_the_command_line_are_told_without_them(params string[] words) => Assert.DoesNotContain('\u001b', CommandLineParser.Parse(words, EnvironmentBlock.Empty, new("/nowhere", null)).Text);

    [Fact]
    public void Names_of_variables_are_told_without_them()
    {
        var text = CommandLineParser.Parse([], new EnvironmentBlock([KeyValuePair.Create("KVMTOP_\u001b[31mX", "1")]), new("/nowhere", null)).Text;
        Assert.StartsWith("KVMTOP_?[31mX: unknown environment variable", text, StringComparison.Ordinal);
    }
}
