namespace KvmTop.Linux;

/// <summary>Counters of one network interface, from <c>/proc/PID/net/dev</c> (proc_net(5)), which shows the interfaces of that process's network namespace.</summary>
/// <param name="RxBytes">Received by the interface: for a tap, what the guest sent.</param>
/// <param name="RxPackets">Packets received.</param>
/// <param name="RxErrors">Receive errors.</param>
/// <param name="RxDropped">Received and thrown away.</param>
/// <param name="TxBytes">Sent by the interface: for a tap, what the guest received.</param>
/// <param name="TxPackets">Packets sent.</param>
/// <param name="TxErrors">Send errors.</param>
/// <param name="TxDropped">Not sent: for a tap, the guest did not take them in time.</param>
public readonly record struct NetDevCounters(
    ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped);

/// <summary>Walks through the interfaces of a net/dev file without allocating. Lines that are not understood are passed over.</summary>
/// <param name="text">The file.</param>
public ref struct NetDevReader(ReadOnlySpan<byte> text)
{
    private ByteLines _lines = new(text);

    /// <summary>The next interface; its name points into the text.</summary>
    public bool TryNext(out ReadOnlySpan<byte> name, out NetDevCounters counters)
    {
        while (_lines.TryNext(out var line))
        {
            // Names may hold a colon (an alias, "eth0:1"), figures never do.
            var colon = line.LastIndexOf((byte)':');
            if (colon <= 0)
                continue;
            name = line[..colon].Trim((byte)' ');
            var fields = new ByteFields(line[(colon + 1)..]);
            if (name.Length > 0
                && fields.TryUInt64(out var rxBytes) && fields.TryUInt64(out var rxPackets) && fields.TryUInt64(out var rxErrors) && fields.TryUInt64(out var rxDropped)
                && fields.Skip(4)
                && fields.TryUInt64(out var txBytes) && fields.TryUInt64(out var txPackets) && fields.TryUInt64(out var txErrors) && fields.TryUInt64(out var txDropped))
            {
                counters = new NetDevCounters(rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped);
                return true;
            }
        }

        name = default;
        counters = default;
        return false;
    }
}

/// <summary>What <c>/proc/PID/fdinfo/N</c> says of a descriptor of /dev/net/tun.</summary>
public static class TunDescriptor
{
    /// <summary>The interface ("iff:" line); false when it has none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> name)
    {
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            if (line.StartsWith("iff:"u8))
            {
                name = line["iff:".Length..].Trim(" \t"u8);
                return name.Length > 0;
            }
        }

        name = default;
        return false;
    }
}
