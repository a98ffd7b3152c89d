namespace KvmTop.Vmm;

/// <summary>Splits "--name value", "--name=value", "--flag" and "-n value" into pairs; a value is what does not begin with a dash. For monitors other than QEMU.</summary>
internal static class MonitorArguments
{
    /// <summary>The options, their names without dashes. A flag has the value "".</summary>
    /// <param name="args">All arguments, argv[0] first.</param>
    /// <param name="manyValues">An option takes every value that follows it ("--disk path=a path=b" gives two); otherwise the second stands for itself and is passed over.</param>
    public static IEnumerable<KeyValuePair<string, string>> Read(IReadOnlyList<string> args, bool manyValues = false)
    {
        for (var i = 1; i < args.Count; i++)
        {
            var arg = args[i];
            if (arg == "--")
                yield break;
            if (arg.Length < 2 || arg[0] != '-')
                continue;

            var name = arg.TrimStart('-');
            var equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0)
            {
                yield return KeyValuePair.Create(name[..equals], name[(equals + 1)..]);
                continue;
            }

            var any = false;
            while ((manyValues || !any) && i + 1 < args.Count && !args[i + 1].StartsWith('-'))
            {
                any = true;
                yield return KeyValuePair.Create(name, args[++i]);
            }

            if (!any)
                yield return KeyValuePair.Create(name, "");
        }
    }

    /// <summary>A number of vCPUs, or null.</summary>
    public static int? Count(string? text) => int.TryParse(text, out var n) && n is > 0 and <= 65536 ? n : null;
}
