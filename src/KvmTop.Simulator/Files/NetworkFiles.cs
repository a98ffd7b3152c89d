namespace KvmTop.Simulator.Files;

/// <summary>/proc/PID/net/dev, with the loopback and the tap of that VM.</summary>
internal static class NetworkFiles
{
    // What a guest reads from its disk it serves to the network, and what it writes came from there: packets of a web page and of a bulk transfer.
    private const int SentPacket = 1180;
    private const int ReceivedPacket = 640;

    public static void Dev(ref Utf8Writer writer, in ProcessMoment m)
    {
        writer.Text("Inter-|   Receive                                                |  Transmit\n"u8);
        writer.Text(" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"u8);
        writer.Text("    lo:   84812     903    0    0    0     0          0         0    84812     903    0    0    0     0       0          0\n"u8);
        foreach (var descriptor in m.Process.Descriptors)
        {
            if (descriptor.ExtraInfo is { } info && info.StartsWith("iff:\t", StringComparison.Ordinal))
            {
                var (sent, received) = (m.Since(m.Process.ReadBytes) * 3 / 4, m.Since(m.Process.WrittenBytes) / 2);
                writer.Text(info[5..].TrimEnd('\n'));
                writer.Number(": "u8, sent);
                writer.Number(" "u8, sent / SentPacket);
                writer.Text(" 0 0 0 0 0 0"u8);
                writer.Number(" "u8, received);
                writer.Number(" "u8, received / ReceivedPacket);
                writer.Text(" 0 0 0 0 0 0\n"u8);
            }
        }
    }
}
