using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Load;

/// <summary>
/// Guests that keep the machine busy in the three ways that matter, all at once, with a trail of what they really did; what the
/// program says of them, as JSON and on its screen, is taken once for all tests.
/// </summary>
public sealed class BusyHost : IDisposable
{
    private const int QuotaPercent = 30;

    private readonly List<IDisposable> _owned = [];
    private LoadTrail? _trail;

    /// <summary>Two vCPUs, of which the first spins.</summary>
    public Guest Spinner { get; private set; } = null!;

    /// <summary>Two guests that want the same CPU.</summary>
    public Guest RivalA { get; private set; } = null!;

    public Guest RivalB { get; private set; } = null!;

    /// <summary>Spins, but may use only a part of a CPU.</summary>
    public Guest Throttled { get; private set; } = null!;

    public IReadOnlyList<JsonElement> Records { get; private set; } = [];

    /// <summary>The record of the moment that the three screens show.</summary>
    public JsonElement Shown { get; private set; }

    public string ListScreen { get; private set; } = "";

    public string TreeScreen { get; private set; } = "";

    public string VcpusScreen { get; private set; } = "";

    public IEnumerable<Guest> All => [Spinner, RivalA, RivalB, Throttled];

    /// <summary>What a guest did in the interval of a record.</summary>
    public GuestTruth Truth(Guest guest, JsonElement record) => _trail!.Between(guest, record.Span().From, record.Span().To);

    /// <summary>What a guest did over all records.</summary>
    public GuestTruth Truth(Guest guest) => _trail!.Between(guest, Records[0].Span().From, Records[^1].Span().To);

    /// <summary>Called by each test, so that a machine without KVM skips it instead of failing.</summary>
    public void Start()
    {
        if (_trail is not null) return;
        Need.Cpus(2);
        Need.Tmux();
        var last = Environment.ProcessorCount - 1;
        var box = Own(CgroupBox.Create(QuotaPercent));
        Spinner = Own(Guest.Start(new GuestOptions { Vcpus = 2 }));
        RivalA = Own(Guest.Start(new GuestOptions { PinTo = last }));
        RivalB = Own(Guest.Start(new GuestOptions { PinTo = last }));
        Throttled = Own(Guest.Start(new GuestOptions { Cgroup = box }));
        _trail = Own(new LoadTrail((Spinner, null), (RivalA, null), (RivalB, null), (Throttled, box)));
        Records = JsonRecords.Run("-n", "5", "-d", "1");
        TakeScreens();
    }

    public void Dispose()
    {
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }

    private void TakeScreens()
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(160, 50, "-d", "2", "--filter", $"kvmtop-test-{Environment.ProcessId}");
        session.WaitFor(Throttled.Name);
        // The first reading, the early second one, and two whole intervals.
        Thread.Sleep(TimeSpan.FromSeconds(5));
        session.SendKeys("f");
        session.WaitFor("frozen");
        session.SendKeys("w");
        session.WaitFor("Written:");
        ListScreen = session.Capture();
        session.SendKeys("F5");
        TreeScreen = session.WaitFor("vcpu 1");
        session.SendKeys("2");
        VcpusScreen = session.WaitFor("AFFINITY");
        var file = Directory.GetFiles(workplace.Folder, "kvmtop-*.json").Single();
        Shown = JsonDocument.Parse(File.ReadAllText(file)).RootElement.Clone();
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
