using System.Globalization;
using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>What actions on running VMs have in common: which are meant, how they are called, and who may touch them.</summary>
/// <param name="name">The words on the shell: "vm pause".</param>
public abstract class VmAction(string name) : HostAction(name)
{
    /// <summary>What is offered where a VM has no monitor that could be asked.</summary>
    protected const string NoMonitor = "it has no monitor to talk to";

    /// <summary>"db1", or "3 VMs".</summary>
    protected static string Called(IReadOnlyList<VmInfo> vms) => vms.Count == 1 ? vms[0].Name : string.Create(CultureInfo.InvariantCulture, $"{vms.Count} VMs");

    /// <summary>The VMs that words name in whole, each once, or that are chosen on the screen; null, and what is wrong.</summary>
    protected static IReadOnlyList<VmInfo>? Find(ActionContext context, IEnumerable<string> words, out string mistake) => context.FindVms(words, out mistake, whole: true);

    /// <summary>Why a choice about one VM cannot be had: more are marked; null when it can.</summary>
    protected static string? MoreThanOne(IReadOnlyList<VmInfo> vms) => vms.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{vms.Count} VMs are marked: one at a time") : null;

    /// <summary>The words about some VMs: by pid, so that running a plan's words again later can mean no other.</summary>
    protected IReadOnlyList<string> WordsFor(IReadOnlyList<VmInfo> vms, params string[] rest) => [.. Name.Split(' '), .. vms.Select(ActionContext.WordOf), .. rest];

    /// <summary>What must be typed before something is destroyed: the VM's name, or its pid where that cannot be typed.</summary>
    protected static string ConfirmWord(IReadOnlyList<VmInfo> vms) =>
        vms.Count > 1 ? Called(vms)
        : vms[0].Name is { Length: > 0 and <= 100 } vm && vm.Trim() == vm && vm.All(c => c is >= ' ' and <= '~') ? vm
        : ActionContext.WordOf(vms[0]);

    /// <summary>A VM as it is reached, made sure of where libvirt is to be told; null with the obstacle added when libvirt's domain is another process, or does not say.</summary>
    /// <param name="context">The moment and the host.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="obstacles">Where the reason is added.</param>
    /// <param name="remedy">What reaches it without libvirt; null for nothing.</param>
    protected static VmPeer? Reach(ActionContext context, VmInfo vm, List<Obstacle> obstacles, string? remedy)
    {
        var peer = VmPeer.Of(vm, context.Control).Proven(context.Control, out var problem);
        if (peer is null)
            obstacles.Add(problem! with { Reason = $"{vm.Name}: {problem.Reason}", Remedy = remedy ?? problem.Remedy });
        return peer;
    }

    /// <summary>Why this user may not send signals to a VM's process; null when he may.</summary>
    protected static Obstacle? SignalObstacle(ActionContext context, VmInfo vm) =>
        context.Control.Actor is { IsRoot: false } actor && vm.User != actor.Name ? Obstacle.Privilege($"{vm.Name} is {vm.User ?? "another user"}'s: {actor.Name} may not send it signals") : null;

    /// <summary>Why the monitor of a VM cannot be asked.</summary>
    protected static Obstacle MonitorObstacle(ActionContext context, VmInfo vm, string? remedy)
    {
        var obstacle = VmPeer.OfReason($"{vm.Name}: {context.Control.QmpRefusal(vm.Key) ?? NoMonitor}");
        return obstacle.Kind == ObstacleKind.Privilege || remedy is null ? obstacle : obstacle with { Remedy = remedy };
    }

    /// <summary>Why none of some VMs can be told by monitor or libvirt; null when one can.</summary>
    protected static string? NobodyToAsk(ActionContext context, IReadOnlyList<VmInfo> vms)
    {
        string? why = null;
        foreach (var vm in vms)
        {
            var peer = VmPeer.Of(vm, context.Control);
            var obstacle = peer.FindObvious(context.Control);
            if (peer.Route != VmRoute.Signal && obstacle is null)
                return null;
            why ??= peer.Route == VmRoute.Signal ? context.Control.QmpRefusal(vm.Key) ?? NoMonitor : obstacle?.Reason;
        }

        return why;
    }

    /// <summary>What the VMs of a selection do at this moment, as the screen has it.</summary>
    protected static bool All(ActionContext context, IReadOnlyList<VmInfo> vms, params VmState[] states) =>
        vms.All(vm => context.Snapshot.Get(VmsTopic.Instance).Value?.Find(vm.Key) is { } model && states.Contains(model.State));
}
