using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>Finds the taps of each VM now and then, and reads the counters of all interfaces of a network namespace at once: one file for all VMs in it.</summary>
internal sealed class NicsCollector(CollectorContext context) : ICollector<NicsSample>
{
    private readonly HostRoot _host = context.Host;
    private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
    private readonly LibvirtDomains _libvirt = context.Services.Get(() => new LibvirtDomains(context.Host));
    private readonly Dictionary<VmKey, VmTaps> _vms = [];
    private readonly Dictionary<string, Namespace> _namespaces = [];
    private readonly ReadBuffer _buffer = new(32 << 10);
    private long _tick;

    public Reading<NicsSample> Collect()
    {
        _tick++;
        var now = _host.Monotonic();
        var own = LinkOf(_host, "/proc/self/ns/net");
        var vms = new Dictionary<VmKey, VmNicsSample>(_registry.Vms.Count);
        var (blind, unseen) = (false, 0);
        string? why = null;
        foreach (var vm in _registry.Vms)
        {
            if (!_vms.TryGetValue(vm.Info.Key, out var taps))
                _vms.Add(vm.Info.Key, taps = new VmTaps(_host));
            taps.FindIfDue(vm, own, _registry.Uptime);
            if (taps.Reason is not null && vm.Info.Description.LibvirtOwned)
            {
                blind = true;
                if (OfLibvirt(vm.Info) is { } told)
                {
                    vms.Add(vm.Info.Key, told);
                    continue;
                }
            }

            if (!_namespaces.TryGetValue(taps.Namespace, out var space))
                _namespaces.Add(taps.Namespace, space = new Namespace());
            var counters = new NetDevCounters?[taps.Nics.Count];
            for (var i = 0; i < counters.Length; i++)
            {
                if (taps.Nics[i].Interface is { } name)
                {
                    if (space.Tick != _tick)
                        space.Read(_host, vm.Info.Pid, _buffer, _tick);
                    counters[i] = space.Find(name);
                }
            }

            if (taps.Reason is not null)
            {
                unseen++;
                why ??= taps.Reason;
            }

            vms.Add(vm.Info.Key, new VmNicsSample(space.Tick == _tick ? space.At : now, taps.Nics, counters, taps.Reason));
        }

        _libvirt.NicsWanted = blind;
        foreach (var key in _vms.Keys)
        {
            if (!vms.ContainsKey(key))
                _vms.Remove(key);
        }

        foreach (var (name, space) in _namespaces)
        {
            if (_tick - space.Tick > 60)
                _namespaces.Remove(name);
        }

        return Reading<NicsSample>.Partly(new NicsSample(vms), unseen == 0 ? null : $"{unseen} of {vms.Count} VMs: {why}");
    }

    public void Dispose() => _libvirt.NicsWanted = false;

    /// <summary>The interfaces of a domain whose descriptors may not be seen, as libvirt tells them; null while it has not.</summary>
    private VmNicsSample? OfLibvirt(VmInfo vm)
    {
        var (domain, was) = _libvirt.Find(vm.Key);
        return domain is { Nics.Count: > 0 } ? Sample(domain, _libvirt.Answer!.At, was is null ? null : Sample(was, _libvirt.Before!.At, null)) : null;

        VmNicsSample Sample(LibvirtDomain domain, TimeSpan at, VmNicsSample? before)
        {
            var nics = new NicInfo[domain.Nics.Count];
            var counters = new NetDevCounters?[nics.Length];
            for (var i = 0; i < nics.Length; i++)
            {
                var (number, name, counted) = domain.Nics[i];
                var device = DeviceOf(number);
                nics[i] = new NicInfo(name, name, "interface", device?.Model is { } model ? HostileText.Clean(model, 64) : null, device?.IsVirtio, 0, false, null, false);
                counters[i] = counted;
            }

            return new VmNicsSample(at, nics, counters, null) { IsGuestView = true, Before = before };
        }

        // libvirt writes the devices of a command line in its own order.
        VmDevice? DeviceOf(int number)
        {
            foreach (var device in vm.Description.Devices)
            {
                if (device.Kind == VmDeviceKind.Nic && number-- == 0)
                    return device;
            }

            return null;
        }
    }

    /// <summary>The target of a link; empty when it may not be read.</summary>
    internal static string LinkOf(HostRoot host, string path)
    {
        Span<byte> target = stackalloc byte[512];
        return host.ReadLink(path, target, out var length) == Errno.None ? Encoding.UTF8.GetString(target[..length]) : "";
    }

    /// <summary>The counters of the interfaces of one network namespace.</summary>
    private sealed class Namespace
    {
        private readonly Dictionary<string, Interface> _interfaces = [];

        public long Tick { get; private set; }

        public TimeSpan At { get; private set; }

        public void Read(HostRoot host, int pid, ReadBuffer buffer, long tick)
        {
            Tick = tick;
            var text = buffer.ReadAll(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/net/dev"), out _);
            At = host.Monotonic();
            var reader = new NetDevReader(text);
            var lookup = _interfaces.GetAlternateLookup<ReadOnlySpan<char>>();
            Span<char> characters = stackalloc char[32];
            while (reader.TryNext(out var name, out var counters))
            {
                // IFNAMSIZ is 16 bytes.
                if (name.Length > 16)
                    continue;
                var key = characters[..Encoding.UTF8.GetChars(name, characters)];
                if (!lookup.TryGetValue(key, out var known))
                    lookup[key] = known = new Interface();
                (known.Counters, known.Tick) = (counters, tick);
            }
        }

        public NetDevCounters? Find(string name) => _interfaces.TryGetValue(name, out var found) && found.Tick == Tick ? found.Counters : null;
    }

    private sealed class Interface
    {
        public NetDevCounters Counters { get; set; }

        public long Tick { get; set; }
    }
}
