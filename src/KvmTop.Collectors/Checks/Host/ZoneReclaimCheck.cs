namespace KvmTop.Collectors.Checks;

/// <summary>zone_reclaim_mode.</summary>
public sealed class ZoneReclaimCheck() : Check("zone-reclaim", "Zone reclaim", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/proc/sys/vm/zone_reclaim_mode");
        if (file.Number is { } mode)
        {
            yield return mode != 0
                ? Warning("memory of a node is reclaimed before another node is asked", file.Evidence, "guests stall while pages are written out though other nodes have free memory", "sysctl vm.zone_reclaim_mode=0; to keep it: echo 'vm.zone_reclaim_mode=0' > /etc/sysctl.d/90-kvm.conf")
                : Ok("zone reclaim is off", file.Evidence);
        }
    }
}
