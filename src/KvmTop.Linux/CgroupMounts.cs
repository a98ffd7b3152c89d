using System.Text;

namespace KvmTop.Linux;

/// <summary>One mounted cgroup tree.</summary>
/// <param name="Point">Where it is mounted.</param>
/// <param name="Root">Which cgroup appears there: "/" but in containers and bind mounts.</param>
public sealed record CgroupMount(string Point, string Root)
{
    /// <summary>
    /// The directory of a cgroup path out of /proc/PID/cgroup, without a slash at its end; null when the mount does not show it: it lies outside
    /// of the mounted subtree or of our cgroup namespace ("..").
    /// </summary>
    public string? DirectoryOf(string cgroupPath)
    {
        if (!cgroupPath.StartsWith('/') || HasParentStep(cgroupPath))
            return null;

        var below = cgroupPath;
        if (Root != "/")
        {
            if (HasParentStep(Root) || !cgroupPath.StartsWith(Root, StringComparison.Ordinal)
                || (cgroupPath.Length > Root.Length && cgroupPath[Root.Length] != '/'))
            {
                return null;
            }

            below = cgroupPath[Root.Length..];
        }

        return Point + below.TrimEnd('/');
    }

    private static bool HasParentStep(string path) => path.Split('/').Contains("..");
}

/// <summary>
/// Where the cgroup trees are mounted, from <c>/proc/self/mountinfo</c> (proc_pid_mountinfo(5)): the unified tree (v2), the v1 tree with the cpu
/// controller, or both side by side (hybrid). Either is null when it is not mounted.
/// </summary>
public sealed record CgroupMounts(CgroupMount? V2, CgroupMount? CpuV1)
{
    /// <summary>The v1 tree with the cpuset controller, or null.</summary>
    public CgroupMount? CpusetV1 { get; init; }

    /// <summary>No cgroups to be seen.</summary>
    public static CgroupMounts None { get; } = new(null, null);

    /// <summary>Finds the mounts of a host. A captured tree without mountinfo is looked at in the usual places.</summary>
    public static CgroupMounts Read(HostRoot host)
    {
        var text = new ReadBuffer().ReadAll(host, "/proc/self/mountinfo", out var errno);
        if (errno == Errno.None && TryParse(text, out var mounts))
            return mounts;

        var v2 = host.Exists("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup"
            : host.Exists("/sys/fs/cgroup/unified/cgroup.controllers") ? "/sys/fs/cgroup/unified" : null;
        var v1 = host.Exists("/sys/fs/cgroup/cpu,cpuacct/cpu.shares") ? "/sys/fs/cgroup/cpu,cpuacct"
            : host.Exists("/sys/fs/cgroup/cpu/cpu.shares") ? "/sys/fs/cgroup/cpu" : null;
        return new CgroupMounts(v2 is null ? null : new CgroupMount(v2, "/"), v1 is null ? null : new CgroupMount(v1, "/"));
    }

    /// <summary>Reads the text of a mountinfo file. False when no cgroup tree of use is in it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out CgroupMounts value)
    {
        CgroupMount? v2 = null, v1 = null, cpuset = null;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            // ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS..] - TYPE SOURCE SUPEROPTIONS
            var fields = new ByteFields(line);
            if (!fields.Skip(3) || !fields.TryNext(out var root) || !fields.TryNext(out var point))
                continue;

            var more = true;
            while ((more = fields.TryNext(out var tag)) && !tag.SequenceEqual("-"u8))
            {
            }

            if (!more || !fields.TryNext(out var type) || !fields.TryNext(out _) || !fields.TryNext(out var options))
                continue;

            if (type.SequenceEqual("cgroup2"u8))
                v2 = Better(v2, root, point);
            else if (type.SequenceEqual("cgroup"u8))
            {
                if (CgroupMembership.HasItem(options, "cpu"u8))
                    v1 = Better(v1, root, point);
                if (CgroupMembership.HasItem(options, "cpuset"u8))
                    cpuset = Better(cpuset, root, point);
            }
        }

        value = new CgroupMounts(v2, v1) { CpusetV1 = cpuset };
        return v2 is not null || v1 is not null || cpuset is not null;
    }

    // The same tree can be mounted more than once, and a bind mount shows a part of it: take the first that shows all.
    private static CgroupMount Better(CgroupMount? known, ReadOnlySpan<byte> root, ReadOnlySpan<byte> point) =>
        known is null || (known.Root != "/" && root.SequenceEqual("/"u8)) ? new CgroupMount(Unescape(point), Unescape(root)) : known;

    /// <summary>Blank, tab, line end and backslash stand as three octal digits after a backslash.</summary>
    private static string Unescape(ReadOnlySpan<byte> field)
    {
        if (!field.Contains((byte)'\\'))
            return Encoding.UTF8.GetString(field);

        var plain = new byte[field.Length];
        var length = 0;
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && IsOctal(field[i + 1]) && IsOctal(field[i + 2]) && IsOctal(field[i + 3]))
            {
                plain[length++] = (byte)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0'));
                i += 3;
            }
            else
            {
                plain[length++] = field[i];
            }
        }

        return Encoding.UTF8.GetString(plain, 0, length);

        static bool IsOctal(byte b) => b is >= (byte)'0' and <= (byte)'7';
    }
}
