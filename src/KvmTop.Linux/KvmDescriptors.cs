using System.Globalization;

namespace KvmTop.Linux;

/// <summary>A descriptor of a VMM on KVM's statistics.</summary>
/// <param name="Fd">Its number in the VMM.</param>
/// <param name="VcpuId">KVM's number of the vCPU, which need not be the VMM's index; -1 for those of the VM.</param>
public sealed record KvmStatsDescriptor(int Fd, int VcpuId);

/// <summary>Tells the statistics descriptors that a VMM keeps open by their links: <c>anon_inode:kvm-vcpu-stats:ID</c>, <c>anon_inode:kvm-vm-stats</c>.</summary>
public static class KvmDescriptors
{
    private const string OfVm = "anon_inode:kvm-vm-stats";
    private const string OfVcpu = "anon_inode:kvm-vcpu-stats:";

    /// <summary>Those among a process's descriptors, by vCPU number.</summary>
    public static List<KvmStatsDescriptor> FindStats(IReadOnlyList<DescriptorLink> links)
    {
        var found = new List<KvmStatsDescriptor>();
        foreach (var (fd, target) in links)
        {
            if (target == OfVm)
            {
                found.Add(new KvmStatsDescriptor(fd, -1));
            }
            else if (target.StartsWith(OfVcpu, StringComparison.Ordinal)
                && int.TryParse(target.AsSpan(OfVcpu.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                found.Add(new KvmStatsDescriptor(fd, id));
            }
        }

        found.Sort(static (a, b) => a.VcpuId != b.VcpuId ? a.VcpuId.CompareTo(b.VcpuId) : a.Fd.CompareTo(b.Fd));
        return found;
    }
}
