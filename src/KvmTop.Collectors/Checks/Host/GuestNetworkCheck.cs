using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether the kernel can do what guests' network cards need.</summary>
public sealed class GuestNetworkCheck() : Check("guest-network", "tap devices and vhost", CheckGroup.Devices)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        foreach (var (name, device, use) in new[] { ("tun", "/dev/net/tun", "tap networks"), ("vhost_net", "/dev/vhost-net", "fast virtio networks") })
        {
            if (context.Host.Exists(device) || context.Modules.Find(name) is not { } entry)
            {
                continue;
            }

            yield return entry.Module.State switch
            {
                ModuleState.Available => Info($"{name} is not loaded", entry.Module.Evidence, $"{use} need it", "modprobe " + name),
                ModuleState.Missing => Info($"this kernel has no {name}", entry.Module.Evidence, $"{use} need it"),
                _ => Unknown($"{device} is not there", $"{device}: no such file"),
            };
        }

        var filter = context.Read("/proc/sys/net/bridge/bridge-nf-call-iptables");
        if (filter.Number == 1 && context.List("/sys/class/net").Any(n => context.Host.Exists($"/sys/class/net/{n}/bridge")))
        {
            yield return Info("packets between guests pass the host's firewall", filter.Evidence, "it costs CPU for each packet, and its rules may drop them", "sysctl net.bridge.bridge-nf-call-iptables=0, unless a firewall for guests needs it");
        }
    }
}
