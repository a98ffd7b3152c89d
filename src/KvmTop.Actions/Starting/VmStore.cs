using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>A definition and the file that it stands in.</summary>
/// <param name="Path">The file.</param>
/// <param name="Name">The VM, by the name of the file; cleaned.</param>
/// <param name="Definition">What it says; null when it is none.</param>
/// <param name="Mistake">Why it is none; null when it is one.</param>
public sealed record StoredVm(string Path, string Name, VmDefinition? Definition, string? Mistake);

/// <summary>
/// The definitions of this host: <c>vms.d/NAME.json</c> below /etc/kvmtop and below the user's configuration ($XDG_CONFIG_HOME or ~/.config). Both are read where nobody else
/// could have put them; root writes the first, others the second.
/// </summary>
/// <param name="host">The host.</param>
public sealed class VmStore(HostControl host)
{
    private const string System = "/etc/kvmtop/vms.d";
    private const string Suffix = ".json";
    private const int MostFiles = 1000;

    /// <summary>Where definitions are written; null when there is no home to put them in.</summary>
    public string? Writable => host.Actor.IsRoot ? System : UserDirectory;

    /// <summary>The directory of a running VM's files: /run/kvmtop for root, $XDG_RUNTIME_DIR/kvmtop for others, null when that is not set.</summary>
    public string? RuntimeDirectory => MonitorRequest.Folder(host.Actor.IsRoot, host.Variable("XDG_RUNTIME_DIR"));

    private string? UserDirectory =>
        Absolute(host.Variable("XDG_CONFIG_HOME")) is { } folder ? folder + "/kvmtop/vms.d" : Absolute(host.Variable("HOME")) is { } home ? home + "/.config/kvmtop/vms.d" : null;

    /// <summary>All definitions by name. A name in both directories counts in the one that this user writes.</summary>
    public IReadOnlyList<StoredVm> All()
    {
        var found = new Dictionary<string, StoredVm>();
        foreach (var directory in host.Actor.IsRoot ? [System, UserDirectory] : new[] { UserDirectory, System })
        {
            // What a stranger has there could hang: it is not even listed.
            if (directory is null || host.FolderFault(directory) is not null)
                continue;
            var names = new List<string>();
            _ = host.Files.List(directory, names);
            names.Sort(StringComparer.Ordinal);
            foreach (var name in names)
            {
                if (found.Count < MostFiles && name.EndsWith(Suffix, StringComparison.Ordinal) && !name.StartsWith('.') && !found.ContainsKey(name))
                    found.Add(name, Read(directory + "/" + name, name[..^Suffix.Length]));
            }
        }

        return [.. found.Values.OrderBy(v => v.Name, StringComparer.Ordinal)];
    }

    /// <summary>Why one of the two directories is not looked into, a line each.</summary>
    public IEnumerable<string> Faults()
    {
        foreach (var directory in (string?[])[System, UserDirectory])
        {
            if (directory is not null && host.FolderFault(directory) is { } fault)
                yield return $"{HostileText.Clean(directory, 200)} is not looked into: {fault}";
        }
    }

    /// <summary>The definition of a name; null when there is none.</summary>
    public StoredVm? Find(string name)
    {
        if (VmDefinitionReader.NameFault(name) is not null)
            return null;
        foreach (var one in All())
        {
            if (one.Name == name)
                return one;
        }

        return null;
    }

    /// <summary>Reads a file. <paramref name="name"/> is the VM that it must define; null for whatever it defines.</summary>
    public StoredVm Read(string path, string? name)
    {
        var shown = HostileText.Clean(name ?? path, 100);
        StoredVm Bad(string mistake) => new(path, shown, null, $"{HostileText.Clean(path, 200)}: {mistake}");
        if (name is not null && VmDefinitionReader.NameFault(name) is { } fault)
            return Bad($"the name of the file: {fault}");
        var head = host.ReadObeyed(path, VmDefinitionReader.LargestFile, out var problem);
        if (head is null)
            return new StoredVm(path, shown, null, problem);
        var definition = VmDefinitionReader.Read(head, out var mistake);
        if (definition is null)
            return Bad(mistake);
        return name is not null && definition.Name != name ? Bad($"name: expected {name}, as the file is called, found {definition.Name}") : new StoredVm(path, definition.Name, definition, null);
    }

    private static string? Absolute(string? path) => path is { Length: > 0 } && path.StartsWith('/') ? path.TrimEnd('/') : null;
}
