using System.Text.RegularExpressions;
using KvmTop.Configuration;
using KvmTop.Tests.Linux;

namespace KvmTop.Tests.Packaging;

/// <summary>The man page and the completions know exactly the options that the program has.</summary>
public sealed partial class OptionListTests
{
    private static readonly string s_packaging = Path.Combine(TestHost.FixturePath(""), "..", "..", "packaging");

    private static readonly string[] s_options =
    [
        .. Settings.All.Where(s => s.Scope.HasFlag(SettingScope.CommandLine)).Select(s => Describe(s.Letter, s.Id)).Append("-V --version").Append("-h --help").Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void Man_page_lists_exactly_the_options()
    {
        var text = File.ReadAllText(Path.Combine(s_packaging, "man", "kvmtop.1"));
        var section = text[text.IndexOf(".SH OPTIONS", StringComparison.Ordinal)..text.IndexOf(".SH KEYS", StringComparison.Ordinal)].Replace("\\-", "-");
        Assert.Equal(s_options, Found(ManOption().Matches(section)));
    }

    [Fact]
    public void Bash_completion_lists_exactly_the_options()
    {
        var text = File.ReadAllText(Path.Combine(s_packaging, "completions", "kvmtop.bash"));
        var start = text.IndexOf("local options=\"", StringComparison.Ordinal);
        Assert.Equal(s_options, Found(BashOption().Matches(text[start..text.IndexOf("\n    \"", start, StringComparison.Ordinal)])));
    }

    [Fact]
    public void Fish_completion_lists_exactly_the_options() =>
        Assert.Equal(s_options, Found(FishOption().Matches(File.ReadAllText(Path.Combine(s_packaging, "completions", "kvmtop.fish")))));

    [Fact]
    public void Zsh_completion_lists_exactly_the_options() =>
        Assert.Equal(s_options, Found(ZshOption().Matches(File.ReadAllText(Path.Combine(s_packaging, "completions", "_kvmtop")))));

    [Theory]
    [InlineData("completions/kvmtop.bash")]
    [InlineData("completions/kvmtop.fish")]
    [InlineData("completions/_kvmtop")]
    public void Completion_offers_the_words_of_every_choice(string file)
    {
        var text = File.ReadAllText(Path.Combine(s_packaging, file));
        Assert.All(Settings.All.Where(s => s.Kind == SettingKind.Choice), s => Assert.Contains(string.Join(' ', s.Allowed), text));
    }

    private static string Describe(char? letter, string id) => letter is { } l ? $"-{l} --{id}" : $"--{id}";

    private static IEnumerable<string> Found(MatchCollection matches) =>
        matches.Select(m => Describe(m.Groups["letter"].Success ? m.Groups["letter"].Value[0] : null, m.Groups["id"].Value)).Order(StringComparer.Ordinal);

    [GeneratedRegex("""(?<=^\.TP\n)\.BR? (-(?<letter>\w) ", " )?--(?<id>[a-z.-]+)""", RegexOptions.Multiline)]
    private static partial Regex ManOption();

    [GeneratedRegex(@"^ +(-(?<letter>\w) )?--(?<id>[a-z.-]+)$", RegexOptions.Multiline)]
    private static partial Regex BashOption();

    [GeneratedRegex(@"^complete -c kvmtop (-s (?<letter>\w) )?-l (?<id>[a-z.-]+) ", RegexOptions.Multiline)]
    private static partial Regex FishOption();

    [GeneratedRegex(@"^  '(\([^)]*\)'\{-(?<letter>\w),)?--(?<id>[a-z.-]+)(\}'|\[)", RegexOptions.Multiline)]
    private static partial Regex ZshOption();
}
