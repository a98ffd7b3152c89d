using System.Globalization;

namespace KvmTop.Collectors;

/// <summary>Which VMs a word of a user's means.</summary>
public static class VmLookup
{
    /// <summary>Those of that name; else those of that UUID or pid; else, unless it must be whole, those that have it in their name. More than one: it is not clear.</summary>
    /// <param name="vms">All there are.</param>
    /// <param name="word">The word.</param>
    /// <param name="whole">A part of a name will not do: what is done to a VM must not hit another whose name begins alike.</param>
    public static List<VmInfo> Find(IReadOnlyCollection<VmInfo> vms, string word, bool whole = false)
    {
        List<VmInfo> found = [.. vms.Where(v => v.Name == word)];
        if (found.Count == 0)
        {
            found = [.. vms.Where(v => Is(v, word))];
        }

        return found.Count > 0 || whole || word.Length == 0 ? found : [.. vms.Where(v => v.Name.Contains(word, StringComparison.OrdinalIgnoreCase))];
    }

    private static bool Is(VmInfo vm, string word) =>
        (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid == vm.Pid)
        || (vm.Description.Uuid is { } uuid && Guid.TryParse(uuid, out var its) && Guid.TryParse(word, out var asked) && its == asked);
}
