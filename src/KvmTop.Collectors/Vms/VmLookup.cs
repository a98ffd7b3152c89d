using System.Globalization;

namespace KvmTop.Collectors;

/// <summary>What a word came to.</summary>
/// <param name="Found">The VMs that it means; more than one: it is not clear.</param>
/// <param name="Others">VMs of others than the owner of <paramref name="Found"/> that call themselves the same, and are not meant.</param>
public sealed record VmMatch(IReadOnlyList<VmInfo> Found, IReadOnlyList<VmInfo> Others);

/// <summary>
/// Which VMs a word of a user's means. A pid is the kernel's word and comes first; a UUID or a name is what a process says of itself: of several that say the same the caller's
/// own are meant, else those of root and of managers, else those of other users, so that nobody can stand before a VM of another by calling his own like it.
/// </summary>
public static class VmLookup
{
    /// <summary>The one of that pid; else those of that UUID; else those of that name; else, unless it must be whole, those that have it in their name.</summary>
    /// <param name="vms">All there are.</param>
    /// <param name="word">The word.</param>
    /// <param name="caller">Who asks: a user id.</param>
    /// <param name="whole">A part of a name will not do: what is done to a VM must not hit another whose name begins alike.</param>
    public static VmMatch Find(IReadOnlyCollection<VmInfo> vms, string word, uint caller, bool whole = false)
    {
        var found = new List<VmInfo>();
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            Add(found, vms, v => v.Pid == pid);
        if (found.Count > 0)
        {
            var others = new List<VmInfo>();
            Add(others, vms, v => v.Name == word && v.Pid != pid);
            return new VmMatch(found, others);
        }

        if (Guid.TryParse(word, out var uuid))
            Add(found, vms, v => Guid.TryParse(v.Description.Uuid, out var its) && its == uuid);
        if (found.Count == 0)
            Add(found, vms, v => v.Name == word);
        if (found.Count == 0 && !whole && word.Length > 0)
            Add(found, vms, v => v.Name.Contains(word, StringComparison.OrdinalIgnoreCase));
        return Nearest(found, caller);
    }

    private static VmMatch Nearest(List<VmInfo> found, uint caller)
    {
        var nearest = VmOwner.Stranger;
        foreach (var vm in found)
        {
            if (VmOwners.Of(vm, caller) is var owner && owner < nearest)
                nearest = owner;
        }

        var (meant, others) = (new List<VmInfo>(), new List<VmInfo>());
        foreach (var vm in found)
            (VmOwners.Of(vm, caller) == nearest ? meant : others).Add(vm);
        return new VmMatch(meant, others);
    }

    private static void Add(List<VmInfo> found, IReadOnlyCollection<VmInfo> vms, Func<VmInfo, bool> which)
    {
        foreach (var vm in vms)
        {
            if (which(vm))
                found.Add(vm);
        }
    }
}
