using System.Buffers.Text;

namespace KvmTop.Linux;

/// <summary>A descriptor of a VMM on KVM's statistics.</summary>
/// <param name="Fd">Its number in the VMM.</param>
/// <param name="VcpuId">KVM's number of the vCPU, which need not be the VMM's index; -1 for those of the VM.</param>
public sealed record KvmStatsDescriptor(int Fd, int VcpuId);

/// <summary>Finds the statistics descriptors that a VMM keeps open, by the links of <c>/proc/PID/fd</c>: <c>anon_inode:kvm-vcpu-stats:ID</c>, <c>anon_inode:kvm-vm-stats</c>.</summary>
public static class KvmDescriptors
{
    // Beyond these a descriptor table is not a VMM's.
    private const int MostLooked = 16384;
    private const int LongestLink = 64;

    /// <summary>Appends those of a process to <paramref name="found"/>, by vCPU number. EACCES: another user's process; needs root or CAP_SYS_PTRACE.</summary>
    public static Errno FindStats(HostRoot host, int pid, List<KvmStatsDescriptor> found)
    {
        var entries = new List<NumberedEntry>();
        var errno = host.ListNumbers($"/proc/{pid}/fd", entries);
        if (errno != Errno.None)
        {
            return errno;
        }

        Span<byte> link = stackalloc byte[LongestLink];
        for (var i = 0; i < Math.Min(entries.Count, MostLooked); i++)
        {
            if (host.ReadLink($"/proc/{pid}/fd/{entries[i].Number}", link, out var length) != Errno.None || !link.StartsWith("anon_inode:kvm-v"u8))
            {
                continue;
            }

            ReadOnlySpan<byte> target = link[..length];
            if (target.SequenceEqual("anon_inode:kvm-vm-stats"u8))
            {
                found.Add(new KvmStatsDescriptor(entries[i].Number, -1));
            }
            else if (target.StartsWith("anon_inode:kvm-vcpu-stats:"u8)
                && Utf8Parser.TryParse(target["anon_inode:kvm-vcpu-stats:"u8.Length..], out int id, out _) && id >= 0)
            {
                found.Add(new KvmStatsDescriptor(entries[i].Number, id));
            }
        }

        found.Sort(static (a, b) => a.VcpuId != b.VcpuId ? a.VcpuId.CompareTo(b.VcpuId) : a.Fd.CompareTo(b.Fd));
        return Errno.None;
    }
}
