namespace KvmTop.Linux;

/// <summary>A line of <c>/proc/modules</c>.</summary>
/// <param name="Name">With underscores.</param>
/// <param name="SizeBytes">Memory that its code and data take.</param>
/// <param name="Users">Reference count: other modules and open devices; -1 where the kernel cannot unload modules.</param>
/// <param name="Holders">Loaded modules that stand on it.</param>
/// <param name="State">"Live", "Loading" or "Unloading".</param>
public sealed record LoadedModule(string Name, ulong SizeBytes, int Users, IReadOnlyList<string> Holders, string State);

/// <summary>The loaded modules, from <c>/proc/modules</c> (proc_modules(5)). The file is missing where the kernel was built without modules.</summary>
public static class LoadedModules
{
    private const int MostModules = 4096;
    private const int LongestName = 64;

    /// <summary>Reads the text; lines that are none are passed over.</summary>
    public static IReadOnlyDictionary<string, LoadedModule> Parse(ReadOnlySpan<byte> text)
    {
        var modules = new Dictionary<string, LoadedModule>(StringComparer.Ordinal);
        var lines = new ByteLines(text);
        while (modules.Count < MostModules && lines.TryNext(out var line))
        {
            var fields = new ByteFields(line);
            if (!fields.TryNext(out var name) || !fields.TryUInt64(out var size) || !fields.TryNext(out var users) || !fields.TryNext(out var holders))
                continue;

            var state = fields.TryNext(out var word) ? KernelText.Clean(word, 16) : "Live";
            var module = new LoadedModule(Name(name), size, ByteFields.Parse(users, out int count) ? count : -1, Holders(holders), state);
            modules[module.Name] = module;
        }

        return modules;
    }

    private static string Name(ReadOnlySpan<byte> name) => KernelText.Clean(name, LongestName);

    // "vhost_net,vhost_vsock," or "-"; a module that may not be unloaded adds "[permanent],".
    private static List<string> Holders(ReadOnlySpan<byte> list)
    {
        var holders = new List<string>();
        while (!list.IsEmpty && holders.Count < MostModules)
        {
            var comma = list.IndexOf((byte)',');
            var item = comma < 0 ? list : list[..comma];
            list = comma < 0 ? default : list[(comma + 1)..];
            if (!item.IsEmpty && item[0] != (byte)'-' && item[0] != (byte)'[')
                holders.Add(Name(item));
        }

        return holders;
    }
}
