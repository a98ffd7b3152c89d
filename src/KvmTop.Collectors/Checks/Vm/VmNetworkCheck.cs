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

        foreach (var (network, virtio) in Networks(vm.Info.Arguments))
        {
            var set = network.Set;
            if (set["type"] == "user")
            {
                yield return Info("a user-mode network", network.Text, "every packet is handled in QEMU by a TCP/IP stack of its own: fit for tests", "use a tap on a bridge (-netdev tap,vhost=on)");
            }

            // vhost and queues are for virtio only: an emulated card has its own finding.
            if (!virtio || set["type"] is not ("tap" or "bridge"))
            {
                continue;
            }

            if (set["type"] == "bridge")
            {
                yield return Warning("a bridge network, which cannot have vhost", network.Text, "QEMU copies each packet, in its main loop", "start it with -netdev tap,br=..,helper=/usr/lib/qemu/qemu-bridge-helper,vhost=on (modprobe vhost_net)");
            }
            else if ((set.Flag("vhost") ?? (set["vhostfd"] ?? set["vhostfds"]) is not null) == false && set.Flag("vhostforce") != true)
            {
                yield return Warning("a tap network without vhost", network.Text, "QEMU copies each packet, in its main loop", "start it with -netdev tap,..,vhost=on (modprobe vhost_net; libvirt: <driver name='vhost'/>)");
            }

            if (vm.Info.VcpuCount >= ManyVcpus && set["queues"] is null or "1" && set["fds"] is null)
            {
                yield return Info(
                    FormattableString.Invariant($"one network queue for {vm.Info.VcpuCount} vCPUs"), network.Text, "one vCPU of the guest handles all packets",
                    "start it with -netdev tap,..,queues=4 and -device virtio-net-pci,..,mq=on,vectors=10 (libvirt: <driver queues='4'/>)");
            }
        }
    }

    // What stands behind each card, and whether the card is a virtio one: -netdev with its -device, and both in one -nic.
    private static IEnumerable<(QemuOption Network, bool Virtio)> Networks(IReadOnlyList<string> arguments)
    {
        var virtio = new HashSet<string>(StringComparer.Ordinal);
        foreach (var device in QemuOptions.Of(arguments, "device", "driver"))
        {
            if (device.Set["netdev"] is { } id && IsVirtio(device.Set["driver"]))
            {
                virtio.Add(id);
            }
        }

        foreach (var network in QemuOptions.Of(arguments, "netdev", "type"))
        {
            yield return (network, network.Set["id"] is { } id && virtio.Contains(id));
        }

        foreach (var network in QemuOptions.Of(arguments, "nic", "type"))
        {
            yield return (network, IsVirtio(network.Set["model"]));
        }
    }

    private static bool IsVirtio(string? model) => model?.StartsWith("virtio", StringComparison.Ordinal) == true;
}
