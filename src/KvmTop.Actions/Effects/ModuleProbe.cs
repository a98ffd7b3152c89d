using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>What the effects on modules have in common: whether one is loaded, with which parameters, and who may change that.</summary>
internal static class ModuleProbe
{
    /// <summary>How long modprobe or rmmod may take, in seconds. A module that hangs while it starts cannot be interrupted at all.</summary>
    public const int DeadlineSeconds = 30;

    private const int CapSysModule = 16;
    private const int MostLogLines = 40;
    private const int MostToldLines = 4;
    private const int LongestOutput = 400;

    /// <summary>Whether a module is loaded; a built-in one is not.</summary>
    public static bool IsLoaded(HostControl host, string module) => host.Files.Exists($"/sys/module/{module}/initstate") || host.Files.Exists($"/sys/module/{module}/refcnt");

    /// <summary>
    /// Which loading of a module is there, "(as 21734)": the number of its directory in sysfs, which the kernel gives anew each time. Null where it cannot be told.
    /// </summary>
    public static string? InstanceOf(HostControl host, string module) => host.MarkOf($"/sys/module/{module}") is { } mark ? FormattableString.Invariant($"(as {mark.Inode})") : null;

    /// <summary>The first of some parameters ("nested=1") that has another value, as "nested is 0, not 1"; null when all hold or are not shown.</summary>
    public static string? Difference(HostControl host, string module, IReadOnlyList<string> parameters)
    {
        foreach (var (name, value) in parameters.Select(Split))
        {
            var now = host.ReadText($"/sys/module/{module}/parameters/{name}", out var errno);
            if (errno == Errno.None && !ParameterWords.ReadsBack(name, now!, value))
                return $"{name} is {HostileText.Clean(now!, 100)}, not {value}";
        }

        return null;
    }

    /// <summary>"nested=1" in its two parts.</summary>
    public static (string Name, string Value) Split(string parameter)
    {
        var equals = parameter.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (parameter, "1") : (parameter[..equals], parameter[(equals + 1)..]);
    }

    /// <summary>What stands in the way of loading and unloading modules altogether.</summary>
    public static Obstacle? FindObstacle(HostControl host, string program)
    {
        if (!host.Actor.IsRoot)
            return Obstacle.Privilege($"{program} wants root");
        if (!OwnCapabilities.Has(host, CapSysModule))
            return Obstacle.Privilege("this process may not load or unload modules (it has no CAP_SYS_MODULE): it is in a container, or a service with fewer rights", "run it on the host itself");
        if (host.ReadText("/proc/sys/kernel/modules_disabled", out _) == "1")
            return Obstacle.Refused("kernel.modules_disabled is 1: no module can be loaded or unloaded until the next boot");
        return host.HasProgram(program) ? null : Obstacle.Refused($"{program} is not installed", "install the package kmod");
    }

    /// <summary>What a program and the kernel said about its failure: "modprobe x: exit code 1: ERROR: could not insert 'x': Invalid argument; kernel log: x: bad value".</summary>
    public static string Words(HostControl host, IReadOnlyList<string> command, ChildResult result, string module, long logBefore)
    {
        if (result.ExitCode is not { } code)
            return result.Reason ?? $"{command[0]} did not end";

        var said = HostileText.Clean(System.Text.Encoding.UTF8.GetString(result.Error).Trim().ReplaceLineEndings(" "), LongestOutput);
        var log = Log(host, module, logBefore);
        return string.Create(CultureInfo.InvariantCulture, $"{command[0]} {module}: {(code == 0 ? "reported success" : $"exit code {code}")}{(said.Length > 0 ? ": " : "")}{said}{(log.Length > 0 ? "; kernel log: " : "")}{log}");
    }

    /// <summary>What the kernel log has said about a module or its family since.</summary>
    private static string Log(HostControl host, string module, long before)
    {
        var family = module.Split('_')[0];
        var lines = KernelLogTail.After(host.Files, before, MostLogLines).Where(l => l.Contains(family, StringComparison.OrdinalIgnoreCase)).Take(MostToldLines);
        return HostileText.Clean(string.Join(" | ", lines), LongestOutput);
    }
}
