using System.Globalization;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>A device of the host's that a VM has for itself. Texts are cleaned; null is not known.</summary>
/// <param name="Address">PCI address ("0000:3b:10.2"), mediated device or USB address.</param>
/// <param name="Model">"vfio-pci", "usb-host".</param>
/// <param name="IommuGroup">Its IOMMU group.</param>
/// <param name="Parent">The physical function that it is a virtual function of (SR-IOV), with its network interface.</param>
/// <param name="Driver">The host's driver: vfio-pci while the VM has it.</param>
public sealed record PassthroughDevice(string Address, string? Model, string? IommuGroup, string? Parent, string? Driver);

/// <summary>The passthrough devices of all VMs that have any.</summary>
/// <param name="Vms">Per VM.</param>
public sealed record PassthroughModel(IReadOnlyDictionary<VmKey, IReadOnlyList<PassthroughDevice>> Vms)
{
    /// <summary>A VM's; empty for none.</summary>
    public IReadOnlyList<PassthroughDevice> Find(VmKey vm) => Vms.GetValueOrDefault(vm) ?? [];
}

/// <summary>Devices given to VMs, from their command lines and <c>/sys/bus/pci/devices</c>. What they move nobody on the host can count.</summary>
public sealed class PassthroughTopic : PlainTopic<PassthroughModel>
{
    private PassthroughTopic()
        : base("passthrough", "Passthrough devices", TimeSpan.FromSeconds(30), VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static PassthroughTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<PassthroughModel> CreateCollector(CollectorContext context) => new Collector(context);

    private sealed class Collector(CollectorContext context) : ICollector<PassthroughModel>
    {
        private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));

        public Reading<PassthroughModel> Collect()
        {
            var vms = new Dictionary<VmKey, IReadOnlyList<PassthroughDevice>>();
            foreach (var vm in _registry.Vms)
            {
                List<PassthroughDevice>? devices = null;
                foreach (var device in vm.Info.Description.Devices)
                {
                    if (device.Kind == VmDeviceKind.Passthrough)
                        (devices ??= []).Add(Look(device));
                }

                if (devices is not null)
                    vms.Add(vm.Info.Key, devices);
            }

            return Reading<PassthroughModel>.Ok(new PassthroughModel(vms));
        }

        public void Dispose()
        {
        }

        private PassthroughDevice Look(VmDevice device)
        {
            var model = device.Model is { } m ? HostileText.Clean(m, 32) : null;
            if (device.Detail is not { Length: > 0 } detail)
                return new PassthroughDevice("?", model, null, null, null);

            // host=3b:10.2 leaves the domain out; sysfsdev=/sys/bus/mdev/devices/UUID names the folder.
            var address = HostileText.Clean(detail[(detail.LastIndexOf('/') + 1)..], 64);
            if (address.Contains("..", StringComparison.Ordinal) || model is "usb-host")
                return new PassthroughDevice(address, model, null, null, null);
            if (address.Length == 7 && address[2] == ':')
                address = "0000:" + address;
            var folder = detail.Contains("/mdev/", StringComparison.Ordinal) ? "/sys/bus/mdev/devices/" + address : "/sys/bus/pci/devices/" + address;
            var parent = LastOf(folder + "/physfn");
            if (parent is not null)
            {
                var names = new List<string>();
                _ = context.Host.List(folder + "/physfn/net", names);
                parent += names.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({HostileText.Clean(names[0], 16)})") : "";
            }

            return new PassthroughDevice(address, model, LastOf(folder + "/iommu_group"), parent, LastOf(folder + "/driver"));
        }

        private string? LastOf(string path)
        {
            var link = NicsCollector.LinkOf(context.Host, path);
            return link.Length == 0 ? null : HostileText.Clean(link[(link.LastIndexOf('/') + 1)..], 64);
        }
    }
}
