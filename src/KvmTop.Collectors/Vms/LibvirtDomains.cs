using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>Which libvirt is asked: a URI, "auto" or "off".</summary>
/// <param name="Uri">The setting <c>libvirt-uri</c>.</param>
public sealed record LibvirtSettings(string Uri);

/// <summary>What libvirt last said, by VM. Shared through <see cref="CollectorServices"/>: filled by the libvirt topic, read by topics after it.</summary>
internal sealed class LibvirtDomains(HostRoot host)
{
    private const string PidFiles = "/run/libvirt/qemu/";

    private readonly ReadBuffer _buffer = new(64, 256);

    /// <summary>The latest answer, and the one before it; null while there is none.</summary>
    public LibvirtAnswer? Answer { get; private set; }

    public LibvirtAnswer? Before { get; private set; }

    /// <summary>The domain of each VM that is one of libvirt's.</summary>
    public Dictionary<VmKey, LibvirtDomain> ByVm { get; private set; } = [];

    /// <summary>Somebody cannot see the interfaces of a VM for himself: libvirt is to tell them too.</summary>
    public bool NicsWanted { get; set; }

    /// <summary>The domain of a VM in the latest answer, and in the one before it; null where libvirt does not have it (the same run of it).</summary>
    public (LibvirtDomain? Now, LibvirtDomain? Before) Find(VmKey key)
    {
        if (Answer is null || !ByVm.TryGetValue(key, out var domain))
            return (null, null);
        foreach (var was in Before?.Domains ?? [])
        {
            // Another run of it has another number.
            if (was.Uuid == domain.Uuid && was.Id == domain.Id)
                return (domain, was);
        }

        return (domain, null);
    }

    /// <summary>Takes an answer, or that there is none any more, and finds whose domains they are.</summary>
    public void Take(LibvirtAnswer? answer, IReadOnlyList<VmInfo> vms)
    {
        if (answer != Answer)
            (Before, Answer) = (answer is null ? null : Answer, answer);
        ByVm = answer is null ? [] : Match(answer.Domains, vms);
    }

    /// <summary>
    /// By uuid, among the processes whose command line only libvirt writes: whoever copies a uuid onto his own is none of them. Where two claim it all the same
    /// (a migration to this very host; a forger), libvirt's own pid file decides, and where that may not be read neither is taken for it.
    /// </summary>
    internal Dictionary<VmKey, LibvirtDomain> Match(IReadOnlyList<LibvirtDomain> domains, IReadOnlyList<VmInfo> vms)
    {
        var active = new Dictionary<Guid, LibvirtDomain>(domains.Count);
        foreach (var domain in domains)
        {
            if (domain.IsActive)
                active[domain.Uuid] = domain;
        }

        var found = new Dictionary<VmKey, LibvirtDomain>(active.Count);
        var claims = new Dictionary<Guid, VmInfo>(active.Count);
        HashSet<Guid>? disputed = null;
        foreach (var vm in vms)
        {
            if (Claims(vm) is not { } uuid || !active.TryGetValue(uuid, out var domain))
                continue;
            if (claims.TryAdd(uuid, vm))
                found.Add(vm.Key, domain);
            else
                (disputed ??= []).Add(uuid);
        }

        foreach (var uuid in disputed ?? [])
        {
            var domain = active[uuid];
            var pid = PidOf(domain.Name);
            found.Remove(claims[uuid].Key);
            foreach (var vm in vms)
            {
                if (vm.Pid == pid && Claims(vm) == uuid)
                    found[vm.Key] = domain;
            }
        }

        return found;
    }

    private static Guid? Claims(VmInfo vm) =>
        vm.Description is { LibvirtOwned: true, Uuid: { } text } && Guid.TryParse(text, out var uuid) ? uuid : null;

    private int? PidOf(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
            return null;
        var text = _buffer.ReadAll(host, PidFiles + name + ".pid", out _);
        return int.TryParse(text.TrimEnd((byte)'\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
    }
}
