namespace KvmTop.Collectors.Checks;

/// <summary>Options of a QEMU command line that its description does not carry, as "key=value,key=value"; JSON ones are passed over.</summary>
internal static class QemuOptions
{
    private const int Most = 256;

    /// <summary>The values of an option, in order, each split at its commas.</summary>
    public static IEnumerable<Dictionary<string, string>> Of(IReadOnlyList<string> arguments, string option)
    {
        var found = 0;
        for (var i = 1; i + 1 < arguments.Count && found < Most; i++)
        {
            if ((arguments[i] == "-" + option || arguments[i] == "--" + option) && !arguments[i + 1].StartsWith('{'))
            {
                found++;
                yield return Split(arguments[++i]);
            }
        }
    }

    private static Dictionary<string, string> Split(string value)
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in value.Replace(",,", "\u0001", StringComparison.Ordinal).Split(','))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            set[equals < 0 ? part : part[..equals]] = equals < 0 ? "on" : part[(equals + 1)..].Replace('\u0001', ',');
        }

        return set;
    }
}
