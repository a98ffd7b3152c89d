using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>How a figure is coloured.</summary>
internal static class FigureRole
{
    /// <summary>By its words, or by the thresholds of its metric.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="thresholds">Where it begins to be bad, or null.</param>
    /// <param name="judged">The value that is held against them, which need not be the one that is shown.</param>
    public static Role Of(Figure figure, Thresholds? thresholds, double judged) => figure switch
    {
        { IsMissing: true } => Role.Disabled,
        { Text: { } text } => OfWord(text),
        _ when thresholds?.IsCritical(judged) == true => Role.Critical,
        _ when thresholds?.IsWarn(judged) == true => Role.Warn,
        { Number: 0 } => Role.Dim,
        _ => Role.Text,
    };

    private static Role OfWord(string text) => text switch
    {
        "running" => Role.Good,
        "paused" or "starting" or "shutdown" or "suspended" or "inmigrate" => Role.Warn,
        "stopped" or "zombie" or "io-error" or "guest-panicked" or "internal-error" or "watchdog" or "crashed" => Role.Critical,
        "off" => Role.Dim,
        _ => Role.Text,
    };
}
