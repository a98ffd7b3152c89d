using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

/// <summary>A host with VMs that stand still where a test puts them, and what is done to them.</summary>
public abstract class VmActionStage : IDisposable
{
    private const string Uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";

    protected VmActionStage()
    {
        Host.Monitor = Monitor;
        Host.Domains = Domains;
    }

    protected const int Pid = 700_001;

    private protected FakeControl Host { get; } = new();

    protected List<VmModel> Vms { get; } = [];

    /// <summary>What the guest does, in its monitor's words.</summary>
    protected string State { get; set; } = "running";

    /// <summary>The memory that the balloon leaves it.</summary>
    protected long Actual { get; set; } = 1L << 30;

    /// <summary>Whether the guest has a balloon driver.</summary>
    protected bool Driver { get; set; } = true;

    public void Dispose()
    {
        Host.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static QmpReply Json(string json) => new(QmpReplyStatus.Ok, System.Text.Encoding.UTF8.GetBytes(json), null, default, default);

    protected ActionDesk Desk => new(Host, new Journal(Host.Map("/var/log/kvmtop/audit.jsonl"), Host));

    protected ActionPlan Plan(string words) => Plan(words.Split(' '));

    protected ActionPlan Plan(params string[] words) => Desk.Plan(new ActionContext(Snapshot(), Host), words);

    protected ActionResult Execute(ActionPlan plan)
    {
        Host.Log.Clear();
        return Desk.Execute(plan, null, _ => { });
    }

    protected ActionResult Undo() => Desk.Execute(Desk.PlanUndo(null), null, _ => { });

    protected QmpReply Monitor(string command, string? arguments)
    {
        switch (command)
        {
            case "stop":
                State = "paused";
                break;
            case "cont":
                State = "running";
                break;
            case "balloon" when Driver:
                Actual = long.Parse(arguments!["{\"value\":".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
                break;
        }

        return Json($$"""{"status":"{{State}}","actual":{{Actual}}}""");
    }

    private LibvirtReply Domains(LibvirtRequest request)
    {
        State = request.Operation switch { "suspend" => "paused", "resume" => "running", _ => State };
        return new LibvirtReply(true, request.Operation switch { "get-state" => State, "identify" => Vms.Find(v => v.Info.Key == request.Process)?.Info.Name, _ => null }, null);
    }

    protected void Stat(int pid, char state) => _ = Host.With(
        FormattableString.Invariant($"/proc/{pid}/stat"),
        FormattableString.Invariant($"{pid} (qemu) {state} 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {pid} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));

    protected void Add(string name, int pid, bool libvirt = false, VmState state = VmState.Running)
    {
        Host.Started[pid] = (ulong)pid;
        string[] arguments = ["qemu", "-m", "1024", .. libvirt ? ["-uuid", Uuid] : Array.Empty<string>()];
        var info = new VmInfo
        {
            Key = new VmKey(pid, (ulong)pid), Name = name, Vmm = VmmKind.Qemu, Accelerator = "kvm", Confirmed = true, User = "root", Uid = 0, Arguments = [], Threads = [], VcpuThreads = 0, VcpuSource = "",
            Description = VmDescriber.Describe(VmmKind.Qemu, arguments) with
            {
                LibvirtOwned = libvirt,
                Devices = [new VmDevice(VmDeviceKind.Disk, "virtio-blk-pci", "drive0", "/a/disk.img", true)],
            },
        };
        Vms.Add(new VmModel
        {
            Info = info, State = state, Interval = default, Threads = [], Times = default, EmulatorPct = 0, VcpuPct = 0, Ready = default, ReadBytesPerSecond = 0, WriteBytesPerSecond = 0,
            ThrottledPct = 0, RssBytes = null,
        });
    }

    protected Snapshot Snapshot() => new(
        1, default, default,
        new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = new TopicState(VmsTopic.Instance, ReadingStatus.Ok, null, default, default, new VmsModel(Vms, 0), []) },
        EventList.Empty);
}
