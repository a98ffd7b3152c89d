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

    /// <summary>The VMs that words name in whole, each once; null, and what is wrong.</summary>
    protected static IReadOnlyList<VmInfo>? Find(ActionContext context, IEnumerable<string> words, out string mistake)
    {
        var found = new List<VmInfo>();
        mistake = "expected the name, UUID or pid of a VM";
        foreach (var word in words)
        {
            if (context.FindVm(word, out mistake, whole: true) is not { } vm)
                return null;
            if (!found.Exists(f => f.Key == vm.Key))
                found.Add(vm);
        }

        return found.Count > 0 ? found : null;
    }

    /// <summary>The words about some VMs: by pid, so that running a plan's words again later can mean no other.</summary>
    protected IReadOnlyList<string> WordsFor(IReadOnlyList<VmInfo> vms, params string[] rest) => [.. Name.Split(' '), .. vms.Select(ActionContext.WordOf), .. rest];

    /// <summary>What must be typed before something is destroyed: the VM's name, or its pid where that cannot be typed.</summary>
    protected static string ConfirmWord(IReadOnlyList<VmInfo> vms) =>
        vms.Count > 1 ? Called(vms)
        : vms[0].Name is { Length: > 0 and <= 100 } vm && vm.Trim() == vm && vm.All(c => c is >= ' ' and <= '~') ? vm
        : ActionContext.WordOf(vms[0]);

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
            if (peer.Route != VmRoute.Signal && peer.FindObstacle(context.Control) is not { } obstacle)
                return null;
            why ??= peer.Route == VmRoute.Signal ? context.Control.QmpRefusal(vm.Key) ?? NoMonitor : peer.FindObstacle(context.Control)?.Reason;
        }

        return why;
    }

    /// <summary>What the VMs of a selection do at this moment, as the screen has it.</summary>
    protected static bool All(ActionContext context, IReadOnlyList<VmInfo> vms, params VmState[] states) =>
        vms.All(vm => context.Snapshot.Get(VmsTopic.Instance).Value?.Find(vm.Key) is { } model && states.Contains(model.State));
}
