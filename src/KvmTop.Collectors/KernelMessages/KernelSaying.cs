using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Messages of the kernel in our words.</summary>
public static class KernelSaying
{
    /// <summary>Ages below this are "now".</summary>
    private static readonly TimeSpan s_now = TimeSpan.FromMinutes(1);

    /// <summary>One word for a subject, as events have it.</summary>
    public static string Word(KernelSubject subject) => subject switch
    {
        KernelSubject.OutOfMemory => "oom",
        KernelSubject.SplitLock => "split-lock",
        _ => subject.ToString().ToLowerInvariant(),
    };

    /// <summary>What a message means, where the line alone does not say it: "a VM was killed by its cgroup's memory limit: web, qemu-system-x86 (pid 10600)"; null otherwise.</summary>
    public static string? What(KernelMessage message)
    {
        var who = $"{(VmOf(message) is { } vm ? vm + ", " : "")}{message.Task}";
        var vmm = message.IsVmm;
        return message.Subject switch
        {
            KernelSubject.OutOfMemory => $"{(vmm ? "a VM" : "a process")} was killed{Cause(message.Scope)}: {who}",
            KernelSubject.Crash => $"a VM crashed: {who}",
            KernelSubject.Hung => $"{(vmm ? "a VM" : "a process")} hangs in the kernel: {who}",
            KernelSubject.Stuck => message.Task is null ? "a CPU was stuck" : $"a CPU was stuck in {(vmm ? "a VM" : "a process")}: {who}",
            KernelSubject.SplitLock => $"a guest locks memory across a cache line, and is slowed down: {who}",
            KernelSubject.Hugepages when message.Task is not null => $"killed, for its hugepages were not to be had: pid {message.Task.Pid}",
            KernelSubject.Hardware when message.Task is not null => $"memory of {(vmm ? "a VM" : "a process")} is damaged: {who}",
            _ => null,
        };
    }

    /// <summary>" by its cgroup's memory limit" and the like.</summary>
    public static string Cause(KillScope scope) => scope switch
    {
        KillScope.Cgroup => " by its cgroup's memory limit",
        KillScope.Node => ": the NUMA nodes that it may use had no memory left",
        KillScope.Host => ": the host had no memory left",
        _ => " for want of memory",
    };

    /// <summary>
    /// The VM that a kill was of, by its cgroup: that of libvirt's scope ("/machine.slice/machine-qemu\x2d3\x2dweb.scope/..") or Proxmox' ("/qemu.slice/103.scope"). Only root makes these; null
    /// for any other.
    /// </summary>
    public static string? VmOf(KernelMessage message)
    {
        const string libvirt = "/machine.slice/machine-qemu\\x2d";
        const string proxmox = "/qemu.slice/";
        if (message.Cgroup is not { } cgroup || !message.IsVmm)
            return null;

        var from = cgroup.StartsWith(libvirt, StringComparison.Ordinal) ? libvirt.Length : cgroup.StartsWith(proxmox, StringComparison.Ordinal) ? proxmox.Length : -1;
        var to = from < 0 ? -1 : cgroup.IndexOf(".scope", from, StringComparison.Ordinal);
        if (to <= from)
            return null;

        var name = Unescape(cgroup[from..to]);
        if (from == proxmox.Length)
            return name;
        var dash = name.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && dash + 1 < name.Length ? name[(dash + 1)..] : null;
    }

    /// <summary>"3 h ago", or empty for what is new or of an unknown age.</summary>
    public static string Ago(KernelMessage message, TimeSpan? now)
    {
        if (now is not { } moment)
            return "";
        var age = moment - message.SinceBoot;
        if (age < s_now)
            return "";
        return age.TotalHours < 1 ? FormattableString.Invariant($"{age.TotalMinutes:0} min ago")
            : age.TotalDays < 2 ? FormattableString.Invariant($"{age.TotalHours:0} h ago")
            : FormattableString.Invariant($"{age.TotalDays:0} days ago");
    }

    /// <summary>What the log's clock says now: the monotonic one of the running machine, else the uptime of the captured one; null when not known.</summary>
    public static TimeSpan? Now(HostRoot host)
    {
        if (host.IsLive)
            return host.Monotonic();
        var text = new ReadBuffer(256).ReadAll(host, "/proc/uptime", out var errno);
        return errno == Errno.None && System.Buffers.Text.Utf8Parser.TryParse(text, out double seconds, out _) && seconds is > 0 and < 1e10 ? TimeSpan.FromSeconds(seconds) : null;
    }

    // systemd writes what has a meaning in its names as \xNN.
    private static string Unescape(string name)
    {
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '\\' && i + 3 < name.Length && name[i + 1] == 'x' && byte.TryParse(name.AsSpan(i + 2, 2), System.Globalization.NumberStyles.HexNumber, null, out var c))
            {
                text.Append((char)c);
                i += 3;
            }
            else
            {
                text.Append(name[i]);
            }
        }

        return Vmm.HostileText.Clean(text.ToString(), 128);
    }
}
