using KvmTop.Linux;

namespace KvmTop.Configuration;

/// <summary>Of what type a setting's value is: decides the editor in the setup screen and the JSON type.</summary>
public enum SettingKind
{
    /// <summary>true or false.</summary>
    Flag,

    /// <summary>A whole number in a range.</summary>
    Integer,

    /// <summary>A number in a range.</summary>
    Number,

    /// <summary>One of <see cref="Setting.Allowed"/>.</summary>
    Choice,

    /// <summary>Free text with a rule of its own.</summary>
    Text,

    /// <summary>A directory that exists.</summary>
    Directory,

    /// <summary>A file.</summary>
    File,

    /// <summary>Names with commas between them.</summary>
    List,
}

/// <summary>Where a setting may be given.</summary>
[Flags]
public enum SettingScope
{
    /// <summary>As an option.</summary>
    CommandLine = 1,

    /// <summary>As an environment variable.</summary>
    Environment = 2,

    /// <summary>As a key of a configuration file.</summary>
    File = 4,

    /// <summary>For one run: options and environment.</summary>
    Run = CommandLine | Environment,

    /// <summary>Everywhere.</summary>
    All = Run | File,
}

/// <summary>
/// One setting, declared once: option, environment variable, configuration key, help and setup screen all come from it.
/// </summary>
public sealed class Setting
{
    /// <summary>Option without its dashes, and key in the configuration files.</summary>
    public required string Id { get; init; }

    /// <summary>One-letter option without its dash, or null.</summary>
    public char? Letter { get; init; }

    /// <summary>Heading under which <c>--help</c> and the setup screen list it.</summary>
    public required string Group { get; init; }

    /// <summary>One sentence for the help.</summary>
    public required string Help { get; init; }

    /// <summary>Type of the value.</summary>
    public required SettingKind Kind { get; init; }

    /// <summary>What the help calls the value; empty for a flag.</summary>
    public string ValueName { get; init; } = "";

    /// <summary>The smallest number.</summary>
    public double Minimum { get; init; }

    /// <summary>The largest number.</summary>
    public double Maximum { get; init; }

    /// <summary>The words of a choice.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];

    /// <summary>Where it may be given.</summary>
    public SettingScope Scope { get; init; } = SettingScope.All;

    /// <summary>Offered by the setup screen and by the <c>:</c> line.</summary>
    public bool InSetup { get; init; }

    /// <summary>What is expected, for messages: "a number of seconds from 0.1 to 3600".</summary>
    public required string Expected { get; init; }

    /// <summary>Sets a checked text in a copy of the options; null when the text is not what is expected.</summary>
    public required Func<Options, string, Options?> Set { get; init; }

    /// <summary>The value in the options as text; empty when not set.</summary>
    public required Func<Options, string> Get { get; init; }

    /// <summary>Says more about a text that was refused, or null when <see cref="Expected"/> says it all.</summary>
    public Func<string, string?>? Explain { get; init; }

    /// <summary>The long option.</summary>
    public string Option => "--" + Id;

    /// <summary>The environment variable.</summary>
    public string Variable => VariablePrefix + Id.Replace('-', '_').Replace('.', '_').ToUpperInvariant();

    /// <summary>With what all of the program's environment variables begin.</summary>
    public const string VariablePrefix = "KVMTOP_";

    /// <summary>The value that holds when nobody sets one, as text.</summary>
    public string Default => Get(s_defaults);

    private static readonly Options s_defaults = new();

    /// <summary>The value of these options as text; <see cref="TryApply"/> reads it back.</summary>
    public string Format(Options options) => Get(options);

    /// <summary>Sets the value from text, or says what was expected.</summary>
    public bool TryApply(Options options, string text, out Options result, out string problem)
    {
        if (Set(options, text) is { } changed)
        {
            (result, problem) = (changed, "");
            return true;
        }

        result = options;
        problem = Explain?.Invoke(text) ?? Mismatch(text);
        return false;
    }

    /// <summary>"expected a number of seconds from 0.1 to 3600, found "fast"".</summary>
    public string Mismatch(string? found) => $"expected {Expected}, found {Quote(found)}";

    /// <summary>A text in quotes, cut and cleaned of what could disturb a terminal.</summary>
    public static string Quote(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "nothing";
        }

        const int most = 80;
        var clean = Plain(text.Length > most ? text[..most] : text);
        return text.Length > most ? $"\"{clean}\"..." : $"\"{clean}\"";
    }

    /// <summary>A message as one line, without what a terminal obeys: whatever was typed into it, or stands in a file.</summary>
    public static string Plain(string text) => string.Create(text.Length, text, static (plain, text) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            plain[i] = KernelText.IsHarmful(text[i]) ? '?' : text[i];
        }
    });
}
