using System.Buffers.Text;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>Reads what virConnectGetAllDomainStats says of one domain: state, balloon, vcpu, interface and block groups. Never throws; a name that is not understood is passed over.</summary>
public static class LibvirtStats
{
    private const int MostDisks = 512;
    private const int MostNics = 256;
    private const int MostParameters = 16384;
    private const int LongestName = 64;
    private const int LongestPath = 256;

    /// <summary>The domain with what the parameters say.</summary>
    public static LibvirtDomain Read(LibvirtDomain domain, ReadOnlySpan<TypedParameter> parameters)
    {
        ulong? state = null, reason = null, balloon = null, maximum = null, usable = null, vcpus = null;
        List<Disk>? disks = null;
        List<Nic>? nics = null;
        foreach (ref readonly var parameter in parameters[..Math.Min(parameters.Length, MostParameters)])
        {
            var name = parameter.Name;
            if (name.StartsWith("block."u8))
                ReadDisk(name["block.".Length..], parameter, ref disks);
            else if (name.StartsWith("net."u8))
                ReadNic(name["net.".Length..], parameter, ref nics);
            else if (name.SequenceEqual("state.state"u8))
                state = parameter.Count;
            else if (name.SequenceEqual("state.reason"u8))
                reason = parameter.Count;
            else if (name.SequenceEqual("balloon.current"u8))
                balloon = parameter.Count;
            else if (name.SequenceEqual("balloon.maximum"u8))
                maximum = parameter.Count;
            else if (name.SequenceEqual("balloon.usable"u8))
                usable = parameter.Count;
            else if (name.SequenceEqual("vcpu.current"u8))
                vcpus = parameter.Count;
        }

        var word = LibvirtWords.State(state);
        return domain with
        {
            State = word,
            StateReason = LibvirtWords.Reason(word, reason),
            BalloonBytes = domain.IsActive ? Bytes(balloon) : null,
            MemoryBytes = Bytes(maximum),
            UsableBytes = Bytes(usable),
            Vcpus = vcpus is > 0 and <= 65536 ? (int)vcpus : null,
            Nics = nics is null ? [] : [.. nics.Where(static n => n.Interface is { Length: > 0 }).Select(static n => new LibvirtNic(n.Device, n.Interface!, n.Counters))],
            Disks = disks is null ? [] : disks.ConvertAll(static d => d.Counters),
            DiskInfos = disks is null ? [] : disks.ConvertAll(static d =>
                new BlockInfo(d.Counters.Device, d.Counters.Qdev, d.Path, null, null, null, d.Capacity, d.Allocation, null, null)),
        };
    }

    // libvirt counts memory in KiB.
    private static ulong? Bytes(ulong? kib) => kib is { } k && k <= ulong.MaxValue / 1024 ? k * 1024 : null;

    /// <summary>"N.name", "N.rd.reqs", ..; "count" is no disk.</summary>
    private static void ReadDisk(ReadOnlySpan<byte> name, in TypedParameter parameter, ref List<Disk>? disks)
    {
        if (!Utf8Parser.TryParse(name, out uint number, out var digits) || digits + 1 >= name.Length || name[digits] != '.' || number >= MostDisks)
            return;
        disks ??= [];
        while (disks.Count <= number)
            disks.Add(new Disk());
        var disk = disks[(int)number];
        var counters = disk.Counters;
        var field = name[(digits + 1)..];
        if (field.SequenceEqual("name"u8))
            counters.Device = parameter.Text(LongestName) ?? "";
        else if (field.SequenceEqual("path"u8))
            disk.Path = parameter.Text(LongestPath);
        else if (field.SequenceEqual("capacity"u8))
            disk.Capacity = parameter.Count;
        else if (field.SequenceEqual("allocation"u8))
            disk.Allocation = parameter.Count;
        else if (field.SequenceEqual("rd.reqs"u8))
            counters.Reads = parameter.Count;
        else if (field.SequenceEqual("rd.bytes"u8))
            counters.ReadBytes = parameter.Count;
        else if (field.SequenceEqual("rd.times"u8))
            counters.ReadNs = parameter.Count;
        else if (field.SequenceEqual("wr.reqs"u8))
            counters.Writes = parameter.Count;
        else if (field.SequenceEqual("wr.bytes"u8))
            counters.WrittenBytes = parameter.Count;
        else if (field.SequenceEqual("wr.times"u8))
            counters.WriteNs = parameter.Count;
        else if (field.SequenceEqual("fl.reqs"u8))
            counters.Flushes = parameter.Count;
        else if (field.SequenceEqual("fl.times"u8))
            counters.FlushNs = parameter.Count;
    }

    /// <summary>"N.name", "N.rx.bytes", ..; "count" is no device.</summary>
    private static void ReadNic(ReadOnlySpan<byte> name, in TypedParameter parameter, ref List<Nic>? nics)
    {
        if (!Utf8Parser.TryParse(name, out uint number, out var digits) || digits + 1 >= name.Length || name[digits] != '.' || number >= MostNics)
            return;
        nics ??= [];
        while (nics.Count <= number)
            nics.Add(new Nic(nics.Count));
        var nic = nics[(int)number];
        var c = nic.Counters;
        var field = name[(digits + 1)..];
        if (field.SequenceEqual("name"u8))
            nic.Interface = parameter.Text(LongestName);
        else if (parameter.Count is { } count)
        {
            nic.Counters = field.SequenceEqual("rx.bytes"u8) ? c with { RxBytes = count }
                : field.SequenceEqual("rx.pkts"u8) ? c with { RxPackets = count }
                : field.SequenceEqual("rx.errs"u8) ? c with { RxErrors = count }
                : field.SequenceEqual("rx.drop"u8) ? c with { RxDropped = count }
                : field.SequenceEqual("tx.bytes"u8) ? c with { TxBytes = count }
                : field.SequenceEqual("tx.pkts"u8) ? c with { TxPackets = count }
                : field.SequenceEqual("tx.errs"u8) ? c with { TxErrors = count }
                : field.SequenceEqual("tx.drop"u8) ? c with { TxDropped = count }
                : c;
        }
    }

    private sealed class Nic(int device)
    {
        public int Device => device;

        public string? Interface { get; set; }

        public NetDevCounters Counters { get; set; }
    }

    private sealed class Disk
    {
        public BlockCounters Counters { get; } = new();

        public string? Path { get; set; }

        public ulong? Capacity { get; set; }

        public ulong? Allocation { get; set; }
    }
}
