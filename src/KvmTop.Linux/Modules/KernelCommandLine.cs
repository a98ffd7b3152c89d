namespace KvmTop.Linux;

/// <summary>
/// What the kernel was started with, from <c>/proc/cmdline</c> (Documentation/admin-guide/kernel-parameters.rst): words, of which one may be in double quotes.
/// What comes after "--" is for init.
/// </summary>
public sealed class KernelCommandLine
{
    private const int MostWords = 1024;

    private readonly List<(string Name, string? Value)> _words = [];

    /// <summary>All of it that is for the kernel, in order; names as written.</summary>
    public IReadOnlyList<(string Name, string? Value)> Words => _words;

    /// <summary>Reads that of a host; empty when it cannot be read.</summary>
    public static KernelCommandLine Read(HostRoot host) => Parse(KernelText.Clean(new ReadBuffer(4096, 65536).ReadAll(host, "/proc/cmdline", out _), 65536));

    /// <summary>Reads the text.</summary>
    public static KernelCommandLine Parse(string text)
    {
        var line = new KernelCommandLine();
        var at = 0;
        while (at < text.Length && line._words.Count < MostWords)
        {
            while (at < text.Length && text[at] == ' ')
                at++;
            var (start, quoted) = (at, false);
            while (at < text.Length && (quoted || text[at] != ' '))
                quoted ^= text[at++] == '"';

            var word = text[start..at].Replace("\"", "", StringComparison.Ordinal);
            if (word == "--")
                break;
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (word.Length > 0)
                line._words.Add(equals < 0 ? (word, null) : (word[..equals], word[(equals + 1)..]));
        }

        return line;
    }

    /// <summary>True when the word is there, with or without a value.</summary>
    public bool Has(string name) => _words.Exists(w => w.Name == name);

    /// <summary>The last value of a word, or null.</summary>
    public string? ValueOf(string name) => _words.FindLast(w => w.Name == name).Value;

    /// <summary>The values given to a module's parameters ("kvm.halt_poll_ns=0"), dashes and underscores being the same to the kernel.</summary>
    public IEnumerable<(string Parameter, string Value)> OfModule(string module)
    {
        foreach (var (name, value) in _words)
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            if (dot > 0 && name[..dot].Replace('-', '_') == module)
                yield return (name[(dot + 1)..].Replace('-', '_'), value ?? "1");
        }
    }

    /// <summary>True when modprobe is told to leave the module alone (modprobe.blacklist=, module_blacklist=).</summary>
    public string? BlacklistedBy(string module)
    {
        foreach (var (name, value) in _words)
        {
            if (name is "modprobe.blacklist" or "module_blacklist" && value?.Split(',').Any(m => m.Replace('-', '_') == module) == true)
                return name + "=" + value;
        }

        return null;
    }
}
