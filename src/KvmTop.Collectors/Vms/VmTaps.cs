using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>
/// The network devices of one VM: its descriptors of /dev/net/tun say which interfaces are its own (<c>/proc/PID/fdinfo/N</c>, "iff:"), whatever its command line says,
/// and the command line what the guest sees of them. Looked for again now and then: taps are plugged and unplugged.
/// </summary>
internal sealed class VmTaps(HostRoot host)
{
    private const int MostInterfaces = 256;
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(10);

    private readonly ReadBuffer _buffer = new(1024, 64 << 10);
    private TimeSpan? _due;
    private VmDescription? _described;

    /// <summary>The devices.</summary>
    public IReadOnlyList<NicInfo> Nics { get; private set; } = [];

    /// <summary>Its network namespace ("net:[4026531840]"), or one of its own when that may not be seen.</summary>
    public string Namespace { get; private set; } = "";

    /// <summary>Why its interfaces are not known.</summary>
    public string? Reason { get; private set; }

    public void FindIfDue(TrackedVm tracked, string ownNamespace, TimeSpan uptime)
    {
        var vm = tracked.Info;
        if (_due is { } due && uptime < due && ReferenceEquals(_described, vm.Description))
            return;

        // Spread by pid, so that sixty VMs are not all looked into at the same tick.
        _due = uptime + (_due is null ? TimeSpan.FromMilliseconds(vm.Pid % 10 * 1000) + TimeSpan.FromSeconds(1) : s_pace);
        _described = vm.Description;
        Namespace = NicsCollector.LinkOf(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{vm.Pid}/ns/net"));
        var other = Namespace.Length > 0 && ownNamespace.Length > 0 && Namespace != ownNamespace;
        if (Namespace.Length == 0)
            Namespace = string.Create(CultureInfo.InvariantCulture, $"of {vm.Pid}");
        var errno = tracked.Descriptors.Refresh(uptime);
        var found = Interfaces(vm.Pid, tracked.Descriptors.Links, out var vhost);
        Reason = errno.IsDenied() ? "its descriptors may not be listed: needs root" : null;
        var nics = Match(found, vm.Description.Devices, vhost, other);
        if (!nics.SequenceEqual(Nics))
            Nics = nics;
    }

    private Dictionary<string, Tap> Interfaces(int pid, IReadOnlyList<DescriptorLink> descriptors, out int vhost)
    {
        const string macvtap = "/dev/tap";
        var found = new Dictionary<string, Tap>(StringComparer.Ordinal);
        vhost = 0;
        foreach (var (fd, target) in descriptors)
        {
            string? name = null;
            var kind = "tap";
            if (target == "/dev/net/tun")
            {
                var info = _buffer.ReadAll(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fdinfo/{fd}"), out _);
                name = TunDescriptor.TryParse(info, out var interfaceName) ? Encoding.UTF8.GetString(interfaceName) : null;
            }
            else if (target.StartsWith(macvtap, StringComparison.Ordinal) && int.TryParse(target.AsSpan(macvtap.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                (name, kind) = (InterfaceOf(index), "macvtap");
            }
            else if (target == "/dev/vhost-net")
            {
                vhost++;
            }

            if (name is not null && found.Count < MostInterfaces)
                (found.TryGetValue(name, out var tap) ? tap : found[name] = new Tap(kind)).Queues++;
        }

        return found;
    }

    private List<NicInfo> Match(Dictionary<string, Tap> found, IReadOnlyList<VmDevice> devices, int vhost, bool other)
    {
        var nics = new List<NicInfo>();
        var queues = 0;
        foreach (var tap in found.Values)
            queues += tap.Queues;
        var free = new List<string>(found.Keys);
        free.Sort(StringComparer.Ordinal);
        var unnamed = new List<VmDevice>();
        foreach (var device in devices)
        {
            if (device.Kind == VmDeviceKind.Nic && (device.Detail is null || !free.Contains(device.Detail)))
                unnamed.Add(device);
            else if (device.Kind == VmDeviceKind.Nic && free.Remove(device.Detail!))
                Add(device.Detail!, device);
        }

        foreach (var device in unnamed)
        {
            // A tap that came as a descriptor, through the bridge helper or by a script has no name on the command line: in order then, as QEMU opens them.
            if (device.Detail is null or "user" or "socket" or "stream" or "dgram" or "passt" or "vde" or "vhost-user" or "none" || free.Count == 0)
            {
                nics.Add(new NicInfo(Clean(device.Id ?? device.Model ?? "nic"), null, Clean(device.Detail ?? "not known"), device.Model is { } m ? Clean(m) : null, device.IsVirtio, 0, false, null, false));
                continue;
            }

            var name = free[0];
            free.RemoveAt(0);
            Add(name, device);
        }

        foreach (var name in free)
            Add(name, null);
        return nics;

        void Add(string name, VmDevice? device)
        {
            var tap = found[name];
            nics.Add(new NicInfo(
                Clean(name), name, tap.Kind, device?.Model is { } model ? Clean(model) : null, device?.IsVirtio, tap.Queues,
                // vhost descriptors do not say whose they are: when there are as many as queues, every interface has them.
                vhost > 0 && vhost >= queues, other ? null : Bridge(name), other));
        }
    }

    private string? Bridge(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
            return null;
        var link = NicsCollector.LinkOf(host, $"/sys/class/net/{name}/master");
        return link.Length == 0 ? null : Clean(link[(link.LastIndexOf('/') + 1)..]);
    }

    private string? InterfaceOf(int index)
    {
        var names = new List<string>();
        _ = host.List("/sys/class/net", names);
        foreach (var name in names)
        {
            if (ByteNumber(_buffer.ReadAll(host, $"/sys/class/net/{name}/ifindex", out _)) == index)
                return name;
        }

        return null;
    }

    private static int? ByteNumber(ReadOnlySpan<byte> text) => System.Buffers.Text.Utf8Parser.TryParse(text, out int number, out var used) && used > 0 ? number : null;

    private static string Clean(string text) => HostileText.Clean(text, 64);

    /// <summary>An interface of the VM: "tap" or "macvtap", and how many of its descriptors are open.</summary>
    private sealed class Tap(string kind)
    {
        public string Kind => kind;

        public int Queues { get; set; }
    }
}
