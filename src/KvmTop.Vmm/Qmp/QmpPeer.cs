using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>The process whose monitor is to be asked, and how much there is to tell of it.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="StartTicks">Its start time, as in <see cref="ProcPidStat.StartTimeTicks"/>; null when that is not to be looked at.</param>
/// <param name="Disks">How many disks its command line names.</param>
/// <param name="Vcpus">How many vCPUs it may have by its command line.</param>
public sealed record QmpPeer(int Pid, ulong? StartTicks = null, int Disks = 0, int Vcpus = 0)
{
    /// <summary>True while the pid belongs to that process, and to no later one.</summary>
    internal bool IsAlive(HostRoot host) =>
        StartTicks is not { } start
        || (ProcPidStat.TryParse(new ReadBuffer(1024).ReadRecord(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/stat"), out _), out var stat) && stat.StartTimeTicks == start);
}
