using System.Text;
using KvmTop.Screen;
using KvmTop.Tui;

namespace KvmTop.Tests.Tui;

public sealed class ThemeTests
{
    public static TheoryData<string> Shipped() => new(ThemeCatalog.ShippedNames);

    [Theory]
    [InlineData("""{"roles":{"warn":"bleu"}}""", "roles.warn: expected a colour like \"#rrggbb\", \"red\" or \"default\", optionally followed by bold|dim|underline|reverse|italic")]
    [InlineData("""{"roles":{"warn":"#12345"}}""", "roles.warn: expected a colour")]
    [InlineData("""{"roles":{"warn":"red blinking"}}""", "roles.warn: expected a colour")]
    [InlineData("""{"roles":{"warn":7}}""", "roles.warn: expected a colour")]
    [InlineData("""{"roles":{"warning":"red"}}""", "roles.warning: unknown key, expected one of text, dim,")]
    [InlineData("""{"roles":[]}""", "roles: expected an object")]
    [InlineData("""{"gradients":{"cpu":["red"]}}""", "gradients.cpu: expected a list of 2 to 16 colours")]
    [InlineData("""{"gradients":{"cpu":["red","nope"]}}""", "gradients.cpu: expected a list of 2 to 16 colours")]
    [InlineData("""{"surfaces":{"popup":"red on"}}""", "surfaces.popup: expected a background colour")]
    [InlineData("""{"palette":{"x":"y"}}""", "palette.x: expected a colour")]
    [InlineData("""{"colours":{}}""", "colours: unknown key")]
    [InlineData("""{"description":1}""", "description: expected a text")]
    [InlineData("""[]""", "expected an object")]
    [InlineData("{\n\"roles\": {,}", "line 2, column")]
    [InlineData("", "line 1, column")]
    public void TryParse_mistake_names_key_and_expectation(string json, string expected)
    {
        Assert.False(ThemeFile.TryParse("x", Encoding.UTF8.GetBytes(json), out var theme, out var error));
        Assert.Null(theme);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_hostile_bytes_never_throw()
    {
        var random = new Random(7);
        var good = Encoding.UTF8.GetBytes("""{"palette":{"a":"#010203"},"roles":{"warn":"a bold"},"gradients":{"cpu":["red","a"]},"surfaces":{"popup":"a on red"}}""");
        for (var i = 0; i < 5000; i++)
        {
            var bytes = (byte[])good.Clone();
            for (var j = random.Next(1, 6); j > 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Assert.NotEqual(ThemeFile.TryParse("x", bytes, out _, out var error), error is not null);
        }
    }

    [Fact]
    public void TryParse_unknown_key_with_escape_sequence_is_cleaned()
    {
        ThemeFile.TryParse("x", "{\"\\u001b[31m\":1}"u8, out _, out var error);
        Assert.StartsWith("?[31m: unknown key", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_palette_role_and_surface_resolve()
    {
        var theme = Parse("""{"palette":{"sand":"#ffd7af"},"roles":{"warn":"sand bold italic"},"surfaces":{"normal":"#101010","selected":"sand on blue underline"}}""");
        Assert.Equal(new Look(new(0xffd7af), new(0x101010), TextAttributes.Bold | TextAttributes.Italic), theme.Resolve(Role.Warn));
        Assert.Equal(new Look(new(0xffd7af), Color.Ansi(4), TextAttributes.Bold | TextAttributes.Underline), theme.Resolve(new Style(Role.Critical, Surface.Selected)));
    }

    [Fact]
    public void TryParse_gradient_mixes_between_stops()
    {
        var theme = Parse("""{"gradients":{"io":["#000000","#f00000"]}}""");
        Assert.Equal(0x000000, theme.Resolve(Style.Of(Gradient.Io, 0)).Foreground.Value);
        Assert.Equal(0x800000, theme.Resolve(Style.Of(Gradient.Io, 0.5)).Foreground.Value);
        Assert.Equal(0xf00000, theme.Resolve(Style.Of(Gradient.Io, 1)).Foreground.Value);
    }

    [Fact]
    public void TryParse_empty_theme_shows_selection_and_critical()
    {
        var theme = Parse("{}");
        Assert.True(theme.Resolve(new Style(Role.Text, Surface.Selected)).Attributes.HasFlag(TextAttributes.Reverse));
        Assert.True(theme.Resolve(Role.Critical).Attributes.HasFlag(TextAttributes.Bold));
    }

    [Fact]
    public void ShippedNames_hold_eight_with_the_default_first()
    {
        Assert.True(ThemeCatalog.ShippedNames.Count >= 8);
        Assert.Equal(ThemeCatalog.DefaultName, ThemeCatalog.ShippedNames[0]);
    }

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Shipped_theme_is_readable_on_256_colours(string name)
    {
        var resolver = new StyleResolver(Load(name), 256);
        foreach (var role in Enum.GetValues<Role>())
        {
            // Frames and empty bars are there to recede.
            var least = role switch { Role.Text or Role.Strong => 4.5, Role.Border or Role.BarEmpty => 1.25, _ => 3.0 };
            Assert.True(ContrastOf(resolver, role) >= least, $"{name} {role}: {ContrastOf(resolver, role):0.00}");
        }

        foreach (var surface in Enum.GetValues<Surface>())
        {
            foreach (var role in (ReadOnlySpan<Role>)[Role.Text, Role.Strong, Role.Key, Role.KeyLabel, Role.Heading, Role.HeadingSorted, Role.Title])
            {
                Assert.True(ContrastOf(resolver, new Style(role, surface)) >= (role == Role.Text ? 4.5 : 3), $"{name} {role} on {surface}: {ContrastOf(resolver, new Style(role, surface)):0.00}");
            }
        }

        foreach (var gradient in Enum.GetValues<Gradient>())
        {
            for (var step = 0; step < Style.GradientSteps; step++)
            {
                var style = Style.Of(gradient, (step + 0.5) / Style.GradientSteps);
                Assert.True(ContrastOf(resolver, style) >= 3, $"{name} {gradient} {step}: {ContrastOf(resolver, style):0.00}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Shipped_theme_sets_cursor_and_severity_apart_at_every_depth(string name)
    {
        foreach (var colors in (ReadOnlySpan<int>)[0, 8, 16, 256])
        {
            var resolver = new StyleResolver(Load(name), colors);
            var text = resolver.Resolve(Role.Text);
            var selected = resolver.Resolve(new Style(Role.Text, Surface.Selected));
            Assert.True(selected.Background != text.Background || selected.Attributes.HasFlag(TextAttributes.Reverse), $"{name} {colors}: selection");
            Assert.True(resolver.Resolve(Role.Critical).Attributes.HasFlag(TextAttributes.Bold), $"{name} {colors}: critical without its colour");
            Assert.NotEqual(text, resolver.Resolve(Role.Critical));
            Assert.NotEqual(resolver.Resolve(Role.Good), resolver.Resolve(Role.Critical));
            foreach (var surface in Enum.GetValues<Surface>())
            {
                foreach (var role in Enum.GetValues<Role>())
                {
                    var look = resolver.Resolve(new Style(role, surface));
                    Assert.True(look.Foreground < 0 || look.Foreground != look.Background, $"{name} {colors}: {role} on {surface} is invisible");
                }
            }
        }
    }

    [Fact]
    public void Shipped_themes_differ_from_each_other()
    {
        var looks = ThemeCatalog.ShippedNames.Select(name =>
        {
            var resolver = new StyleResolver(Load(name), 256);
            return string.Join(';', Enum.GetValues<Role>().Select(role => resolver.Resolve(role)));
        });
        Assert.Equal(ThemeCatalog.ShippedNames.Count, looks.Distinct().Count());
    }

    [Fact]
    public void Resolve_without_colours_sends_attributes_only()
    {
        var resolver = new StyleResolver(ThemeCatalog.Default, 0);
        Assert.Equal(new TerminalLook(-1, -1, TextAttributes.Bold | TextAttributes.Underline), resolver.Resolve(Role.Critical));
    }

    [Fact]
    public void TryLoad_directory_overrides_shipped_and_mistake_names_the_file()
    {
        var directory = Directory.CreateTempSubdirectory("kvmtop-themes").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "night.json"), """{"roles":{"text":"#010203"}}""");
            File.WriteAllText(Path.Combine(directory, "mine.json"), """{"roles":{"text":"nope"}}""");
            Assert.True(ThemeCatalog.TryLoad("night", [directory], Themes.Read, out var theme, out _));
            Assert.Equal(0x010203, theme!.Resolve(Role.Text).Foreground.Value);
            Assert.Contains("mine", ThemeCatalog.Names([directory]));
            Assert.False(ThemeCatalog.TryLoad("mine", [directory], Themes.Read, out _, out var error));
            Assert.StartsWith(Path.Combine(directory, "mine.json") + ": roles.text: expected", error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    [Theory]
    [InlineData("../kvmtop")]
    [InlineData("")]
    [InlineData("no-such")]
    public void TryLoad_unknown_or_unsafe_name_fails_with_reason(string name)
    {
        Assert.False(ThemeCatalog.TryLoad(name, ["/nonexistent"], Themes.Read, out _, out var error));
        Assert.NotEmpty(error!);
    }

    [Theory]
    [InlineData(0x5fd7af, 256, 79)]
    [InlineData(0xff0000, 256, 196)]
    [InlineData(0x121212, 256, 233)]
    [InlineData(0x5fd7af, 8, 6)]
    [InlineData(0x87d787, 8, 2)]
    [InlineData(0xff5f5f, 16, 9)]
    [InlineData(0x121212, 16, 0)]
    [InlineData(0x767676, 16, 8)]
    [InlineData(0xffffff, 8, 7)]
    [InlineData(0xffffff, 0, -1)]
    public void Nearest_keeps_hue(int rgb, int colors, int expected) => Assert.Equal(expected, Palette.Nearest(new Color(rgb), colors));

    private static double ContrastOf(StyleResolver resolver, Style style)
    {
        var look = resolver.Resolve(style);
        if (look.Foreground < 0 || look.Background < 0)
        {
            // The user's own colours: on the commonest background the named ones are readable, and nothing else is promised.
            return 21;
        }

        return Palette.Contrast(Palette.Rgb(look.Foreground), Palette.Rgb(look.Background));
    }

    private static Theme Load(string name)
    {
        Assert.True(ThemeCatalog.TryLoad(name, [], Themes.Read, out var theme, out var error), error);
        return theme!;
    }

    private static Theme Parse(string json)
    {
        Assert.True(ThemeFile.TryParse("x", Encoding.UTF8.GetBytes(json), out var theme, out var error), error);
        return theme!;
    }
}
