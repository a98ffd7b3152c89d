using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// Which modules there are for the running kernel: <c>/lib/modules/RELEASE/modules.builtin</c> and <c>modules.dep</c> (depmod(8)), and what the kernel was built
/// with (<see cref="KernelConfig"/>). Read once: it changes with the kernel.
/// </summary>
public sealed class ModuleIndex
{
    private const int LongestList = 16 << 20;

    private readonly Dictionary<string, string> _files;
    private readonly Dictionary<string, string[]> _dependencies;
    private readonly HashSet<string> _builtIn;

    private ModuleIndex(string? folder, string? reason, Dictionary<string, string> files, Dictionary<string, string[]> dependencies, HashSet<string> builtIn, KernelConfig? config)
    {
        (Folder, Reason, _files, _dependencies, _builtIn, Config) = (folder, reason, files, dependencies, builtIn, config);
    }

    /// <summary>"/lib/modules/RELEASE", or null when it is not there.</summary>
    public string? Folder { get; }

    /// <summary>Why there is no <see cref="Folder"/>.</summary>
    public string? Reason { get; }

    /// <summary>What the kernel was built with; null when it does not say.</summary>
    public KernelConfig? Config { get; }

    /// <summary>Reads the lists of a host.</summary>
    public static ModuleIndex Read(HostRoot host)
    {
        var buffer = new ReadBuffer(65536, LongestList);
        var release = KernelText.Read(host, buffer, "/proc/sys/kernel/osrelease", out _);
        var config = KernelConfig.Read(host, release);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var dependencies = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var builtIn = new HashSet<string>(StringComparer.Ordinal);

        // The release comes from the kernel, and from a captured tree whatever its maker wrote.
        if (string.IsNullOrEmpty(release) || release.Contains('/', StringComparison.Ordinal) || release.StartsWith('.'))
            return new(null, "the kernel's release is not known", files, dependencies, builtIn, config);

        var folder = "/lib/modules/" + release;
        if (!host.Exists(folder) && host.Exists("/usr" + folder))
            folder = "/usr" + folder;
        if (!host.Exists(folder))
            return new(null, $"{folder} does not exist", files, dependencies, builtIn, config);

        ReadDependencies(buffer.ReadAll(host, folder + "/modules.dep", out _), files, dependencies);
        var lines = new ByteLines(buffer.ReadAll(host, folder + "/modules.builtin", out _));
        while (lines.TryNext(out var line))
        {
            if (NameOf(line) is { } name)
                builtIn.Add(name);
        }

        return new(folder, null, files, dependencies, builtIn, config);
    }

    /// <summary>True when the module is part of the kernel image; false when it is not; null when nothing says.</summary>
    public bool? IsBuiltIn(string name) =>
        _builtIn.Contains(name) ? true
        : _builtIn.Count > 0 ? false
        : Config?.OfModule(name) is { } built ? built == 'y'
        : null;

    /// <summary>The module's file, or null when there is none.</summary>
    public string? FileOf(string name) => _files.GetValueOrDefault(name) is not { } file ? null : file.StartsWith('/') ? file : $"{Folder}/{file}";

    /// <summary>The modules that are loaded before it, by modules.dep.</summary>
    public IReadOnlyList<string> DependenciesOf(string name) => _dependencies.GetValueOrDefault(name) ?? [];

    /// <summary>A module's name from its path: "kernel/arch/x86/kvm/kvm-amd.ko.zst" is kvm_amd.</summary>
    internal static string? NameOf(ReadOnlySpan<byte> path)
    {
        path = path.Trim(" \t\r\n"u8);
        path = path[(path.LastIndexOf((byte)'/') + 1)..];
        var dot = path.IndexOf(".ko"u8);
        return dot <= 0 || dot > 64 ? null : KernelText.Clean(path[..dot], 64).Replace('-', '_');
    }

    private static void ReadDependencies(ReadOnlySpan<byte> text, Dictionary<string, string> files, Dictionary<string, string[]> dependencies)
    {
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || colon > 1024 || NameOf(line[..colon]) is not { } name)
                continue;

            files[name] = Encoding.UTF8.GetString(line[..colon]);
            var list = new List<string>();
            var fields = new ByteFields(line[(colon + 1)..]);
            while (list.Count < 64 && fields.TryNext(out var path))
            {
                if (NameOf(path) is { } dependency)
                    list.Add(dependency);
            }

            dependencies[name] = [.. list];
        }
    }
}
