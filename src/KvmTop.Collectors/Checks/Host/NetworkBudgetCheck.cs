using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether the kernel keeps up with packets.</summary>
public sealed class NetworkBudgetCheck() : Check("network-budget", "Network backlog and budget", CheckGroup.Devices)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        // A line per CPU of hexadecimal counts: processed, dropped (backlog full), squeezed (budget used up), ..
        var lines = context.ReadLines("/proc/net/softnet_stat", out var errno);
        if (errno != Errno.None)
        {
            yield break;
        }

        ulong processed = 0, dropped = 0, squeezed = 0;
        foreach (var line in lines)
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            processed += Hex(fields, 0);
            dropped += Hex(fields, 1);
            squeezed += Hex(fields, 2);
        }

        var evidence = FormattableString.Invariant($"/proc/net/softnet_stat since boot: {processed} packets, {dropped} dropped, {squeezed} times out of budget");
        var backlog = context.Read("/proc/sys/net/core/netdev_max_backlog");
        var budget = context.Read("/proc/sys/net/core/netdev_budget");
        if (dropped > processed / 10000 && dropped > 100)
        {
            yield return Warning("packets are dropped because a CPU's backlog is full", $"{evidence}; {backlog.Evidence}", "guests see lost packets and retransmissions", FormattableString.Invariant($"sysctl net.core.netdev_max_backlog={Math.Max((backlog.Number ?? 1000) * 4, 4000)}"));
        }
        else if (squeezed > processed / 1000 && squeezed > 1000)
        {
            yield return Info("CPUs often stop receiving before they are done", $"{evidence}; {budget.Evidence}", "packets for guests wait for the next round", FormattableString.Invariant($"sysctl net.core.netdev_budget={Math.Max((budget.Number ?? 300) * 2, 600)}"));
        }
        else
        {
            yield return Ok("the kernel keeps up with packets", evidence);
        }
    }

    private static ulong Hex(string[] fields, int at) => at < fields.Length && ulong.TryParse(fields[at], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var n) ? n : 0;
}
