using System.Globalization;
using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// The CPUs that cpusets leave to threads (cpuset(7), Documentation/admin-guide/cgroup-v2.rst): <c>/proc/PID/task/TID/cpuset</c> names the group,
/// <c>cpuset.cpus.effective</c> (v2) or <c>cpuset.effective_cpus</c> and <c>cpuset.cpus</c> (v1) its CPUs. What cannot be seen (a group of another
/// namespace, no such controller) is null. Keeps what it has read: for one look at many threads. Not thread-safe.
/// </summary>
public sealed class Cpusets(HostRoot host)
{
    private const int LongestPath = 4096;

    private readonly ReadBuffer _buffer = new(1024, 1 << 20);
    private readonly Dictionary<string, CpuSet?> _groups = new(StringComparer.Ordinal);
    private CgroupMounts? _mounts;

    /// <summary>The CPUs of a thread's cpuset, or null when that cannot be seen.</summary>
    public CpuSet? Of(int pid, int tid)
    {
        var text = _buffer.ReadAll(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task/{tid}/cpuset"), out var errno).TrimEnd((byte)'\n');
        if (errno != Errno.None || text.IsEmpty || text[0] != '/' || text.Length > LongestPath)
            return null;
        var group = Encoding.UTF8.GetString(text);
        if (!_groups.TryGetValue(group, out var cpus))
        {
            cpus = Read(group);
            _groups.Add(group, cpus);
        }

        return cpus;
    }

    private CpuSet? Read(string group)
    {
        _mounts ??= CgroupMounts.Read(host);
        if (_mounts.CpusetV1 is { } v1)
            return v1.DirectoryOf(group) is { } folder ? Cpus(folder + "/cpuset.effective_cpus") ?? Cpus(folder + "/cpuset.cpus") : null;

        // Below where the controller is switched on a group has no file of its own, and the CPUs of the one above. The root may have none: all CPUs.
        for (var at = group; _mounts.V2 is { } v2 && at.Length > 0; at = at[..at.LastIndexOf('/')])
        {
            if (v2.DirectoryOf(at) is not { } folder)
                return null;
            if (Cpus(folder + "/cpuset.cpus.effective") is { } found)
                return found;
        }

        return null;
    }

    private CpuSet? Cpus(string file) => CpuSet.TryParse(_buffer.ReadAll(host, file, out var errno), out var cpus) && errno == Errno.None && cpus.Count > 0 ? cpus : null;
}
