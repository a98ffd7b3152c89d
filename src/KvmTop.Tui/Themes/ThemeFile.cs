using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KvmTop.Tui;

/// <summary>
/// Reads a theme: a JSON object with "description", "palette" (names for colours), "roles", "gradients" and "surfaces", all optional. A role is a
/// colour with attributes ("#ff8800 bold"); a surface is "BACKGROUND", or "FOREGROUND on BACKGROUND" where it replaces the role's colour, with attributes; a
/// gradient is a list of 2 to 16 colours from low to high. What is missing follows its nearest relative (see <see cref="ThemeDefaults"/>).
/// Unknown keys are mistakes.
/// </summary>
public static class ThemeFile
{
    private const string ColorExpected = "a colour like \"#rrggbb\", \"red\" or \"default\"";
    private const string RoleExpected = ColorExpected + ", optionally followed by bold|dim|underline|reverse|italic";
    private const string SurfaceExpected = "a background colour like \"#rrggbb\", \"red\" or \"default\", optionally with \"COLOUR on \" before it and bold|dim|underline|reverse|italic after it";

    private static readonly string[] AnsiNames =
    [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
        "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
    ];

    private static readonly JsonDocumentOptions Relaxed = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 8 };

    /// <summary>Parses a theme; on a mistake the error names the key and what was expected.</summary>
    public static bool TryParse(string name, ReadOnlySpan<byte> json, out Theme? theme, out string? error)
    {
        theme = null;
        try
        {
            using var document = JsonDocument.Parse(json.ToArray(), Relaxed);
            (theme, error) = Build(name, document.RootElement);
        }
        catch (JsonException e)
        {
            error = string.Create(CultureInfo.InvariantCulture, $"line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}: not valid JSON");
        }
        catch (InvalidOperationException)
        {
            error = "a text is not valid UTF-8";
        }

        return theme is not null;
    }

    /// <summary>A key as it is written in a theme file: "BarIoWait" is "barIoWait".</summary>
    internal static string KeyOf(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static (Theme? Theme, string? Error) Build(string name, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return (null, "expected an object with \"roles\", \"gradients\" and \"surfaces\"");
        }

        var palette = new Dictionary<string, Color>(StringComparer.Ordinal);
        var (roles, gradients, surfaces) = (new Look?[Enum.GetValues<Role>().Length], new Color[Enum.GetValues<Gradient>().Length][], new Look?[Enum.GetValues<Surface>().Length]);

        // The palette first: the other parts use its names wherever it stands in the file.
        if (root.TryGetProperty("palette", out var colors) && ReadPalette(colors, palette) is { } mistake)
        {
            return (null, mistake);
        }

        foreach (var property in root.EnumerateObject())
        {
            var error = property.Name switch
            {
                "description" => property.Value.ValueKind == JsonValueKind.String ? null : "description: expected a text",
                "palette" => null,
                "roles" => ReadEach<Role>("roles", property.Value, (index, value) => (roles[index] = ParseRole(value, palette)) is null ? RoleExpected : null),
                "gradients" => ReadEach<Gradient>("gradients", property.Value, (index, value) => (gradients[index] = ParseGradient(value, palette)!) is null ? "a list of 2 to 16 colours" : null),
                "surfaces" => ReadEach<Surface>("surfaces", property.Value, (index, value) => (surfaces[index] = ParseSurface(value, palette)) is null ? SurfaceExpected : null),
                _ => $"{Shown(property.Name)}: unknown key, expected description, palette, roles, gradients or surfaces",
            };
            if (error is not null)
            {
                return (null, error);
            }
        }

        return (ThemeDefaults.Complete(name, roles, gradients, surfaces), null);
    }

    private static string? ReadPalette(JsonElement element, Dictionary<string, Color> palette)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return "palette: expected an object of names and colours";
        }

        foreach (var entry in element.EnumerateObject())
        {
            if (Text(entry.Value) is not { } text || ParseColor(text, palette) is not { } color)
            {
                return $"palette.{Shown(entry.Name)}: expected {ColorExpected}";
            }

            palette[entry.Name] = color;
        }

        return null;
    }

    private static string? ReadEach<TKey>(string part, JsonElement element, Func<int, JsonElement, string?> read)
        where TKey : struct, Enum
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return $"{part}: expected an object";
        }

        var names = Enum.GetNames<TKey>();
        foreach (var entry in element.EnumerateObject())
        {
            var index = Array.FindIndex(names, candidate => KeyOf(candidate) == entry.Name);
            if (index < 0)
            {
                return $"{part}.{Shown(entry.Name)}: unknown key, expected one of {string.Join(", ", names.Select(KeyOf))}";
            }

            if (read(index, entry.Value) is { } expected)
            {
                return $"{part}.{entry.Name}: expected {expected}";
            }
        }

        return null;
    }

    private static Look? ParseRole(JsonElement value, Dictionary<string, Color> palette)
    {
        return Text(value)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var first, .. var rest]
            && ParseColor(first, palette) is { } color && ParseAttributes(rest) is { } attributes
            ? new Look(color, Color.Default, attributes)
            : null;
    }

    private static Look? ParseSurface(JsonElement value, Dictionary<string, Color> palette)
    {
        var words = Text(value)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var (ink, behind, rest) = words switch
        {
            [var foreground, "on", var background, .. var more] => (ParseColor(foreground, palette), ParseColor(background, palette), more),
            [var background, .. var more] => (Color.Default, ParseColor(background, palette), more),
            _ => (null, (Color?)null, words),
        };
        return ink is { } f && behind is { } b && ParseAttributes(rest) is { } attributes ? new Look(f, b, attributes) : null;
    }

    private static Color[]? ParseGradient(JsonElement value, Dictionary<string, Color> palette)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is < 2 or > Style.GradientSteps)
        {
            return null;
        }

        var stops = new List<Color>();
        foreach (var item in value.EnumerateArray())
        {
            if (Text(item) is not { } text || ParseColor(text, palette) is not { } color)
            {
                return null;
            }

            stops.Add(color);
        }

        return ThemeDefaults.Spread(stops);
    }

    private static Color? ParseColor(string text, Dictionary<string, Color> palette)
    {
        if (palette.TryGetValue(text, out var named))
        {
            return named;
        }

        if (text == "default")
        {
            return Color.Default;
        }

        if (text.Length == 7 && text[0] == '#' && int.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rgb))
        {
            return new Color(rgb);
        }

        var ansi = Array.IndexOf(AnsiNames, text);
        return ansi >= 0 ? Color.Ansi(ansi) : null;
    }

    private static TextAttributes? ParseAttributes(string[] words)
    {
        var attributes = TextAttributes.None;
        foreach (var word in words)
        {
            TextAttributes? one = word switch
            {
                "bold" => TextAttributes.Bold,
                "dim" => TextAttributes.Dim,
                "underline" => TextAttributes.Underline,
                "reverse" => TextAttributes.Reverse,
                "italic" => TextAttributes.Italic,
                _ => null,
            };
            if (one is null)
            {
                return null;
            }

            attributes |= one.Value;
        }

        return attributes;
    }

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A key of the file as an error may repeat it: the file may be somebody else's.</summary>
    private static string Shown(string key)
    {
        var clean = new StringBuilder();
        foreach (var rune in key.EnumerateRunes())
        {
            if (clean.Length >= 40)
            {
                return clean.Append("..").ToString();
            }

            clean.Append(CellWidth.Of(rune) < 0 ? "?" : rune.ToString());
        }

        return clean.ToString();
    }
}
