using System.Globalization;
using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Whether this host can start a definition now: each thing that stands in the way, with its reason.</summary>
internal static class StartChecks
{
    private const string Tun = "/dev/net/tun";

    /// <summary>What stands in the way of it.</summary>
    public static IEnumerable<Obstacle> Find(ActionContext context, VmDefinition vm, LaunchFiles files) =>
    [
        .. Kvm(context.Control),
        .. Identity(context, vm, files),
        .. StartDiskChecks.Find(context, vm),
        .. vm.HugepageBytes is { } size ? Hugepages(context.Control, vm, size) : Memory(context.Control, vm),
        .. Cpus(context, vm),
        .. vm.Networks.SelectMany(n => Network(context, n)),
    ];

    private static IEnumerable<Obstacle> Kvm(HostControl host)
    {
        var errno = host.MayWrite(KvmDevice.Path);
        if (errno.IsDenied())
            yield return Obstacle.Privilege($"{KvmDevice.Path} may not be used by {host.Actor.Name}", "join the group of /dev/kvm; kvmtop check tells which");
        else if (errno != Errno.None)
            yield return Obstacle.Refused($"KVM cannot be used: {KvmDevice.Path}: {errno.Describe()}", "kvmtop check says why");
    }

    private static IEnumerable<Obstacle> Identity(ActionContext context, VmDefinition vm, LaunchFiles files)
    {
        if (Running(context, vm.Name) is { } same)
        {
            yield return Obstacle.Refused(string.Create(CultureInfo.InvariantCulture, $"a VM called {vm.Name} runs already (pid {same.Pid})"));
            yield break;
        }

        foreach (var other in context.Vms)
        {
            if (vm.Uuid is { } uuid && IsOwn(context, other.Info) && Guid.TryParse(other.Info.Description.Uuid, out var its) && its == uuid)
                yield return Obstacle.Refused(string.Create(CultureInfo.InvariantCulture, $"{other.Info.Name} (pid {other.Info.Pid}) runs with the same UUID"));
        }

        // QEMU would take the socket away from whoever listens there; the lock on the pid file it would not get.
        var errno = context.Control.Files.Connect(files.Monitor, out var socket);
        socket?.Dispose();
        if (errno is Errno.None or Errno.EAGAIN)
            yield return Obstacle.Refused($"somebody listens at {files.Monitor} already");
        else if (context.Control.Files.Exists(files.Pid) && context.Control.LockHolder(files.Pid) is not (null or 0) and { } holder)
            yield return Obstacle.Refused(string.Create(CultureInfo.InvariantCulture, $"{files.Pid} is held already{(holder > 0 ? $" by process {holder}" : "")}"));
    }

    /// <summary>
    /// The VM of that name that this user runs; null when there is none. Only his own counts: what another user calls his process is that user's word, and keeps nobody from
    /// starting a VM (what would really collide is the run directory, which is its owner's alone).
    /// </summary>
    public static VmInfo? Running(ActionContext context, string name)
    {
        foreach (var vm in context.Vms)
        {
            if (vm.Info.Name == name && IsOwn(context, vm.Info))
                return vm.Info;
        }

        return null;
    }

    /// <summary>VMs of other users that call themselves by that name or UUID, to be told of; they are no obstacle.</summary>
    public static IEnumerable<string> Namesakes(ActionContext context, VmDefinition vm)
    {
        foreach (var other in context.Vms)
        {
            if (!IsOwn(context, other.Info) && (other.Info.Name == vm.Name || (vm.Uuid is { } uuid && Guid.TryParse(other.Info.Description.Uuid, out var its) && its == uuid)))
                yield return string.Create(CultureInfo.InvariantCulture, $"Process {other.Info.Pid} of {other.Info.User ?? "an unknown user"} goes by the same name or UUID.");
        }
    }

    private static bool IsOwn(ActionContext context, VmInfo vm) => VmOwners.Of(vm, context.Control.Actor.Uid) == VmOwner.Own;

    private static IEnumerable<Obstacle> Memory(HostControl host, VmDefinition vm)
    {
        var text = Encoding.UTF8.GetBytes(host.ReadText("/proc/meminfo", out _) ?? "");
        if (MemInfo.TryParse(text, out var memory) && memory.Available is { } available && available < vm.MemoryBytes)
            yield return Obstacle.Refused($"{vm.Name} wants {Mib(vm.MemoryBytes)}, and {Mib(available)} are available");
        if (vm.Node is not { } node)
            yield break;
        text = Encoding.UTF8.GetBytes(host.ReadText(FormattableString.Invariant($"/sys/devices/system/node/node{node}/meminfo"), out _) ?? "");
        if (NodeMemory.TryParse(text, [], out var its) && its.Free + (its.Files ?? 0) is { } most && most < vm.MemoryBytes)
            yield return Obstacle.Refused(string.Create(CultureInfo.InvariantCulture, $"{vm.Name} wants {Mib(vm.MemoryBytes)} of node {node}, which has {Mib(most)} free or in its file cache"));
    }

