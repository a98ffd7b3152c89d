using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>The process of a VM that this program started, as it can be told later.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="StartTime">When it began, in ticks since boot.</param>
internal sealed record RunningVm(int Pid, ulong StartTime)
{
    /// <summary>
    /// Who runs by a VM's pid file: the process that holds the lock on it, which ends with that process while the number in the file stays and comes to mean another; its
    /// command line must name the same VM and the same pid file. Null with null as the problem: nobody does. Null with a problem: it cannot be told.
    /// </summary>
    public static RunningVm? Read(HostControl host, LaunchFiles files, out string? problem)
    {
        problem = null;
        if (!host.Files.Exists(files.Pid) || host.LockHolder(files.Pid) is not { } pid)
            pid = host.Files.Exists(files.Pid) ? FileLock.Unnamed : 0;
        if (pid <= 0)
        {
            problem = pid == 0 ? null : $"who holds {files.Pid} cannot be told";
            return null;
        }

        // The same holder before and after: the start time is that of whoever holds it.
        if (host.StartTimeOf(pid) is not { } start || !IsNamed(host, pid, files) || host.LockHolder(files.Pid) != pid)
        {
            problem = string.Create(CultureInfo.InvariantCulture, $"process {pid} holds {files.Pid}, and is not the QEMU that was started as {files.Name}");
            return null;
        }

        return new RunningVm(pid, start);
    }

    /// <summary>Reads what <see cref="ToString"/> makes.</summary>
    public static RunningVm? Parse(string? text) =>
        text?.Split(' ') is ["pid", var pid, "since", var start] && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var p) && p > 0
        && ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
            ? new RunningVm(p, s)
            : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pid {Pid} since {StartTime}");

    private static bool IsNamed(HostControl host, int pid, LaunchFiles files)
    {
        if (host.ReadText(FormattableString.Invariant($"/proc/{pid}/cmdline"), out _) is not { } text)
            return false;
        Span<byte> program = stackalloc byte[512];
        if (host.Files.ReadLink(FormattableString.Invariant($"/proc/{pid}/exe"), program, out var length) == Errno.None
            && program[(program[..length].LastIndexOf((byte)'/') + 1)..length].IndexOf("qemu"u8) < 0)
            return false;
        var arguments = text.Split('\0');
        return After(arguments, "-pidfile") == files.Pid
            && QemuCommandLine.Parse(arguments).Name == files.Name;
    }

    // Of several QEMU takes the last.
    private static string? After(string[] arguments, string option) => Array.LastIndexOf(arguments, option) is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : null;
}
