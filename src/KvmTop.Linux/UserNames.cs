using System.Globalization;

namespace KvmTop.Linux;

/// <summary>
/// Names of users, from the host's <c>/etc/passwd</c> (passwd(5)). Users who come from elsewhere (LDAP, systemd's dynamic users, a container's own)
/// go by their numbers. Read once, on first use; may be called from any thread.
/// </summary>
public sealed class UserNames(HostRoot host)
{
    private const int MostUsers = 65536;
    private const int LongestName = 64;

    private readonly Dictionary<int, string> _numbers = [];
    private readonly Lazy<Dictionary<int, string>> _names = new(() => Load(host));

    /// <summary>The name of a user as in <see cref="ProcPidStatus.Uid"/>, or its number as text.</summary>
    public string NameOf(int uid)
    {
        if (_names.Value.TryGetValue(uid, out var name))
            return name;

        lock (_numbers)
        {
            if (_numbers.TryGetValue(uid, out name))
                return name;
            name = unchecked((uint)uid).ToString(CultureInfo.InvariantCulture);
            if (_numbers.Count < MostUsers)
                _numbers.Add(uid, name);
            return name;
        }
    }

    /// <summary>Reads the text of a passwd file: NAME:PASSWORD:UID:.. Of two names for one number the first counts, as it does for getpwuid(3).</summary>
    public static IReadOnlyDictionary<int, string> Parse(ReadOnlySpan<byte> text) => ParseLines(text);

    private static Dictionary<int, string> Load(HostRoot host) =>
        ParseLines(new ReadBuffer(8192, 4 << 20).ReadAll(host, "/etc/passwd", out _));

    private static Dictionary<int, string> ParseLines(ReadOnlySpan<byte> text)
    {
        var names = new Dictionary<int, string>();
        var lines = new ByteLines(text);
        while (names.Count < MostUsers && lines.TryNext(out var line))
        {
            var first = line.IndexOf((byte)':');
            var second = first <= 0 ? -1 : line[(first + 1)..].IndexOf((byte)':');
            if (second < 0)
                continue;

            var rest = line[(first + second + 2)..];
            var third = rest.IndexOf((byte)':');
            if (third > 0 && ByteFields.Parse(rest[..third], out ulong uid) && uid <= uint.MaxValue)
                names.TryAdd(unchecked((int)(uint)uid), KernelText.Clean(line[..first], LongestName));
        }

        return names;
    }
}
