using System.Text.RegularExpressions;
using KvmTop.Actions;
using KvmTop.CommandLine.Subcommands;
using KvmTop.Tests.Linux;

namespace KvmTop.Tests.Packaging;

/// <summary>The man page, the completions and the README know exactly the commands that the program has.</summary>
public sealed partial class CommandListTests
{
    private static readonly string s_root = Path.Combine(TestHost.FixturePath(""), "..", "..");

    // What is no action, as one word; of actions the whole name.
    private static readonly string[] s_commands =
    [
        .. SubcommandCatalog.All.Where(c => c is not ActionCommand).Select(c => c.Name).Concat(ActionCatalog.All.Select(a => a.Name)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The completion of each shell.</summary>
    public static TheoryData<string> Completions { get; } = ["kvmtop.bash", "_kvmtop", "kvmtop.fish"];

    [Theory]
    [MemberData(nameof(Completions))]
    public void Completion_lists_exactly_the_commands(string file) => Assert.Equal(s_commands, Table(file).Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Completions))]
    public void Completion_offers_exactly_the_words_of_every_action(string file)
    {
        var table = Table(file);
        Assert.All(ActionCatalog.All, a => Assert.Equal(a.Completions.Order(StringComparer.Ordinal), table[a.Name].Order(StringComparer.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Completions))]
    public void Completion_offers_only_options_that_a_subcommand_has(string file)
    {
        var table = Table(file);
        Assert.All(SubcommandCatalog.All.Where(c => c is not ActionCommand), c => Assert.All(table[c.Name], w => Assert.Contains(w, c.Help)));
    }

    [Theory]
    [MemberData(nameof(Completions))]
    public void Completion_offers_what_all_actions_have_in_common(string file) =>
        Assert.All(CommonOption().Matches(ActionRun.OptionsHelp).Select(m => m.Value.Trim()), o => Assert.Contains(o, CommonWords().Match(Read("packaging", "completions", file)).Value));

    [Fact]
    public void Fish_completion_describes_every_first_word()
    {
        var found = FishCommand().Matches(Read("packaging", "completions", "kvmtop.fish")).Select(m => m.Groups["name"].Value);
        Assert.Equal(SubcommandCatalog.All.Select(c => c.Name).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Man_page_lists_exactly_the_commands() =>
        Assert.Equal(s_commands, ManCommand().Matches(ManCommands()).Select(m => m.Groups["name"].Value).Order(StringComparer.Ordinal));

    [Fact]
    public void Man_page_has_the_usage_of_every_action_and_what_it_writes()
    {
        var plain = Font().Replace(ManCommands(), "");
        Assert.All(ActionCatalog.All, a =>
        {
            var writes = a.Writes == "nothing" ? "" : $"Writes: {a.Writes}.\n";
            Assert.Contains($".TP\n{$"{a.Name} {a.Usage}".TrimEnd()}\n{a.Summary}\n{writes}", plain);
        });
    }

    [Fact]
    public void Readme_has_every_action()
    {
        var text = Read("README.md");
        var section = text[text.IndexOf("## Actions", StringComparison.Ordinal)..text.IndexOf("## QEMU's monitors", StringComparison.Ordinal)];
        Assert.All(ActionCatalog.All, a => Assert.Matches($@"(?m)^\| .*`{Regex.Escape(a.Name)}[ `].*\| {(a.Key is { } key ? $"`{key}`" : "")} ?\|", section));
    }

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([s_root, .. path]));

    private static string ManCommands()
    {
        var text = Read("packaging", "man", "kvmtop.1");
        return text[text.IndexOf(".SH COMMANDS", StringComparison.Ordinal)..text.IndexOf(".SH OPTIONS", StringComparison.Ordinal)].Replace("\\-", "-", StringComparison.Ordinal);
    }

    private static Dictionary<string, string[]> Table(string file) =>
        Command().Matches(Read("packaging", "completions", file)).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["words"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"^(?<name>[a-z][a-z-]*( [a-z-]+)?):(?<words>( \S+)*)$", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"^complete -c kvmtop -n __kvmtop_first -a (?<name>[a-z-]+) ", RegexOptions.Multiline)]
    private static partial Regex FishCommand();

    [GeneratedRegex(@"(?<=^\.TP\n)\\fB(?<name>[a-z -]+)\\fR", RegexOptions.Multiline)]
    private static partial Regex ManCommand();

    [GeneratedRegex(@"\\f[BIR]")]
    private static partial Regex Font();

    [GeneratedRegex(@"^  --?[a-z-]+", RegexOptions.Multiline)]
    private static partial Regex CommonOption();

    [GeneratedRegex(@"--dry-run --yes[^""']*")]
    private static partial Regex CommonWords();
}
