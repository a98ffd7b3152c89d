using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>The figures that libvirt knows.</summary>
public static class LibvirtMetrics
{
    private const string Stats = "virConnectGetAllDomainStats";
    private const string Lists = "virConnectListAllDomains";
    private const string NotRunning = "it is not running";

    private static readonly Topic[] s_libvirt = [LibvirtTopic.Instance];

    /// <summary>Of a domain, running or not: the object <c>libvirt</c> of a VM in records, and those of <c>inactive_domains</c>.</summary>
    public static IReadOnlyList<Metric<LibvirtDomain>> PerDomain { get; } =
    [
        Text("name", "NAME", 16, "Its name in libvirt.", Lists, static d => d.Name),
        Text("uuid", "UUID", 36, "Its UUID.", Lists, static d => d.Uuid.ToString()),
        Text("title", "TITLE", 24, "A sentence that its owner gave it.", "virDomainGetMetadata", static d => d.Title, "it has none"),
        Count("id", "ID", 5, "The number that libvirt gave it for as long as it runs.", static d => d.Id, NotRunning),
        Text("state", "STATE", 9, "What libvirt says it does: running, blocked, paused, shutdown (under way), off, crashed, suspended.", Stats, static d => Word(d.State), "libvirt does not say"),
        Text("state_reason", "WHY", 16, "Why it is in that state.", Stats, static d => d.StateReason, "libvirt gives no reason"),
        Text("persistent", "PERS", 5, "yes when it is still there after it was shut down.", Lists, static d => YesNo(d.Persistent), "libvirt does not say"),
        Text("autostart", "AUTO", 5, "yes when it is started with the host.", Lists, static d => YesNo(d.Autostart), "libvirt does not say"),
        Count("vcpu_count", "VCPU", 4, "vCPUs that one that is off would start with.", static d => d.Vcpus, "asked of domains that do not run only"),
        Bytes("mem_bytes", "MEM", "Memory that it may have.", static d => d.MemoryBytes),
        Bytes("balloon_bytes", "BALLN", "Memory that its balloon leaves it.", static d => d.BalloonBytes),
        Bytes("usable_bytes", "USABLE", "Memory that the guest says it could use without swapping.", static d => d.UsableBytes),
    ];

    /// <summary>Of a VM that is one of libvirt's. Records have them in its object <c>libvirt</c>.</summary>
    public static IReadOnlyList<Metric<VmRow>> PerVm { get; } = [.. Lifted("title", "state_reason", "persistent", "autostart")];

    /// <summary>The balloon of a VM that is one of libvirt's, as libvirt tells it; null for others.</summary>
    public static VmBalloon? BalloonOf(VmRow row) => LibvirtTopic.Of(row) is not { } domain ? null : new VmBalloon
    {
        ActualBytes = domain.BalloonBytes,
        Reason = "libvirt does not tell its balloon",
        Guest = domain.UsableBytes is null ? null : new GuestMemory(null, null, domain.UsableBytes, null, null),
        GuestReason = "the guest's balloon driver does not tell libvirt",
    };

    private static string? Word(LibvirtState state) => state == LibvirtState.Unknown ? null : state.ToString().ToLowerInvariant();

    private static string? YesNo(bool? value) => value switch { true => "yes", false => "no", _ => null };

    private static IEnumerable<Metric<VmRow>> Lifted(params string[] ids)
    {
        foreach (var id in ids)
        {
            var metric = Find(id);
            yield return new()
            {
                Id = id, Title = metric.Title, Unit = metric.Unit, Width = metric.Width, Needs = s_libvirt, ScreenOnly = true, Source = "libvirt " + metric.Source,
                Help = metric.Help,
                Get = row => LibvirtTopic.Of(row) is { } domain ? metric.Get(domain) : Figure.Missing(LibvirtTopic.Reason(row)),
            };
        }
    }

    private static Metric<LibvirtDomain> Find(string id)
    {
        foreach (var metric in PerDomain)
        {
            if (metric.Id == id)
                return metric;
        }

        throw new ArgumentException($"there is no figure {id}", nameof(id));
    }

    private static Metric<LibvirtDomain> Text(string id, string title, int width, string help, string source, Func<LibvirtDomain, string?> get, string? missing = null) => new()
    {
        Id = id, Title = title, Unit = Unit.Text, Width = width, Needs = s_libvirt, Source = source, Help = help, Get = d => Figure.Of(get(d), missing),
    };

    private static Metric<LibvirtDomain> Count(string id, string title, int width, string help, Func<LibvirtDomain, int?> get, string missing) => new()
    {
        Id = id, Title = title, Unit = Unit.Count, Width = width, Needs = s_libvirt, Source = Stats, Help = help, Get = d => Figure.Of(get(d), missing),
    };

    private static Metric<LibvirtDomain> Bytes(string id, string title, string help, Func<LibvirtDomain, ulong?> get) => new()
    {
        Id = id, Title = title, Unit = Unit.Bytes, Width = 6, Needs = s_libvirt, Source = Stats, Help = help,
        Get = d => Figure.Of(get(d), d.IsActive ? "the guest's balloon driver does not tell" : NotRunning),
    };
}
