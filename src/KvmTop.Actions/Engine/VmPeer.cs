using System.Text;
using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>By whom a VM is told what to do.</summary>
public enum VmRoute
{
    /// <summary>Its own QMP monitor.</summary>
    Qmp,

    /// <summary>libvirt, whose domain it is: through it, so that it knows.</summary>
    Libvirt,

    /// <summary>Signals to its process: it has no monitor to talk to.</summary>
    Signal,
}

/// <summary>A VM that is acted on: who it is, also after its pid has come to mean another process, and by whom it is reached.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="StartTime">When that began, in ticks since boot.</param>
/// <param name="Name">Its name; cleaned.</param>
/// <param name="Route">By whom it is told.</param>
/// <param name="Domain">Its UUID in libvirt; null for one that is not libvirt's.</param>
public sealed record VmPeer(int Pid, ulong StartTime, string Name, VmRoute Route, string? Domain)
{
    /// <summary>The name that libvirt has for the domain; null while it has not been asked.</summary>
    public string? DomainName { get; init; }

    /// <summary>The domain as libvirt names it: "db1 (6695eb01-..)".</summary>
    public string DomainWords => $"{DomainName ?? Name} ({Domain})";

    /// <summary>What the process of a VM that was stopped by a signal is said to be.</summary>
    public const string Stopped = "stopped";

    private static readonly TimeSpan s_readDeadline = TimeSpan.FromSeconds(3);

    /// <summary>Its identity.</summary>
    public VmKey Key => new(Pid, StartTime);

    /// <summary>It, as it can be reached best by what its command line says. Asks nobody: see <see cref="Proven"/> before anything is done by way of libvirt.</summary>
    public static VmPeer Of(VmInfo vm, HostControl host) =>
        vm.Description is { LibvirtOwned: true, Uuid: { } uuid } && Guid.TryParse(uuid, out var domain)
            ? new VmPeer(vm.Pid, vm.Key.StartTimeTicks, vm.Name, VmRoute.Libvirt, domain.ToString())
            : new VmPeer(vm.Pid, vm.Key.StartTimeTicks, vm.Name, host.QmpRefusal(vm.Key) is null ? VmRoute.Qmp : VmRoute.Signal, null);

    /// <summary>
    /// The same VM with libvirt's name for it, when libvirt's domain of that UUID is this very process; else null, and why not. A UUID on a command line is a claim that
    /// anybody can make. One that is not libvirt's is itself: it is reached by its pid.
    /// </summary>
    public VmPeer? Proven(HostControl host, out Obstacle? problem)
    {
        problem = null;
        if (Route != VmRoute.Libvirt || host.Refusal is not null)
            return this;
        var told = Libvirt(host, "identify", [], s_readDeadline);
        problem = told.IsOk ? null : Of(told);
        return told.IsOk ? this with { DomainName = told.Value } : null;
    }

    /// <summary>The same VM by signals to its process.</summary>
    public VmPeer BySignal() => this with { Route = VmRoute.Signal };

    /// <summary>Whether its process has ended: a zombie has, and so has one whose pid came to mean another.</summary>
    public bool HasEnded(HostControl host) => host.StartTimeOf(Pid) != StartTime || ProcessState(host) is 'Z' or 'X';

    /// <summary>Whether its process was stopped by a signal.</summary>
    public bool IsStopped(HostControl host) => ProcessState(host) == 'T';

    /// <summary>What stands in the way of reaching it, as far as can be told without asking anybody; null for nothing.</summary>
    public Obstacle? FindObvious(HostControl host) => HasEnded(host) ? Obstacle.Refused($"{Name} (pid {Pid}) is gone") : Route switch
    {
        VmRoute.Libvirt => host.LibvirtRefusal is { } refusal ? Obstacle.Refused(refusal) : null,
        VmRoute.Qmp => host.QmpRefusal(Key) is { } refusal ? OfReason(refusal) : null,
        _ => null,
    };

