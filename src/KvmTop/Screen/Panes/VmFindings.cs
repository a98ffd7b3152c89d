using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Text;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>Something about a VM that an operator should know.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Text">A plain sentence with the figures it rests on.</param>
internal sealed record Finding(Severity Severity, string Text);

/// <summary>
/// Says in words what a VM suffers from. Only from figures that are there: a missing one makes no finding. Causes (pinning, a full host) are named
/// when the topics that tell them are being read.
/// </summary>
internal static class VmFindings
{
    // No metric has thresholds for these: an emulator is not bad for working. Half a CPU of it is what a guest should rarely cost, and a thread near 100 % can do no more.
    private const double BusyEmulator = 50;
    private const double FullThread = 90;
    private const double BusyVcpuEmulation = 30;
    private const double FullHost = 90;

    private static readonly Thresholds s_ready = VmsMetrics.PerVcpu.First(m => m.Id == "ready_pct").Thresholds!;
    private static readonly Thresholds s_throttled = VmsMetrics.PerVm.First(m => m.Id == "throttled_pct").Thresholds!;
    private static readonly Thresholds s_local = VmMemoryMetrics.PerVm.First(m => m.Id == "numa_local_pct").Thresholds!;
    private static readonly Thresholds s_swap = VmsMetrics.PerVm.First(m => m.Id == "swap_bytes").Thresholds!;

    /// <summary>What stands out about a VM, the worst first; empty when nothing does.</summary>
    public static IReadOnlyList<Finding> Of(VmRow row)
    {
        var findings = new List<Finding>();
        State(row, findings);
        Ready(row, findings);
        Throttled(row, findings);
        Swap(row, findings);
        Remote(row, findings);
        Emulator(row, findings);
        VcpuEmulation(row, findings);
        Size(row, findings);
        return findings.Count < 2 ? findings : [.. findings.OrderByDescending(f => f.Severity)];
    }

    private static void Remote(VmRow row, List<Finding> findings)
    {
        if (VmMemoryMetrics.Of(row) is not { Nodes: { } nodes } memory || !s_local.IsWarn(memory.LocalPct))
        {
            return;
        }

        // There is a figure only where both are known.
        var home = nodes.MaxBy(n => n.Bytes)!;
        var runs = memory.VcpuNodes.MaxBy(n => n.Share)!;
        findings.Add(new(
            s_local.IsCritical(memory.LocalPct) ? Severity.Critical : Severity.Warning,
            Invariant($"at most {memory.LocalPct:0} % of its memory is local: {home.Bytes * 100.0 / nodes.Sum(n => (double)n.Bytes):0} % lies on node {home.Node}, {runs.Share * 100:0} % of its vCPUs run on node {runs.Node}")));
    }

    private static void State(VmRow row, List<Finding> findings)
    {
        switch (row.Vm.State)
        {
            case VmState.Zombie:
                findings.Add(new(Severity.Critical, "the VMM has ended and waits for its parent to notice (zombie)"));
                break;
            case VmState.Stopped:
                findings.Add(new(Severity.Critical, "the VMM is stopped by a signal or a debugger: the guest stands still"));
                break;
            case VmState.Paused:
                findings.Add(new(Severity.Info, "paused: every vCPU waits outside the guest"));
                break;
        }

        if (row.Vm.Info.Accelerator == "tcg")
        {
            findings.Add(new(Severity.Warning, "runs without KVM (TCG): every guest instruction is emulated, many times slower"));
        }
    }

