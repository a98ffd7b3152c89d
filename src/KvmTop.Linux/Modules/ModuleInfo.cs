namespace KvmTop.Linux;

/// <summary>What a module says of one of its parameters.</summary>
/// <param name="Type">"bool", "int", "uint", "charp", ..; null when not said.</param>
/// <param name="Description">What it does; null when not said.</param>
public sealed record ParameterInfo(string? Type, string? Description);

/// <summary>
/// What modules say of themselves: their .modinfo section, as <c>modinfo -0</c> prints it for a module's file and as
/// <c>/lib/modules/RELEASE/modules.builtin.modinfo</c> has it for those in the kernel image.
/// </summary>
public sealed class ModuleInfo
{
    private const int MostModules = 4096;
    private const int MostParameters = 512;
    private const int LongestText = 400;

    private readonly Dictionary<string, ParameterInfo> _parameters = new(StringComparer.Ordinal);

    private ModuleInfo(string name) => Name = name;

    /// <summary>Its name, with underscores.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public string? Description { get; private set; }

    /// <summary>Its file, or "(builtin)".</summary>
    public string? File { get; private set; }

    /// <summary>Parameters, in the order in which it names them, also those that sysfs does not show.</summary>
    public IReadOnlyDictionary<string, ParameterInfo> Parameters => _parameters;

    /// <summary>
    /// Reads what <c>modinfo -0 NAME..</c> prints: "key:   value" ended by NUL, the record of each module beginning with its filename or name.
    /// </summary>
    public static IReadOnlyDictionary<string, ModuleInfo> ParseModinfo(ReadOnlySpan<byte> text)
    {
        var modules = new Dictionary<string, ModuleInfo>(StringComparer.Ordinal);
        ModuleInfo? current = null;
        string? file = null;
        while (!text.IsEmpty && modules.Count < MostModules)
        {
            var field = Next(ref text);
            var colon = field.IndexOf((byte)':');
            if (colon <= 0)
                continue;

            var key = field[..colon].Trim(" \t\n"u8);
            var value = field[(colon + 1)..];
            if (key.SequenceEqual("filename"u8))
            {
                file = KernelText.Clean(value, 512);
                if (ModuleIndex.NameOf(value) is { } name)
                    current = Of(modules, name, file);
            }
            else if (key.SequenceEqual("name"u8))
            {
                // A module's own name comes last in the record of its file; a built-in one begins with it.
                var name = KernelText.Clean(value, 64).Replace('-', '_');
                current = current?.Name == name ? current : Of(modules, name, null);
            }
            else
            {
                current?.Add(key, value);
            }
        }

        return modules;
    }

    /// <summary>Reads modules.builtin.modinfo: "module.key=value" ended by NUL.</summary>
    public static IReadOnlyDictionary<string, ModuleInfo> ParseBuiltIn(ReadOnlySpan<byte> text)
    {
        var modules = new Dictionary<string, ModuleInfo>(StringComparer.Ordinal);
        while (!text.IsEmpty && modules.Count < MostModules)
        {
            var field = Next(ref text);
            var dot = field.IndexOf((byte)'.');
            var equals = field.IndexOf((byte)'=');
            if (dot > 0 && dot <= 64 && equals > dot)
                Of(modules, KernelText.Clean(field[..dot], 64).Replace('-', '_'), "(builtin)").Add(field[(dot + 1)..equals], field[(equals + 1)..]);
        }

        return modules;
    }

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)0);
        var field = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return field;
    }

    private static ModuleInfo Of(Dictionary<string, ModuleInfo> modules, string name, string? file)
    {
        if (!modules.TryGetValue(name, out var module))
            modules.Add(name, module = new ModuleInfo(name));
        module.File ??= file;
        return module;
    }

    private void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("description"u8))
        {
            Description ??= KernelText.Clean(value, LongestText);
        }
        else if (key.SequenceEqual("parm"u8) || key.SequenceEqual("parmtype"u8))
        {
            // "parm: nested:int" or "parm: halt_poll_ns:Time to poll (uint)", as modinfo joins type and description.
            var text = KernelText.Clean(value, LongestText);
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || _parameters.Count >= MostParameters)
                return;

            var (name, rest) = (text[..colon].Trim(), text[(colon + 1)..].Trim());
            var known = _parameters.GetValueOrDefault(name) ?? new ParameterInfo(null, null);
            if (key.SequenceEqual("parmtype"u8))
            {
                known = known with { Type = rest };
            }
            else if (rest.EndsWith(')') && rest.LastIndexOf(" (", StringComparison.Ordinal) is >= 0 and var open && IsType(rest[(open + 2)..^1]))
            {
                known = new ParameterInfo(rest[(open + 2)..^1], rest[..open].Trim());
            }
            else
            {
                known = IsType(rest) ? known with { Type = rest } : known with { Description = rest };
            }

            _parameters[name] = known;
        }
    }

    private static bool IsType(string text) =>
        text is "bool" or "bint" or "invbool" or "byte" or "short" or "ushort" or "int" or "uint" or "long" or "ulong" or "ullong" or "charp" or "string" or "hexint"
        || text.StartsWith("array of ", StringComparison.Ordinal);
}
