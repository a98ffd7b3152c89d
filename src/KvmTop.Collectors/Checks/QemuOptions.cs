using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>An option of a QEMU command line: "-netdev" with what stands behind it, as a list or as JSON.</summary>
/// <param name="Text">"-netdev tap,id=n", cleaned and bounded: evidence.</param>
/// <param name="Set">Its keys.</param>
internal sealed record QemuOption(string Text, OptionSet Set);

/// <summary>Options of a QEMU command line that its description does not carry.</summary>
internal static class QemuOptions
{
    private const int Most = 256;
    private const int LongestText = 200;

    /// <summary>All of one name, in order.</summary>
    /// <param name="arguments">The command line, argv[0] first.</param>
    /// <param name="option">"netdev".</param>
    /// <param name="impliedKey">The key of a first item without "="; null when there is none.</param>
    public static IEnumerable<QemuOption> Of(IReadOnlyList<string> arguments, string option, string? impliedKey)
    {
        var found = 0;
        foreach (var (name, value) in QemuArguments.Read(arguments))
        {
            if (name == option && value is not null && found++ < Most)
            {
                yield return new QemuOption(Text(option, value), OptionSet.Parse(value, impliedKey));
            }
        }
    }

    /// <summary>An option as it stands on the command line, cleaned and bounded.</summary>
    public static string Text(string option, string? value) => value is null ? "-" + option : $"-{option} {HostileText.Clean(value, LongestText)}";
}
