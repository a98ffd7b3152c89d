using KvmTop.CommandLine;
using KvmTop.Configuration;

namespace KvmTop.Tests.App;

public sealed class CommandLineParserTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Parse_nothing_gives_the_defaults() => Assert.Equal(new Options(), Run("") with { Columns = new Options().Columns });

    [Fact]
    public void Parse_short_options_in_one_word_sets_each()
    {
        var options = Run("-bn3 -d 0.5");
        Assert.Equal((true, 3, 500), (options.Batch, options.Iterations, (int)options.Delay.TotalMilliseconds));
    }

    [Theory]
    [InlineData("--sort -name")]
    [InlineData("--sort=-name")]
    [InlineData("-b --sort -name -n 3")]
    public void Parse_value_with_minus_belongs_to_the_option(string line) => Assert.Equal("-name", Run(line).Sort);

    [Fact]
    public void Parse_value_like_a_response_file_is_a_text() => Assert.Equal("@web", Run("--filter @web").Filter);

    [Fact]
    public void Parse_option_twice_takes_the_last() => Assert.Equal(2, Run("-d 5 -d 2").Delay.TotalSeconds);

    [Fact]
    public void Parse_flag_false_overrides_the_environment() =>
        Assert.False(Run("--ascii=false", ("KVMTOP_ASCII", "true")).Ascii);

    [Fact]
    public void Parse_once_is_batch_with_one_iteration()
    {
        var options = Run("--once");
        Assert.Equal((true, 1), (options.Batch, options.Iterations));
    }

    [Fact]
    public void Parse_output_implies_batch() => Assert.True(Run("-o json").Batch);

    [Fact]
    public void Parse_output_from_environment_does_not_imply_batch() => Assert.False(Run("", ("KVMTOP_OUTPUT", "json")).Batch);

    [Theory]
    [InlineData("--delay fast", "--delay: expected a number of seconds from 0.1 to 3600, found \"fast\"")]
    [InlineData("--delay 0.09", "--delay: expected a number of seconds from 0.1 to 3600, found \"0.09\"")]
    [InlineData("-d NaN", "--delay: expected a number of seconds from 0.1 to 3600, found \"NaN\"")]
    [InlineData("-d -1", "--delay: expected a number of seconds from 0.1 to 3600, found \"-1\"")]
    [InlineData("-n 0", "--iterations: expected a whole number, 1 or more, found \"0\"")]
    [InlineData("-n 1.5", "--iterations: expected a whole number, 1 or more, found \"1.5\"")]
    [InlineData("-o xml", "--output: expected text, json or csv, found \"xml\"")]
    [InlineData("-o", "--output: expected text, json or csv, found nothing")]
    [InlineData("-d -b", "--delay: expected a number of seconds from 0.1 to 3600, found \"-b\"")]
    [InlineData("--dealy 3", "--dealy: unknown option; did you mean --delay?")]
    [InlineData("web", "web: expected an option, found a word")]
    [InlineData("--theme ../../etc/shadow", "--theme: expected the name of a theme: letters, digits, - and _, found \"../../etc/shadow\"")]
    [InlineData("--filter rdy>", "--filter: column 5: expected a value after >, found the end")]
    [InlineData("--root /nowhere/at/all", "--root: expected a directory that exists, found \"/nowhere/at/all\"")]
    [InlineData("--vms 3", "--vms: expected together with --demo")]
    [InlineData("--config /nowhere.json", "--config: /nowhere.json: no such file")]
    public void Parse_mistake_says_what_was_expected_and_exits_2(string line, string message)
    {
        var startup = Parse(line);
        Assert.Null(startup.Options);
        Assert.Equal(2, startup.ExitCode);
        Assert.Equal(message + "\nTry 'kvmtop --help'.\n", startup.Text);
    }

    [Fact]
    public void Parse_hostile_word_reaches_the_terminal_without_escapes() =>
        Assert.DoesNotContain(CommandLineParser.Parse(["\u001b[2J\u202e"], EnvironmentBlock.Empty, Files()).Text, c => c is '\u001b' or '\u202e');

    [Theory]
    [InlineData("KVMTOP_DELAY", "slow", "KVMTOP_DELAY: expected a number of seconds from 0.1 to 3600, found \"slow\"")]
    [InlineData("KVMTOP_DELAI", "1", "KVMTOP_DELAI: unknown environment variable; did you mean KVMTOP_DELAY?")]
    public void Parse_mistake_in_the_environment_names_the_variable(string name, string value, string message) =>
        Assert.StartsWith(message + "\n", Parse("", (name, value)).Text);

    [Fact]
    public void Parse_no_color_variable_turns_colours_off() => Assert.True(Run("", ("NO_COLOR", "1")).NoColor);

    [Fact]
    public void Parse_no_color_variable_yields_to_the_option() => Assert.False(Run("--no-color=false", ("NO_COLOR", "1")).NoColor);

    [Fact]
    public void Parse_empty_no_color_variable_counts_as_not_set() => Assert.False(Run("", ("NO_COLOR", "")).NoColor);

    [Theory]
    [InlineData("-h")]
    [InlineData("--help --delay fast")]
    [InlineData("--nonsense --help")]
    public void Parse_help_answers_whatever_else_is_wrong(string line)
    {
        var startup = Parse(line, ("KVMTOP_NONSENSE", "1"));
        Assert.Equal(0, startup.ExitCode);
        Assert.StartsWith("Usage: kvmtop", startup.Text);
    }

    [Fact]
    public void Parse_version_prints_name_and_number() => Assert.Matches(@"^kvmtop \d+\.\d+\.\d+\n$", Parse("-V").Text);

    [Fact]
    public void Parse_config_reads_that_file_only()
    {
        var user = _directory.File("user.json", """{ "ascii": true }""");
        var mine = _directory.File("mine.json", """{ "delay": 7 }""");
        var startup = CommandLineParser.Parse(["--config", mine], EnvironmentBlock.Empty, new ConfigurationFiles("/nowhere", user));
        Assert.Equal((7, false), (startup.Options!.Delay.TotalSeconds, startup.Options.Ascii));
        Assert.Equal(mine, startup.Files!.Writable);
    }

    [Fact]
    public void Help_keeps_to_80_columns() => Assert.All(HelpText.Create().Split('\n'), line => Assert.InRange(line.Length, 0, HelpText.Width));

    [Fact]
    public void Help_names_every_setting_with_option_variable_and_letter()
    {
        var help = HelpText.Create();
        Assert.All(Settings.All, s =>
        {
            Assert.Contains(s.Letter is { } l ? $"-{l}, {s.Option}" : $"      {s.Option}", help);
            Assert.Contains($"  {s.Variable} ", help);
        });
    }

    [Fact]
    public void Help_names_every_field_of_the_schema() =>
        Assert.All(["interval_s", "host.cpu_pct", "self.rss_bytes", "vms[].throttled_pct", "vms[].vcpus[].affinity", "sources[].duration_us"], f => Assert.Contains($"  {f} ", HelpText.Create()));

    private static ConfigurationFiles Files() => new("/nowhere/kvmtop.json", null);

    private static Startup Parse(string line, params (string Name, string Value)[] environment) => CommandLineParser.Parse(
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new EnvironmentBlock(environment.Select(e => KeyValuePair.Create(e.Name, e.Value))), Files());

    private static Options Run(string line, params (string Name, string Value)[] environment)
    {
        var startup = Parse(line, environment);
        Assert.True(startup.Options is not null, startup.Text);
        return startup.Options;
    }
}
