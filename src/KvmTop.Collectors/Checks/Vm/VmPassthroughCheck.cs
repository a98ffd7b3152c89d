using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Devices of the host that a VM has for itself: on which node they are (<c>/sys/bus/pci/devices/ADDRESS/numa_node</c>, -1 for none), and what they do to a balloon.</summary>
public sealed class VmPassthroughCheck() : VmCheck("vm-passthrough", "Devices of the host")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var devices = vm.Info.Description.Devices;
        var pinsMemory = false;
        foreach (var device in devices)
        {
            if (device.Kind != VmDeviceKind.Passthrough || device.Model != "vfio-pci" || PassthroughTopic.AddressOf(device) is not { } address || address.Contains("..", StringComparison.Ordinal))
            {
                continue;
            }

            pinsMemory = true;
            var file = context.Read($"/sys/bus/pci/devices/{address}/numa_node");
            if (file.Number is >= 0 and var node && context.NodesOf(vm) is { Count: > 0 } nodes && !nodes.Contains((int)node))
            {
                yield return Warning(
                    $"its device {address} is on node {node}, and no vCPU may run there", $"{file.Evidence}; vCPUs on node{(nodes.Count == 1 ? "" : "s")} {string.Join(", ", nodes)}",
                    "each interrupt and each access to the device crosses between the nodes", $"pin its vCPUs to node {node}, and take its memory from there");
            }
        }

        if (pinsMemory && devices.Any(d => d.Kind == VmDeviceKind.Balloon))
        {
            yield return Info("its balloon gives nothing back", $"pid {vm.Info.Pid}: vfio-pci beside virtio-balloon", "a device that writes to memory by itself has all of it pinned: QEMU then ignores what the balloon takes", "plan with all of its memory, and leave the balloon at its full size");
        }
    }
}
