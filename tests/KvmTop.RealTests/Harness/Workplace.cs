namespace KvmTop.RealTests.Harness;

/// <summary>A folder of its own with an empty configuration, so that the user's own files do not meddle; removed on dispose.</summary>
public sealed class Workplace : IDisposable
{
    public Workplace()
    {
        Folder = Directory.CreateTempSubdirectory("kvmtop-work-").FullName;
        Directory.CreateDirectory(Configuration);
    }

    public string Folder { get; }

    /// <summary>Where the program looks for kvmtop.json and themes/.</summary>
    public string Configuration => Path.Combine(Folder, "kvmtop");

    /// <summary>The environment that points there.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["XDG_CONFIG_HOME"] = Folder };

    /// <summary>Writes a file below the configuration folder.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Configuration, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Starts the program on a terminal, in this folder.</summary>
    public TmuxSession Start(int width, int height, params string[] arguments) => Start(width, height, new Dictionary<string, string>(), arguments);

    /// <summary>The same with more environment.</summary>
    public TmuxSession Start(int width, int height, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var all = new Dictionary<string, string>(Environment);
        foreach (var (name, value) in environment) all[name] = value;
        return TmuxSession.Start(width, height, ["sh", "-c", $"cd '{Folder}' && exec \"$@\"", "sh", .. KvmTopProgram.With(arguments)], all);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
