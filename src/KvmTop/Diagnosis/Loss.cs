using KvmTop.Collectors;
using KvmTop.Text;

namespace KvmTop.Diagnosis;

/// <summary>What a VM loses time by.</summary>
internal enum LossKind
{
    /// <summary>A vCPU wants to run and gets no CPU.</summary>
    Wait,

    /// <summary>A CPU quota holds it back.</summary>
    Throttle,

    /// <summary>Memory of it is swapped out by the host.</summary>
    Swap,

    /// <summary>Its memory lies on other nodes than its vCPUs.</summary>
    Remote,
}

/// <summary>One thing that a VM loses time by.</summary>
/// <param name="Kind">What.</param>
/// <param name="Value">The figure beyond its threshold: percent, or bytes that are swapped out.</param>
/// <param name="LostPct">The share of its time that it probably costs, in percent: what troubles are compared by.</param>
/// <param name="IsCritical">Beyond the critical threshold.</param>
internal sealed record Loss(LossKind Kind, double Value, double LostPct, bool IsCritical)
{
    /// <summary>In words: "waits for a CPU 59.0%".</summary>
    public string Words => Kind switch
    {
        LossKind.Wait => "waits for a CPU ",
        LossKind.Throttle => "throttled ",
        LossKind.Swap => "swapped out ",
        _ => "local memory only ",
    } + Figure;

    /// <summary>In few words, for those that are not the worst: "waits 59.0%".</summary>
    public string Brief => Kind switch
    {
        LossKind.Wait => "waits ",
        LossKind.Throttle => "throttled ",
        LossKind.Swap => "swap ",
        _ => "local ",
    } + Figure;

    /// <summary>The figure alone: "59.0%", "5.0G".</summary>
    public string Figure => FigureFormat.ToText(Collectors.Figure.Of(Value), Kind == LossKind.Swap ? Unit.Bytes : Unit.Percent, 5) + (Kind == LossKind.Swap ? "" : "%");
}

/// <summary>A VM in trouble.</summary>
/// <param name="Vm">Which.</param>
/// <param name="Name">Its name.</param>
/// <param name="Losses">All that it loses time by, the worst first.</param>
internal sealed record VmTrouble(VmKey Vm, string Name, IReadOnlyList<Loss> Losses)
{
    /// <summary>What the worst of them costs, in percent of its time. Not the sum: time held back by a quota is waiting time, too.</summary>
    public double LostPct => Losses[0].LostPct;

    /// <summary>True when one of them is beyond its critical threshold.</summary>
    public bool IsCritical
    {
        get
        {
            var critical = false;
            foreach (var loss in Losses)
            {
                critical |= loss.IsCritical;
            }

            return critical;
        }
    }

    /// <summary>The worst in words and the others in few.</summary>
    public string Words
    {
        get
        {
            var text = Losses[0].Words;
            for (var i = 1; i < Losses.Count; i++)
            {
                text += ", " + Losses[i].Brief;
            }

            return text;
        }
    }
}
