using System.Buffers.Text;
using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>
/// Tells which threads of a VMM run vCPUs, by the best source at hand: the threads' names; the ids in KVM's
/// statistics descriptors, where they are read; KVM's debugfs; the descriptor that a thread has given to
/// KVM_RUN, which works for VMMs that name nothing.
/// </summary>
internal sealed class VcpuThreadFinder(HostRoot host)
{
    private const string KvmDebugfs = "/sys/kernel/debug/kvm";
    private const string VcpuLink = "anon_inode:kvm-vcpu:";

    private readonly ReadBuffer _buffer = new(512);
    private readonly List<string> _names = [];

    /// <summary>Reads KVM's statistics descriptors, once somebody needs them.</summary>
    public StatsFdSource? StatsFds { get; set; }

    /// <summary>Fills <paramref name="vcpuOfThread"/> (thread id to vCPU number); returns the source, or why there is none, for the screen.</summary>
    public string Find(int pid, IReadOnlyList<(int Tid, string Comm)> threads, Dictionary<int, int> vcpuOfThread)
    {
        vcpuOfThread.Clear();
        Span<byte> name = stackalloc byte[64];
        foreach (var (tid, comm) in threads)
        {
            if (Encoding.UTF8.TryGetBytes(comm, name, out var length)
                && VcpuThreadName.TryParse(name[..length], out var index, out _))
            {
                vcpuOfThread.TryAdd(tid, index);
            }
        }

        if (vcpuOfThread.Count > 0)
        {
            return "thread names";
        }

        if (StatsFds?.FindThreads(pid, vcpuOfThread) == true)
        {
            return "KVM statistics";
        }

        FromDebugfs(pid, vcpuOfThread);
        if (vcpuOfThread.Count > 0)
        {
            return "debugfs";
        }

        var denied = FromKvmRun(pid, threads, vcpuOfThread);
        return vcpuOfThread.Count > 0 ? "KVM_RUN"
            : denied ? "vCPU threads have no names, and /proc/PID/task/TID/syscall is denied: needs root"
            : "no vCPU thread seen yet: the VMM does not name its threads";
    }

    /// <summary><c>kvm/PID-FD/vcpuN/pid</c> holds the thread id.</summary>
    private void FromDebugfs(int pid, Dictionary<int, int> vcpuOfThread)
    {
        _names.Clear();
        if (host.List(KvmDebugfs, _names) != Errno.None)
        {
            return;
        }

        var prefix = string.Create(CultureInfo.InvariantCulture, $"{pid}-");
        if (_names.Find(n => n.StartsWith(prefix, StringComparison.Ordinal)) is not { } folder)
        {
            return;
        }

        _names.Clear();
        _ = host.List($"{KvmDebugfs}/{folder}", _names);
        foreach (var name in _names)
        {
            if (name.StartsWith("vcpu", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && Utf8Parser.TryParse(_buffer.ReadAll(host, $"{KvmDebugfs}/{folder}/{name}/pid", out _), out int tid, out _))
            {
                vcpuOfThread[tid] = index;
            }
        }
    }

    /// <summary>A thread that sits in ioctl(fd, KVM_RUN) runs the vCPU that fd links to; a thread on a CPU right now cannot be asked.</summary>
    private bool FromKvmRun(int pid, IReadOnlyList<(int Tid, string Comm)> threads, Dictionary<int, int> vcpuOfThread)
    {
        var denied = false;
        Span<byte> link = stackalloc byte[64];
        foreach (var (tid, comm) in threads)
        {
            // KVM's own helper thread shows the registers of the thread that made it.
            if (comm.StartsWith("kvm-nx-lpage-re", StringComparison.Ordinal))
            {
                continue;
            }

            var text = _buffer.ReadAll(host, $"/proc/{pid}/task/{tid}/syscall", out var errno);
            denied |= errno.IsDenied();
            if (!ThreadSyscall.TryParse(text, out var call) || !call.IsKvmRun
                || host.ReadLink($"/proc/{pid}/fd/{call.Fd}", link, out var length) != Errno.None)
            {
                continue;
            }

            var target = Encoding.UTF8.GetString(link[..length]);
            if (target.StartsWith(VcpuLink, StringComparison.Ordinal)
                && int.TryParse(target.AsSpan(VcpuLink.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                vcpuOfThread[tid] = index;
            }
        }

        return denied;
    }
}
