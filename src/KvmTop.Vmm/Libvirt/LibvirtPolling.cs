using System.Runtime.InteropServices;

namespace KvmTop.Vmm;

/// <summary>Asks an open connection for all of its domains. Used by the thread that owns the connection.</summary>
internal sealed unsafe class LibvirtPolling(LibvirtLibrary library, nint connection)
{
    private const int MostDomains = 4096;
    private const int LongestName = 128;
    private const int LongestTitle = 160;

    // virDomainStatsTypes
    private const uint State = 1;
    private const uint Balloon = 1 << 2;
    private const uint Vcpu = 1 << 3;
    private const uint Interface = 1 << 4;
    private const uint Block = 1 << 5;

    // virConnectListAllDomainsFlags
    private const uint Active = 1;
    private const uint Inactive = 1 << 1;
    private const uint Persistent = 1 << 2;
    private const uint Autostart = 1 << 10;

    // A domain that a job holds is told without what would have to wait for it.
    private const uint NoWait = 1u << 29;
    private const int TitleMetadata = 1;
    private const int InvalidArgument = 8;

    private readonly Dictionary<Guid, string?> _titles = [];
    private HashSet<Guid>? _persistent;
    private HashSet<Guid>? _autostart;
    private uint _noWait = NoWait;

    /// <summary>What changes rarely (titles, flags) is asked for anew with the next answer.</summary>
    public void Forget()
    {
        _titles.Clear();
        (_persistent, _autostart) = (null, null);
    }

    /// <summary>The domains, or null with the reason in the library's last error.</summary>
    /// <param name="interfaces">With the counters of their interfaces: for each libvirt goes through all interfaces of the host, so only for those who cannot see them otherwise.</param>
    /// <param name="dropped">Domains beyond those that are kept.</param>
    public List<LibvirtDomain>? Ask(bool interfaces, out int dropped)
    {
        dropped = 0;
        _persistent ??= List(Persistent);
        _autostart ??= List(Autostart);
        var domains = new List<LibvirtDomain>();
        // Of those that do not run nothing is asked that would go to a monitor.
        return Stats(Active, State | Balloon | Block | (interfaces ? Interface : 0), domains, ref dropped) && Stats(Inactive, State | Balloon | Vcpu, domains, ref dropped) ? domains : null;
    }

    private bool Stats(uint which, uint groups, List<LibvirtDomain> domains, ref int dropped)
    {
        LibvirtLibrary.DomainStatsRecord** records;
        var count = library.GetAllDomainStats(connection, groups, &records, which | _noWait);
        if (count < 0 && _noWait != 0 && library.LastErrorCode() == InvalidArgument)
        {
            // Before libvirt 4.5.
            _noWait = 0;
            count = library.GetAllDomainStats(connection, groups, &records, which);
        }

        if (count < 0)
            return false;
        for (var i = 0; i < count; i++)
        {
            var record = records[i];
            if (domains.Count >= MostDomains)
                dropped++;
            else if (Identify(record->Domain) is { } domain)
                domains.Add(LibvirtStats.Read(domain, new ReadOnlySpan<TypedParameter>(record->Parameters, Math.Max(record->Count, 0))));
        }

        library.FreeStats(records);
        return true;
    }

    private LibvirtDomain? Identify(nint domain)
    {
        var name = library.DomainName(domain);
        if (name is null || Uuid(domain) is not { } uuid)
            return null;
        var id = library.DomainId(domain);
        return new LibvirtDomain
        {
            Name = HostileText.Clean(LibvirtLibrary.Bytes(name, 4096), LongestName),
            Uuid = uuid,
            Id = id <= int.MaxValue ? (int)id : null,
            Persistent = _persistent?.Contains(uuid),
            Autostart = _autostart?.Contains(uuid),
            Title = Title(domain, uuid),
        };
    }

    private Guid? Uuid(nint domain)
    {
        var bytes = stackalloc byte[16];
        return library.DomainUuid(domain, bytes) == 0 ? new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true) : null;
    }

    /// <summary>Asked once for each domain. Most have none; one that vanished has none either.</summary>
    private string? Title(nint domain, Guid uuid)
    {
        if (_titles.TryGetValue(uuid, out var known))
            return known;
        var text = library.DomainMetadata(domain, TitleMetadata, null, 0);
        var title = text is null ? null : HostileText.Clean(LibvirtLibrary.Bytes(text, 4096), LongestTitle);
        NativeMemory.Free(text);
        return _titles[uuid] = title;
    }

    private HashSet<Guid>? List(uint which)
    {
        nint* domains;
        var count = library.ListAllDomains(connection, &domains, which);
        if (count < 0)
            return null;
        var found = new HashSet<Guid>(count);
        for (var i = 0; i < count; i++)
        {
            if (Uuid(domains[i]) is { } uuid)
                found.Add(uuid);
            _ = library.DomainFree(domains[i]);
        }

        NativeMemory.Free(domains);
        return found;
    }
}
