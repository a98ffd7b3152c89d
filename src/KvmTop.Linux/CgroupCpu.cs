namespace KvmTop.Linux;

/// <summary>How a cgroup stands to a virtual machine.</summary>
public enum CgroupRelation
{
    /// <summary>A cgroup around the machine's own: a slice, a pod, a scope. Its quota is shared with whatever else is in it.</summary>
    Ancestor,

    /// <summary>The machine's own.</summary>
    Own,

    /// <summary>What libvirt makes below it: emulator, vcpuN, iothreadN.</summary>
    Child,
}

/// <summary>A cpu.stat file that has throttling figures.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Relation">Whose it is.</param>
/// <param name="Name">The last step of the cgroup's path ("vcpu0").</param>
public sealed record CgroupCpuFile(string Path, CgroupRelation Relation, string Name);

/// <summary>
/// Finds the cgroups that can hold a virtual machine back. The cpu controller is in one tree only (v1 or v2), so is what is found.
/// </summary>
/// <remarks>
/// Each cpu.stat counts what its own quota did. A guest is slowed by whichever has a quota: usually one of them, so the figure to show is the
/// largest share of throttled periods (d nr_throttled / d nr_periods) among all files of <see cref="ListStatFiles"/>, with its name. Throttled
/// times add up only among children (one vCPU each: d throttled / d t is that vCPU's share of time); the time of an ancestor includes its other tenants.
/// </remarks>
public static class CgroupCpu
{
    private const int DeepestPath = 64;
    private const int MostChildren = 4096;

    /// <summary>
    /// All cpu.stat files that bear on the machine whose process has this /proc/PID/cgroup: its ancestors from the outermost inwards (the root left
    /// out), its own, and libvirt's children of it. Empty when no cpu controller is on.
    /// </summary>
    public static IReadOnlyList<CgroupCpuFile> ListStatFiles(HostRoot host, CgroupMounts mounts, ReadOnlySpan<byte> procCgroup)
    {
        var files = new List<CgroupCpuFile>();
        if (!CgroupMembership.TryParse(procCgroup, out var membership))
            return files;

        var buffer = new ReadBuffer(1024, 65536);
        foreach (var (mount, path) in Trees(mounts, membership))
        {
            // QEMU's main thread is in libvirt's "emulator": the machine's own cgroup is the one above.
            var own = IsLibvirtChild(LastStep(path)) ? Parent(path) : path;
            foreach (var step in Upwards(own))
            {
                if (StatFile(host, buffer, mount, step) is { } file)
                    files.Insert(0, new CgroupCpuFile(file, step == own ? CgroupRelation.Own : CgroupRelation.Ancestor, LastStep(step)));
            }

            AddChildren(host, buffer, mount, own, files);
            if (files.Count > 0)
                break;
        }

        return files;
    }

    /// <summary>True when other processes live in the cgroup of a cpu.stat too: a session's, a container's with several VMs.</summary>
    /// <param name="host">The files.</param>
    /// <param name="statPath">Its cpu.stat.</param>
    /// <param name="pid">The machine's process.</param>
    /// <param name="helpers">Kernel threads that work for it (vhost before Linux 6.4) and stand in its cgroup.</param>
    public static bool IsShared(HostRoot host, string statPath, int pid, IReadOnlyList<int> helpers)
    {
        var lines = new ByteLines(new ReadBuffer(1024, 65536).ReadAll(host, statPath[..(statPath.LastIndexOf('/') + 1)] + "cgroup.procs", out _));
        while (lines.TryNext(out var line))
        {
            var fields = new ByteFields(line);
            if (fields.TryInt32(out var other) && other > 0 && other != pid && !helpers.Contains(other))
                return true;
        }

        return false;
    }

    private static void AddChildren(HostRoot host, ReadBuffer buffer, CgroupMount mount, string own, List<CgroupCpuFile> files)
    {
        // A process in the root cgroup has every slice of the host below it, not its vCPUs.
        if (own.Length <= 1 || mount.DirectoryOf(own) is not { } directory)
            return;

        var names = new List<string>();
        _ = host.List(directory, names);
        names.RemoveAll(static n => !IsLibvirtChild(n));
        names.Sort(static (a, b) => a.Length != b.Length ? a.Length - b.Length : string.CompareOrdinal(a, b));
        foreach (var name in names.Take(MostChildren))
        {
            if (StatFile(host, buffer, mount, own + "/" + name) is { } file)
                files.Add(new CgroupCpuFile(file, CgroupRelation.Child, name));
        }
    }

    private static IEnumerable<(CgroupMount Mount, string Path)> Trees(CgroupMounts mounts, CgroupMembership membership)
    {
        if (mounts.V2 is { } v2 && membership.V2Path is { } v2Path)
            yield return (v2, v2Path.TrimEnd('/'));
        if (mounts.CpuV1 is { } v1 && membership.CpuV1Path is { } v1Path)
            yield return (v1, v1Path.TrimEnd('/'));
    }

    private static IEnumerable<string> Upwards(string path)
    {
        var steps = 0;
        for (var at = path; at.Length > 1 && steps < DeepestPath; at = Parent(at), steps++)
            yield return at;
    }

    private static string? StatFile(HostRoot host, ReadBuffer buffer, CgroupMount mount, string path)
    {
        if (mount.DirectoryOf(path) is not { } directory)
            return null;

        var file = directory + "/cpu.stat";
        return CgroupCpuStat.TryParse(buffer.ReadAll(host, file, out _), out _) ? file : null;
    }

    private static string Parent(string path) => path[..Math.Max(path.LastIndexOf('/'), 0)];

    private static string LastStep(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static bool IsLibvirtChild(string name) =>
        name == "emulator" || IsNumbered(name, "vcpu") || IsNumbered(name, "iothread");

    private static bool IsNumbered(string name, string prefix) =>
        name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal) && name.AsSpan(prefix.Length).IndexOfAnyExceptInRange('0', '9') < 0;
}