    private static void Ready(VmRow row, List<Finding> findings)
    {
        if (!(row.Vm.Ready.Worst >= s_ready.Warn))
        {
            return;
        }

        var (worst, others) = (0, 0);
        for (var i = 1; i < row.Vm.Vcpus.Length; i++)
        {
            worst = row.Vm.Vcpus[i].ReadyPct > row.Vm.Vcpus[worst].ReadyPct ? i : worst;
        }

        for (var i = 0; i < row.Vm.Vcpus.Length; i++)
        {
            others += i != worst && row.Vm.Vcpus[i].ReadyPct >= s_ready.Warn ? 1 : 0;
        }

        var load = row.Vm.Vcpus[worst];
        var more = others == 0 ? "" : Invariant($" (and {others} other{(others == 1 ? "" : "s")} more than {s_ready.Warn:0} %)");
        findings.Add(new(
            load.ReadyPct >= s_ready.Critical ? Severity.Critical : Severity.Warning,
            Invariant($"vCPU {load.Thread.VcpuIndex} waited {load.ReadyPct:0} % of the time for a CPU{more}{Cause(row, worst)}")));
    }

    private static string Cause(VmRow row, int position)
    {
        if (row.Vm.ThrottledPct >= s_throttled.Warn)
        {
            return ": a CPU quota holds it back";
        }

        var topology = row.Snapshot.Get(MachineTopic.Instance).Value?.Topology;
        var host = row.Snapshot.Get(HostTopic.Instance).Value;
        var busy = host?.Total.Busy >= FullHost ? Invariant($": the host is {host.Total.Busy:0} % busy") : "";
        if (new VcpuRow(row.Snapshot, row.Vm, position).Placement?.Affinity is not { } list || !CpuSet.TryParse(list, out var cpus) || topology is null || topology.Online.IsSubsetOf(cpus))
        {
            return busy;
        }

        // Rivals are those confined to the same CPUs. Whoever may run elsewhere too is moved there by the kernel.
        var rivals = 0;
        foreach (var other in VmRow.All(row.Snapshot))
        {
            foreach (var vcpu in VcpuRow.Of(other))
            {
                if ((other.Vm.Info.Key != row.Vm.Info.Key || vcpu.Position != position)
                    && vcpu.Placement?.Affinity is { } theirs
                    && (theirs == list || (CpuSet.TryParse(theirs, out var set) && set.Count > 0 && set.IsSubsetOf(cpus))))
                {
                    rivals++;
                }
            }
        }

        var where = Invariant($"CPU{(cpus.Count == 1 ? "" : "s")} {HostileText.Clean(list, 64)}");
        return rivals >= cpus.Count
            ? Invariant($": {rivals} other vCPU{(rivals == 1 ? " is" : "s are")} pinned to the same {where}")
            : Invariant($": it may run on {where} only{(busy.Length > 0 ? ", and" + busy[1..] : "")}");
    }

    private static void Throttled(VmRow row, List<Finding> findings)
    {
        if (!(row.Vm.ThrottledPct >= s_throttled.Warn))
        {
            return;
        }

        var quotas = row.Vm.Info.Quotas;
        // Shared ones come first; the innermost of those that did most of it is named.
        var isShared = row.Vm.ThrottledSharedPct > row.Vm.ThrottledPct / 2 && row.Vm.Info.SharedQuotas > 0;
        var by = isShared ? Invariant($" of {CgroupName(quotas[row.Vm.Info.SharedQuotas - 1])}, which it shares with others") : quotas.Count switch { 0 => "", 1 => " of " + CgroupName(quotas[0]), _ => Invariant($"s of {CgroupName(quotas[0])} and {quotas.Count - 1} more") };
        findings.Add(new(
            row.Vm.ThrottledPct >= s_throttled.Critical ? Severity.Critical : Severity.Warning,
            Invariant($"throttled {row.Vm.ThrottledPct:0} % of the time, summed over CPUs, by the CPU quota{by}")));
    }

    private static void Swap(VmRow row, List<Finding> findings)
    {
        if (row.Vm.Memory?.SwapBytes is { } swap && swap >= s_swap.Warn)
        {
            findings.Add(new(
                swap >= s_swap.Critical ? Severity.Critical : Severity.Warning,
                $"{Gibibytes(swap)} swapped out by the host: the guest waits for the disk when it touches that memory"));
        }
    }