    /// <summary>What stands in the way of reaching it, libvirt's own word for who it is included; null for nothing. Asks libvirt.</summary>
    public Obstacle? FindObstacle(HostControl host)
    {
        if (FindObvious(host) is { } obvious)
            return obvious;
        return Proven(host, out var problem) is null ? problem! with { Reason = $"{Name}: {problem.Reason}" } : null;
    }

    /// <summary>Asks its monitor.</summary>
    public QmpReply Qmp(HostControl host, string command, string? arguments, TimeSpan deadline) => host.Qmp(Key, command, arguments, deadline);

    /// <summary>Asks libvirt about it; refused when the process that was meant is gone, for the domain may run again in another.</summary>
    public LibvirtReply Libvirt(HostControl host, string operation, IReadOnlyList<string> arguments, TimeSpan deadline) =>
        HasEnded(host) ? new LibvirtReply(false, null, "the VM is gone") : host.Libvirt(new LibvirtRequest(Domain!, operation, arguments) { Process = Key }, deadline);

    /// <summary>What it does now, in the words of QEMU (running, paused, io-error, ..) or libvirt; stopped for one whose process was stopped and who is reached by signals. Null, and why, when it does not say.</summary>
    public string? ReadState(HostControl host, out Obstacle? problem)
    {
        problem = null;
        switch (Route)
        {
            case VmRoute.Signal:
                return IsStopped(host) ? Stopped : "running";
            case VmRoute.Qmp:
                var reply = Qmp(host, "query-status", null, s_readDeadline);
                var status = reply.IsOk ? QmpAnswers.Text(reply.Json, "status") : null;
                problem = status is null ? OfReason(reply.Reason ?? "QMP: query-status tells no state") : null;
                return status;
            default:
                var told = Libvirt(host, "get-state", [], s_readDeadline);
                problem = told.IsOk ? null : Of(told);

                // A domain that waits for its disk or for work.
                return told.Value == "blocked" ? "running" : told.Value;
        }
    }

    /// <summary>What kind of obstacle a refusal of libvirt's is.</summary>
    public static Obstacle Of(LibvirtReply reply) => reply.IsDenied ? Obstacle.Privilege(reply.Problem ?? "libvirt: denied") : Obstacle.Refused(reply.Problem ?? "libvirt: refused");

    /// <summary>What kind of obstacle a reason of QMP's is.</summary>
    public static Obstacle OfReason(string reason) =>
        reason.Contains("no right", StringComparison.Ordinal) ? Obstacle.Privilege(reason)
        : reason.Contains("another client", StringComparison.Ordinal) || reason.Contains("other clients", StringComparison.Ordinal) || reason.EndsWith("waiting for the greeting", StringComparison.Ordinal)
            ? Obstacle.Refused(reason, "a monitor serves one client: end the one that holds it (another kvmtop lends it)")
        : Obstacle.Refused(reason);

    /// <summary>Writes it into an effect.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("pid", Pid);
        json.WriteNumber("start_time", StartTime);
        json.WriteString("vm", Name);
        json.WriteString("route", Route.ToString().ToLowerInvariant());
        json.WriteString("domain", Domain);
        json.WriteString("domain_name", DomainName);
    }

    /// <summary>Reads it from an effect.</summary>
    public static VmPeer? Read(EffectFields fields) =>
        fields.Number("pid") is > 0 and <= int.MaxValue and var pid && fields.Number("start_time") is >= 0 and var start
        && Enum.TryParse<VmRoute>(fields.Text("route"), ignoreCase: true, out var route) && Enum.IsDefined(route) && (route != VmRoute.Libvirt || fields.Text("domain") is not null)
            ? new VmPeer((int)pid, (ulong)start, fields.Text("vm") ?? "", route, fields.Text("domain")) { DomainName = fields.Text("domain_name") }
            : null;

    private char ProcessState(HostControl host)
    {
        var text = host.ReadText(FormattableString.Invariant($"/proc/{Pid}/stat"), out var errno);
        return errno == Errno.None && ProcPidStat.TryParse(Encoding.UTF8.GetBytes(text!), out var stat) ? stat.State : '?';
    }
}
