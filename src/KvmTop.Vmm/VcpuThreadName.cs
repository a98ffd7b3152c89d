using System.Buffers.Text;

namespace KvmTop.Vmm;

/// <summary>What the name of a monitor's thread (/proc/PID/task/TID/comm, at most 15 bytes) says it does. The monitor may lie: a kvm-vcpu descriptor does not.</summary>
public enum ThreadRole
{
    /// <summary>Runs a vCPU.</summary>
    Vcpu,

    /// <summary>The thread whose id is the process id: the main loop, the monitor, device models.</summary>
    Main,

    /// <summary>A thread of the user's for block or network I/O ("IO iothread1").</summary>
    IoThread,

    /// <summary>QEMU's pool for blocking I/O and the like.</summary>
    Worker,

    /// <summary>Remote display (VNC, SPICE).</summary>
    Vnc,

    /// <summary>QEMU's RCU thread.</summary>
    CallRcu,

    /// <summary>The kernel's virtio back end (vhost-PID).</summary>
    Vhost,

    /// <summary>Live migration.</summary>
    Migration,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>Reads the names of a monitor's threads.</summary>
public static class VcpuThreadName
{
    private const int HighestIndex = 65535;

    /// <summary>
    /// Recognises "CPU 0/KVM", "CPU 0/TCG", "fc_vcpu 0", "vcpu0", "crosvm_vcpu0" and "kvm-vcpu-0"; a line end is allowed. Under TCG with a
    /// single thread for all vCPUs QEMU calls it "ALL CPUs/TCG": index 0. Allocates nothing.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> comm, out int index, out bool tcg)
    {
        index = 0;
        tcg = false;
        comm = comm.TrimEnd("\n\0"u8);
        if (comm.StartsWith("CPU "u8))
        {
            var slash = comm.IndexOf((byte)'/');
            if (slash < 0 || !TryIndex(comm[4..slash], out index))
                return false;

            tcg = comm[(slash + 1)..].StartsWith("TC"u8);
            return true;
        }

        if (comm.StartsWith("ALL CPUs/TC"u8))
        {
            tcg = true;
            return true;
        }

        return (comm.StartsWith("fc_vcpu "u8) && TryIndex(comm["fc_vcpu ".Length..], out index))
            || (comm.StartsWith("crosvm_vcpu"u8) && TryIndex(comm["crosvm_vcpu".Length..], out index))
            || (comm.StartsWith("kvm-vcpu-"u8) && TryIndex(comm["kvm-vcpu-".Length..], out index))
            || (comm.StartsWith("vcpu"u8) && TryIndex(comm["vcpu".Length..], out index));
    }

    /// <summary>What a thread does. Allocates nothing.</summary>
    /// <param name="comm">Its name.</param>
    /// <param name="isMain">Its id is the process id: QEMU's main thread is named after the program.</param>
    public static ThreadRole RoleOf(ReadOnlySpan<byte> comm, bool isMain)
    {
        comm = comm.TrimEnd("\n\0"u8);
        if (isMain)
            return ThreadRole.Main;
        if (TryParse(comm, out _, out _))
            return ThreadRole.Vcpu;
        if (comm.StartsWith("IO "u8) || comm.StartsWith("iothread"u8) || comm.StartsWith("_disk"u8) || comm.StartsWith("_net"u8))
            return ThreadRole.IoThread;
        if (comm.SequenceEqual("worker"u8) || comm.StartsWith("iou-wrk-"u8) || comm.StartsWith("kvm-threadpool"u8) || comm.SequenceEqual("pool-worker"u8))
            return ThreadRole.Worker;
        if (comm.StartsWith("vnc_worker"u8) || comm.StartsWith("SPICE Worker"u8))
            return ThreadRole.Vnc;
        if (comm.SequenceEqual("call_rcu"u8))
            return ThreadRole.CallRcu;
        if (comm.StartsWith("vhost-"u8))
            return ThreadRole.Vhost;
        return comm.StartsWith("live_migration"u8) || comm.StartsWith("multifd"u8) || comm.StartsWith("mig/"u8) || comm.StartsWith("return path"u8)
            ? ThreadRole.Migration
            : ThreadRole.Other;
    }

    private static bool TryIndex(ReadOnlySpan<byte> text, out int index) =>
        Utf8Parser.TryParse(text, out index, out var used) && used == text.Length && index is >= 0 and <= HighestIndex && text[0] is >= (byte)'0' and <= (byte)'9';
}
