namespace KvmTop.Linux;

/// <summary>What a line of modprobe.d does.</summary>
public enum ModprobeCommand
{
    Options,
    Blacklist,
    Install,
    Remove,
    Softdep,
}

/// <summary>A line of modprobe.d (modprobe.d(5)).</summary>
/// <param name="Command">What it does.</param>
/// <param name="Module">To which module, with underscores.</param>
/// <param name="Text">The rest of the line: "nested=0 avic=1", a shell command.</param>
/// <param name="File">The file that says it.</param>
/// <param name="Line">Its first line there, from 1.</param>
public sealed record ModprobeLine(ModprobeCommand Command, string Module, string Text, string File, int Line)
{
    /// <summary>The parameters that an options line gives, in order.</summary>
    public IEnumerable<(string Parameter, string Value)> Options
    {
        get
        {
            foreach (var word in Text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            {
                var equals = word.IndexOf('=', StringComparison.Ordinal);
                yield return (equals < 0 ? word : word[..equals], equals < 0 ? "1" : word[(equals + 1)..].Trim('"'));
            }
        }
    }
}

/// <summary>
/// What modprobe will do to modules: the <c>*.conf</c> files of modprobe.d. A file in /etc hides one of the same name in /run, /usr/local/lib, /usr/lib and
/// /lib; all are read in the order of their names, and of two options lines for one parameter the later wins.
/// </summary>
public sealed class ModprobeConfig
{
    private const int MostFiles = 512;
    private const int MostLines = 20000;
    private const int LongestLine = 4096;

    private static readonly string[] s_folders = ["/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"];

    private readonly List<ModprobeLine> _lines = [];

    /// <summary>All lines, in the order in which they count.</summary>
    public IReadOnlyList<ModprobeLine> Lines => _lines;

    /// <summary>Files that could not be read, and why.</summary>
    public IReadOnlyList<UnreadableFile> Unreadable { get; private set; } = [];

    /// <summary>Reads that of a host.</summary>
    public static ModprobeConfig Read(HostRoot host)
    {
        var files = new Dictionary<string, string>();
        var names = new List<string>();
        foreach (var folder in s_folders)
        {
            names.Clear();
            _ = host.List(folder, names);
            foreach (var name in names)
            {
                if (name.EndsWith(".conf", StringComparison.Ordinal) && files.Count < MostFiles)
                    files.TryAdd(name, folder + "/" + name);
            }
        }

        var config = new ModprobeConfig();
        var unreadable = new List<UnreadableFile>();
        var buffer = new ReadBuffer(8192, 1 << 20);
        foreach (var name in files.Keys.Order(StringComparer.Ordinal))
        {
            var file = files[name];
            var text = buffer.ReadAll(host, file, out var errno);
            if (errno == Errno.None)
                config.Add(file, text);
            else
                unreadable.Add(new(file, errno));
        }

        config.Unreadable = unreadable;
        return config;
    }

    /// <summary>Reads the text of one file.</summary>
    public void Add(string file, ReadOnlySpan<byte> text)
    {
        var lines = new ByteLines(text);
        var (number, first, joined) = (0, 0, "");
        while (_lines.Count < MostLines && lines.TryNext(out var raw))
        {
            number++;
            first = joined.Length == 0 ? number : first;
            var line = KernelText.Clean(raw, LongestLine);
            if (line.EndsWith('\\') && joined.Length < LongestLine)
            {
                joined += line[..^1] + " ";
                continue;
            }

            AddLine(file, first, joined + line);
            joined = "";
        }

        AddLine(file, first, joined);
    }

    /// <summary>The lines about a module.</summary>
    public IEnumerable<ModprobeLine> Of(string module)
    {
        foreach (var line in _lines)
        {
            if (line.Module == module)
                yield return line;
        }
    }

    private void AddLine(string file, int number, string line)
    {
        line = line.Trim();
        if (line.Length == 0 || line[0] == '#')
            return;

        var words = line.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        ModprobeCommand? command = words[0] switch
        {
            "options" => ModprobeCommand.Options,
            "blacklist" => ModprobeCommand.Blacklist,
            "install" => ModprobeCommand.Install,
            "remove" => ModprobeCommand.Remove,
            "softdep" => ModprobeCommand.Softdep,
            _ => null,
        };
        if (command is { } what && words.Length > 1)
            _lines.Add(new ModprobeLine(what, words[1].Replace('-', '_'), words.Length > 2 ? words[2].Trim() : "", file, number));
    }
}

/// <summary>A file that is there and could not be read.</summary>
public sealed record UnreadableFile(string File, Errno Errno);
