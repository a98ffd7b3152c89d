using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Screen;

/// <summary>Colours, characters and themes as the operator asked for them.</summary>
public sealed class LooksTests
{
    [Theory]
    [InlineData("NO_COLOR", "1", "-d=0.2")]
    [InlineData("X", "", "--no-color")]
    public void No_color_draws_without_any_colour(string variable, string value, string option)
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 40, new Dictionary<string, string> { [variable] = value }, "--demo", option);
        session.WaitFor("db-primary");

        var sequences = Sequences(session.Capture(withEscapes: true)).Where(s => s.Length > 0 && s.Split(';').Any(IsColour));

        Assert.Empty(sequences);
    }

    [Theory]
    [InlineData("--ascii", "C.UTF-8")]
    [InlineData("--ascii=false", "C")]
    public void Ascii_is_all_that_is_drawn_when_asked_for_or_when_the_locale_has_no_more(string option, string locale)
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(160, 44, new Dictionary<string, string> { ["LANG"] = locale, ["LC_ALL"] = locale }, "--demo", "-d", "0.2", option);
        session.WaitFor("db-primary");
        foreach (var (key, text) in new[] { ("F5", "vcpu 0"), ("2", "AFFINITY"), ("7", "CPU"), ("9", "TOOK"), ("F1", "help") })
        {
            session.SendKeys(key);
            var screen = session.WaitFor(text);
            Assert.DoesNotContain(screen, c => c > 126);
            // A character that the program meant and the terminal could not show comes out as "?": only the help may ask.
            if (key is "F5") Assert.DoesNotContain("? vcpu", screen, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("light")]
    [InlineData("high-contrast")]
    public void Theme_of_the_command_line_is_drawn_with_other_colours_than_the_default(string theme)
    {
        using var workplace = new Workplace();

        Assert.NotEqual(ColoursOf(workplace, "kvmtop"), ColoursOf(workplace, theme));
    }

    [Fact]
    public void Unknown_theme_is_named_with_exit_2()
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 30, "--demo", "--theme", "nosuch");

        Assert.Equal(2, session.WaitForEnd());
        Assert.Contains("nosuch", session.Capture(), StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_theme_file_is_named_with_its_key_and_exit_2()
    {
        using var workplace = new Workplace();
        workplace.Write("themes/mine.json", """{ "roles": { "text": "no-such-colour" } }""");
        using var session = workplace.Start(160, 30, "--demo", "--theme", "mine");

        Assert.Equal(2, session.WaitForEnd());
        var screen = session.Capture().Replace("\n", "", StringComparison.Ordinal);
        Assert.Contains("themes/mine.json", screen, StringComparison.Ordinal);
        Assert.Contains("roles.text: expected", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_configuration_file_is_named_with_its_key_and_exit_2()
    {
        using var workplace = new Workplace();
        var file = workplace.Write("kvmtop.json", """{ "delay": "soon" }""");

        var result = KvmTopProgram.Run(["--demo", "-b", "-n", "1"], null, workplace.Environment.ToDictionary(p => p.Key, p => (string?)p.Value));

        Assert.Equal((2, ""), (result.ExitCode, result.Stdout));
        Assert.Contains(file, result.Stderr, StringComparison.Ordinal);
        Assert.Contains("delay", result.Stderr, StringComparison.Ordinal);
        Assert.Contains("soon", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void Theme_that_breaks_while_running_keeps_the_last_good_one_and_does_not_block_the_others()
    {
        using var workplace = new Workplace();
        // Next to the default one in the order of the key c.
        var file = workplace.Write("themes/a-mine.json", """{ "roles": { "text": "#ff0000" } }""");
        using var session = workplace.Start(160, 44, "--demo", "-d", "0.2");
        session.WaitFor("db-primary");
        File.WriteAllText(file, "{ \"roles\": ");

        session.SendKeys("c");

        session.WaitFor("a-mine.json");
        Assert.False(session.HasEnded);
        Assert.Contains("db-primary", session.Capture(), StringComparison.Ordinal);
        session.SendKeys("c");
        session.WaitFor("Theme ");
    }

    private static string ColoursOf(Workplace workplace, string theme)
    {
        using var session = workplace.Start(120, 30, "--demo", "-d", "0.2", "--theme", theme);
        session.WaitFor("db-primary");
        return string.Join(' ', Sequences(session.Capture(withEscapes: true)).Distinct().Order());
    }

    private static IEnumerable<string> Sequences(string screen) =>
        screen.Split("\x1b[").Skip(1).Where(s => s.Contains('m', StringComparison.Ordinal)).Select(s => s[..s.IndexOf('m', StringComparison.Ordinal)]);

    // 39 and 49 are the terminal's own.
    private static bool IsColour(string parameter) => int.TryParse(parameter, out var n) && n is (>= 30 and <= 38) or (>= 40 and <= 48) or (>= 90 and <= 107);
}