    private static void Emulator(VmRow row, List<Finding> findings)
    {
        ThreadLoad busiest = default, waiting = default;
        foreach (ref readonly var load in row.Vm.Threads.AsSpan(row.Vm.Info.VcpuThreads))
        {
            busiest = load.CpuPct > busiest.CpuPct ? load : busiest;
            waiting = load.ReadyPct > waiting.ReadyPct ? load : waiting;
        }

        if (busiest.Thread is { } full && busiest.CpuPct >= FullThread)
        {
            findings.Add(new(Severity.Warning, Invariant($"thread \"{full.Name}\" uses {busiest.CpuPct:0} % of a CPU: it is full, and what it does for the guest can go no faster")));
        }
        else if (row.Vm.EmulatorPct >= BusyEmulator)
        {
            var most = busiest.Thread is { } thread ? Invariant($", most of it in \"{thread.Name}\" ({busiest.CpuPct:0} %)") : "";
            findings.Add(new(Severity.Warning, Invariant($"emulator threads use {row.Vm.EmulatorPct:0} % of a CPU: device emulation{most}")));
        }

        if (waiting.Thread is { } late && waiting.ReadyPct >= s_ready.Critical)
        {
            findings.Add(new(Severity.Warning, Invariant($"thread \"{late.Name}\" waited {waiting.ReadyPct:0} % of the time for a CPU: the guest's devices are late")));
        }
    }

    private static void VcpuEmulation(VmRow row, List<Finding> findings)
    {
        var (worst, pct) = (-1, BusyVcpuEmulation);
        if (row.Vm.Info.Accelerator == "tcg" || row.Snapshot.Get(VcpuTimesTopic.Instance).Value is null)
        {
            return;
        }

        foreach (var vcpu in VcpuRow.Of(row))
        {
            // A kernel that counts no guest time books it as user time: then the two cannot be told apart.
            if (vcpu.Times is { GuestPct: > 0 } times && times.UserPct >= pct)
            {
                (worst, pct) = (vcpu.Load.Thread.VcpuIndex, times.UserPct);
            }
        }

        if (worst >= 0)
        {
            findings.Add(new(Severity.Warning, Invariant($"vCPU {worst} spends {pct:0} % in the VMM's own code: the guest waits for emulated devices")));
        }
    }

    private static void Size(VmRow row, List<Finding> findings)
    {
        if (row.Snapshot.Get(MachineTopic.Instance).Value?.Topology.Online.Count is > 0 and var cpus && row.Vm.Info.VcpuCount is { } vcpus && vcpus > cpus)
        {
            findings.Add(new(Severity.Warning, Invariant($"has {vcpus} vCPUs on a host of {cpus} CPUs: they must wait for one another")));
        }

        if (!row.Vm.Info.Confirmed)
        {
            findings.Add(new(Severity.Info, "only its program's name says that this is a VM: its descriptors may not be listed by this user"));
        }
    }

    // "4.6G" in a column is "4.6 GiB" in a sentence.
    private static string Gibibytes(ulong bytes)
    {
        var text = FigureFormat.ToText(Figure.Of(bytes), Unit.Bytes);
        return text[^1] == 'B' ? $"{text[..^1]} bytes" : $"{text[..^1]} {text[^1]}iB";
    }

    /// <summary>A cgroup as one speaks of it: without the mount point and the file.</summary>
    public static string CgroupName(string statPath)
    {
        var name = statPath.EndsWith("/cpu.stat", StringComparison.Ordinal) ? statPath[..^"/cpu.stat".Length] : statPath;
        foreach (var mount in (ReadOnlySpan<string>)["/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup"])
        {
            if (name.StartsWith(mount + "/", StringComparison.Ordinal))
            {
                name = name[mount.Length..];
                break;
            }
        }

        return HostileText.Clean(name, 256);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
