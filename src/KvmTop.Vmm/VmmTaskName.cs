using System.Text;

namespace KvmTop.Vmm;

/// <summary>
/// Whether a task's name (comm, which the kernel cuts at 15 bytes) is one that monitors and their threads have, for lines of the kernel log about tasks that may be
/// gone. Anybody can call his process so: it says what the line is about, and proves nothing.
/// </summary>
public static class VmmTaskName
{
    private const int LongestComm = 15;

    // QEMU under its many names ("qemu-system-aar", "qemu-kvm", "qemu:web"), the other monitors, and threads of theirs that are named after nothing else.
    private static readonly string[] s_starts =
    [
        "qemu", "firecracker", "fc_", "cloud-hyperviso", "crosvm", "lkvm", "kvmtool", "kvm-vcpu-", "db_vcpu", "libkrun", "krun", "stratovirt", "openvmm", "VBoxHeadless", "vhost-", "kvm-nx-lpage-re",
        "kvm-pit/", "IO iothread", "IO mon_iothread", "vnc_worker", "SPICE Worker", "ALL CPUs/TC",
    ];

    /// <summary>True when it is the name of a monitor or of a thread of one.</summary>
    public static bool Is(string comm)
    {
        if (comm.Length is 0 or > LongestComm)
            return false;
        if (comm == "kvm" || VmmDetector.FromExecutable(comm) != VmmKind.Unknown)
            return true;
        foreach (var start in s_starts)
        {
            if (comm.StartsWith(start, StringComparison.Ordinal))
                return true;
        }

        return IsVcpu(comm);
    }

    /// <summary>True when it is the name of a thread that runs a vCPU.</summary>
    public static bool IsVcpu(string comm)
    {
        Span<byte> bytes = stackalloc byte[64];
        return comm.Length <= LongestComm && VcpuThreadName.TryParse(bytes[..Encoding.UTF8.GetBytes(comm, bytes)], out _, out _);
    }
}
