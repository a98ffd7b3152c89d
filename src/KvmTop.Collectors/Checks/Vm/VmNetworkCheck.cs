using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Emulated network cards, user networks, and taps without vhost or queues.</summary>
public sealed class VmNetworkCheck() : VmCheck("vm-network", "Networks")
{
    private const int ManyVcpus = 8;

    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var about = vm.Info.Description;
        if (about.Vmm != VmmKind.Qemu)
        {
            yield break;
        }

        foreach (var nic in about.Devices)
        {
            if (nic.Kind == VmDeviceKind.Nic && !nic.IsVirtio && nic.Model is { } model)
            {
                yield return Warning($"an emulated network card ({HostileText.Clean(model, 40)})", $"pid {vm.Info.Pid}: {HostileText.Clean(nic.Detail ?? nic.Id ?? "", 100)}", "each packet exits many times and passes through QEMU", "use virtio-net-pci (libvirt: <model type='virtio'/>), with virtio drivers in the guest");
            }
        }

        foreach (var network in QemuOptions.Of(vm.Info.Arguments, "netdev"))
        {
            var text = string.Join(',', network.Select(n => n.Value == "on" && n.Key is "tap" or "user" ? n.Key : $"{n.Key}={n.Value}"));
            if (network.ContainsKey("user") || network.GetValueOrDefault("type") == "user")
            {
                yield return Info("a user-mode network", $"-netdev {HostileText.Clean(text, 120)}", "every packet is handled in QEMU by a TCP/IP stack of its own: fit for tests", "use a tap on a bridge (-netdev tap,vhost=on)");
            }
            else if (network.ContainsKey("tap") || network.GetValueOrDefault("type") == "tap")
            {
                if (network.GetValueOrDefault("vhost") is null or "off" && !network.ContainsKey("vhostfd") && !network.ContainsKey("vhostfds"))
                {
                    yield return Warning("a tap network without vhost", $"-netdev {HostileText.Clean(text, 120)}", "QEMU copies each packet, in its main loop", "start it with -netdev tap,..,vhost=on (modprobe vhost_net)");
                }

                if (vm.Info.VcpuCount >= ManyVcpus && !network.ContainsKey("queues") && !network.ContainsKey("fds"))
                {
                    yield return Info(
                        FormattableString.Invariant($"one network queue for {vm.Info.VcpuCount} vCPUs"), $"-netdev {HostileText.Clean(text, 120)}", "one vCPU of the guest handles all packets",
                        FormattableString.Invariant($"start it with -netdev tap,..,queues=4 and -device virtio-net-pci,..,mq=on,vectors=10 (libvirt: <driver queues='4'/>)"));
                }
            }
        }
    }
}
