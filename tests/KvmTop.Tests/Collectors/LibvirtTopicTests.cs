using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

public sealed class LibvirtTopicTests
{
    private const string Uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";

    private static readonly LibvirtDomain s_domain = new() { Name = "web", Uuid = Guid.Parse(Uuid), Id = 3, State = LibvirtState.Running };

    [Fact]
    public void Match_takes_libvirts_own_process_with_the_uuid() => Assert.Equal([100], Matched(Vm(100, Uuid, owned: true), Vm(200, "11111111-f6a4-8304-79aa-97f2502e193f", owned: true)));

    [Fact]
    public void Match_takes_the_uuid_however_it_is_written() => Assert.Equal([100], Matched(Vm(100, Uuid.ToUpperInvariant(), owned: true)));

    [Fact]
    public void Match_leaves_a_process_that_only_copied_the_uuid() => Assert.Equal([100], Matched(Vm(100, Uuid, owned: true), Vm(50, Uuid, owned: false)));

    [Fact]
    public void Match_of_two_claims_without_a_pid_file_takes_neither() => Assert.Empty(Matched(Vm(100, Uuid, owned: true), Vm(200, Uuid, owned: true)));

    [Fact]
    public void Match_of_two_claims_goes_by_libvirts_pid_file()
    {
        var host = new FakeHost();
        host.Write("/run/libvirt/qemu/web.pid", "200\n");
        Assert.Equal([200], Matched(host, s_domain, Vm(100, Uuid, owned: true), Vm(200, Uuid, owned: true), Vm(300, Uuid, owned: true)));
    }

    [Fact]
    public void Match_never_reads_a_pid_file_elsewhere()
    {
        var host = new FakeHost();
        host.Write("/run/libvirt/qemu/../../x.pid", "200\n");
        Assert.Empty(Matched(host, s_domain with { Name = "../../x" }, Vm(100, Uuid, owned: true), Vm(200, Uuid, owned: true)));
    }

    [Theory]
    [InlineData("not a uuid")]
    [InlineData("")]
    public void Match_uuid_that_is_none_is_nobodys(string uuid) => Assert.Empty(Matched(Vm(100, uuid, owned: true)));

    [Fact]
    public void Match_domain_that_is_off_has_no_process() => Assert.Empty(Matched(new FakeHost(), s_domain with { Id = null }, Vm(100, Uuid, owned: true)));

    [Theory]
    [InlineData(LibvirtState.Running, null, null)]
    [InlineData(LibvirtState.Blocked, null, null)]
    [InlineData(LibvirtState.Off, "shutdown", null)]
    [InlineData(LibvirtState.Paused, "user", "paused")]
    [InlineData(LibvirtState.Paused, "I/O error", "io-error")]
    [InlineData(LibvirtState.Paused, "crashed", "guest-panicked")]
    [InlineData(LibvirtState.Crashed, "panicked", "crashed")]
    [InlineData(LibvirtState.Suspended, null, "suspended")]
    public void StateOf_says_what_proc_cannot(LibvirtState state, string? reason, string? expected) =>
        Assert.Equal(expected, LibvirtTopic.StateOf(Row(ReadingStatus.Ok, s_domain with { State = state, StateReason = reason })));

    [Fact]
    public void StateOf_an_old_answer_says_nothing() => Assert.Null(LibvirtTopic.StateOf(Row(ReadingStatus.Stale, s_domain with { State = LibvirtState.Paused })));

    [Fact]
    public void Compare_tells_events_by_their_weight()
    {
        var now = Model(s_domain) with { Events = [new(default, "web", "crashed", "panicked"), new(default, "web", "started", ""), new(default, "web", "I/O error", "vda")] };
        var events = LibvirtTopic.Instance.Compare(Model(s_domain), now, default).ToList();
        Assert.Equal([(Severity.Critical, "crashed: panicked"), (Severity.Info, "started"), (Severity.Warning, "I/O error: vda")], events.Select(e => (e.Severity, e.Text)));
        Assert.All(events, e => Assert.Equal("web", e.Subject));
    }

    [Fact]
    public void Compare_events_that_were_dropped_are_told() =>
        Assert.Contains("7 events", Assert.Single(LibvirtTopic.Instance.Compare(Model(s_domain), Model(s_domain) with { EventsLost = 7 }, default)).Text, StringComparison.Ordinal);

    [Fact]
    public void Figure_of_a_vm_that_is_not_libvirts_says_so()
    {
        var row = Row(ReadingStatus.Ok, domain: null);
        Assert.Equal("it is not one of libvirt's", LibvirtMetrics.PerVm.Single(m => m.Id == "title").Get(row).MissingReason);
    }

    private static IEnumerable<int> Matched(params VmInfo[] vms) => Matched(new FakeHost(), s_domain, vms);

    private static IEnumerable<int> Matched(FakeHost host, LibvirtDomain domain, params VmInfo[] vms) =>
        new LibvirtDomains(host).Match([domain], vms).Keys.Select(k => k.Pid).Order();

    private static LibvirtModel Model(LibvirtDomain? domain) => new()
    {
        Vms = domain is null ? new Dictionary<VmKey, LibvirtDomain>() : new Dictionary<VmKey, LibvirtDomain> { [new VmKey(100, 1)] = domain }, Inactive = [], IsAnswered = true,
    };

    private static VmRow Row(ReadingStatus status, LibvirtDomain? domain)
    {
        var state = new TopicState(LibvirtTopic.Instance, status, null, default, default, Model(domain), []);
        var snapshot = new Snapshot(1, default, default, new Dictionary<Topic, TopicState> { [LibvirtTopic.Instance] = state }, EventList.Empty);
        var info = Vm(100, Uuid, owned: false);
        return new VmRow(snapshot, VmsTopic.Instance.Derive(null, new VmsSample([new VmSample { Info = info, ReadAt = default, State = VmState.Running, Stat = default, Threads = [] }], 0)).Vms[0]);
    }

    private static VmInfo Vm(int pid, string uuid, bool owned) => new()
    {
        Key = new VmKey(pid, 1), Name = "vm", Vmm = VmmKind.Qemu, Accelerator = "kvm", Confirmed = true, User = "root", Arguments = [], Threads = [], VcpuThreads = 0, VcpuSource = "",
        Description = new VmDescription { Vmm = VmmKind.Qemu, Uuid = uuid, LibvirtOwned = owned },
    };
}