    private static IEnumerable<Obstacle> Hugepages(HostControl host, VmDefinition vm, ulong size)
    {
        var bytes = size == 0 ? DefaultHugepage(host) : size;
        var where = vm.Node is { } n ? FormattableString.Invariant($" on node {n}") : "";
        HugepagePool? found = null;
        foreach (var one in HugepagePools.Read(host.Files))
        {
            if (one.SizeBytes == bytes)
                found = one;
        }

        if (found is not { } pool)
        {
            yield return Obstacle.Refused($"the kernel has no hugepages of {VmDefinitionText.Size(bytes)}");
            yield break;
        }

        if (vm.MemoryBytes % bytes != 0)
        {
            yield return Obstacle.Refused($"{Mib(vm.MemoryBytes)} of memory are no whole number of hugepages of {VmDefinitionText.Size(bytes)}");
            yield break;
        }

        // Reserved pages are among the free ones, and are promised to others.
        var wanted = vm.MemoryBytes / bytes;
        var free = Math.Max(0, (long)(pool.Free ?? 0) - (long)(pool.Reserved ?? 0)) + Math.Max(0, (long)(pool.Overcommit ?? 0) - (long)(pool.Surplus ?? 0));
        if (vm.Node is { } node)
        {
            foreach (var one in HugepagePools.ReadNode(host.Files, node))
            {
                if (one.SizeBytes == bytes)
                    free = Math.Min(free, (long)(one.Free ?? 0));
            }
        }

        if (free < (long)wanted)
        {
            yield return Obstacle.Refused(
                string.Create(CultureInfo.InvariantCulture, $"{vm.Name} wants {wanted} hugepages of {VmDefinitionText.Size(bytes)}{where}, and {free} are free"),
                "more of them: key H, kvmtop hugepages");
        }
    }

    private static ulong DefaultHugepage(HostControl host)
    {
        foreach (var line in (host.ReadText("/proc/meminfo", out _) ?? "").Split('\n'))
        {
            if (line.StartsWith("Hugepagesize:", StringComparison.Ordinal)
                && ulong.TryParse(line.AsSpan(13).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes))
            {
                return kilobytes << 10;
            }
        }

        return 2 << 20;
    }

    private static IEnumerable<Obstacle> Cpus(ActionContext context, VmDefinition vm)
    {
        var topology = context.Topology;
        if (vm.Node is { } node && topology.Nodes.All(n => n.Number != node))
            yield return Obstacle.Refused(string.Create(CultureInfo.InvariantCulture, $"there is no NUMA node {node}; there are {string.Join(", ", topology.Nodes.Select(n => n.Number))}"));
        if (vm.Affinity is not { } list || !CpuSet.TryParse(list, out var cpus))
            yield break;
        if (!cpus.IsSubsetOf(topology.Online))
            yield return Obstacle.Refused($"affinity: not all of CPUs {cpus} are online; {topology.Online} are");
        if (!context.Control.HasProgram("taskset"))
            yield return Obstacle.Refused("affinity: taskset (util-linux) is not installed");
    }

    private static IEnumerable<Obstacle> Network(ActionContext context, VmNetwork card)
    {
        var host = context.Control;
        var folder = "/sys/class/net/" + card.Device;
        if (card.Type == "bridge" && !host.Files.Exists(folder + "/bridge"))
            yield return Obstacle.Refused(host.Files.Exists(folder) ? $"network: {card.Device} is no bridge" : $"network: there is no bridge {card.Device}");
        if (card.Type == "tap")
        {
            if (!host.Actor.IsRoot && !host.Files.Exists(folder))
                yield return Obstacle.Privilege($"network: there is no tap {card.Device}, and only root can make one", $"as root: ip tuntap add {card.Device} mode tap user {host.Actor.Name}");
            if (host.MayWrite(Tun) is var errno && errno != Errno.None)
                yield return errno.IsDenied() ? Obstacle.Privilege($"{Tun} may not be used by {host.Actor.Name}") : Obstacle.Refused($"{Tun}: {errno.Describe()}");
            foreach (var vm in context.Vms)
            {
                if (vm.Info.Description.Devices.Any(d => d.Kind == VmDeviceKind.Nic && d.Detail == card.Device))
                    yield return Obstacle.Refused(FormattableString.Invariant($"network: tap {card.Device} is in use by {vm.Info.Name} (pid {vm.Info.Pid})"));
            }
        }

        foreach (var forward in card.Forwards)
        {
            if (IsTaken(host, forward))
                yield return Obstacle.Refused(string.Create(CultureInfo.InvariantCulture, $"network: port {forward.HostPort}/{forward.Protocol} of this host is in use"));
            if (forward.HostPort < 1024 && !host.Actor.IsRoot)
                yield return Obstacle.Privilege(string.Create(CultureInfo.InvariantCulture, $"network: port {forward.HostPort} of this host is for root"));
        }
    }

    /// <summary>Whether somebody has the port, by /proc/net/tcp and its like: "sl local_address rem_address st ..", addresses and ports in hexadecimal, state 0A is LISTEN.</summary>
    private static bool IsTaken(HostControl host, VmForward forward)
    {
        foreach (var family in new[] { "", "6" })
        {
            foreach (var line in (host.ReadText($"/proc/net/{forward.Protocol}{family}", out _) ?? "").Split('\n').Skip(1))
            {
                var fields = line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length >= 4 && (forward.Protocol == "udp" || fields[3] == "0A") && int.TryParse(fields[1][(fields[1].IndexOf(':') + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port)
                    && port == forward.HostPort)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static string Mib(ulong bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}
