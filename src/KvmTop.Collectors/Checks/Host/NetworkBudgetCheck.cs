using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether the kernel keeps up with packets, and how much it may take at a time (Documentation/admin-guide/sysctl/net.rst).</summary>
public sealed class NetworkBudgetCheck() : Check("network-budget", "Network backlog and budget", CheckGroup.Devices)
{
    // What Linux starts with.
    private const long DefaultBacklog = 1000;
    private const long DefaultBudget = 300;

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        // A line per CPU of hexadecimal counts: processed, dropped (backlog full), squeezed (budget or time used up), ..
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

        var backlog = context.Read("/proc/sys/net/core/netdev_max_backlog");
        var budget = context.Read("/proc/sys/net/core/netdev_budget");
        var time = context.Read("/proc/sys/net/core/netdev_budget_usecs");
        var counts = FormattableString.Invariant($"/proc/net/softnet_stat since boot: {processed} packets, {dropped} dropped, {squeezed} times out of budget");
        var settings = "";
        foreach (var file in (ReadOnlySpan<FileText>)[backlog, budget, time])
        {
            settings += file.Value is null ? "" : $"{(settings.Length == 0 ? "" : ", ")}{file.Path[(file.Path.LastIndexOf('/') + 1)..]} {file.Value}";
        }

        var evidence = settings.Length == 0 ? counts : $"{counts}; /proc/sys/net/core: {settings}";
        var well = true;
        if (dropped > processed / 10000 && dropped > 100)
        {
            well = false;
            yield return Warning("packets are dropped because a CPU's backlog is full", evidence, "guests see lost packets and retransmissions", FormattableString.Invariant($"kvmtop netdev --backlog {Math.Max((backlog.Number ?? DefaultBacklog) * 4, 4000)}; by hand: sysctl net.core.netdev_max_backlog={Math.Max((backlog.Number ?? DefaultBacklog) * 4, 4000)}"));
        }

        if (squeezed > processed / 1000 && squeezed > 1000)
        {
            well = false;
            var also = time.Number is { } usecs ? FormattableString.Invariant($" net.core.netdev_budget_usecs={usecs * 2}") : "";
            yield return Info("CPUs often stop receiving before they are done", evidence, "packets for guests wait for the next round", FormattableString.Invariant($"sysctl net.core.netdev_budget={Math.Max((budget.Number ?? DefaultBudget) * 2, 600)}{also}"));
        }

        if (well && backlog.Number < DefaultBacklog)
        {
            well = false;
            yield return Low("netdev_max_backlog", backlog, DefaultBacklog, evidence);
        }

        if (well && budget.Number < DefaultBudget)
        {
            well = false;
            yield return Low("netdev_budget", budget, DefaultBudget, evidence);
        }

        if (well)
        {
            yield return Ok("the kernel keeps up with packets", evidence);
        }
    }

    private static CheckFinding Low(string name, FileText file, long usual, string evidence) => Info(
        FormattableString.Invariant($"{name} is {file.Value}, less than the kernel's own {usual}"), evidence, "bursts of packets for guests are dropped or wait sooner than they need to", FormattableString.Invariant($"sysctl net.core.{name}={usual}"));

    private static ulong Hex(string[] fields, int at) => at < fields.Length && ulong.TryParse(fields[at], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var n) ? n : 0;
}
