using System.Globalization;
using System.Text;
using KvmTop.Linux;

namespace KvmTop.Tests.Simulator;

/// <summary>Reads simulated files the slow and obvious way, so that the tests do not lean on the program's own parsers.</summary>
internal static class Reading
{
    [ThreadStatic]
    private static byte[]? t_buffer;

    public static string Text(this HostRoot host, string path)
    {
        Assert.Equal(Errno.None, host.Open(path, out var file));
        using (file)
        {
            return file!.Text();
        }
    }

    public static string Text(this HostFile file)
    {
        var buffer = t_buffer ??= new byte[1 << 20];
        var n = file.ReadAt(0, buffer);
        Assert.True(n >= 0, ((Errno)(-n)).ToString());
        return Encoding.UTF8.GetString(buffer, 0, n);
    }

    public static string Link(this HostRoot host, string path)
    {
        var buffer = new byte[4096];
        Assert.Equal(Errno.None, host.ReadLink(path, buffer, out var n));
        return Encoding.UTF8.GetString(buffer, 0, n);
    }

    public static List<int> Numbers(this HostRoot host, string path)
    {
        var entries = new List<NumberedEntry>();
        Assert.Equal(Errno.None, host.ListNumbers(path, entries));
        return [.. entries.Select(e => e.Number)];
    }

    public static List<int> Pids(this HostRoot host) => host.Numbers("/proc");

    /// <summary>The processes with /dev/kvm open, or emulated ones: all VMs.</summary>
    public static List<int> Vms(this HostRoot host) => [.. host.Pids().Where(p => host.CommandLine(p) is { } c && (c[0].Contains("qemu-system") || c[0].Contains("firecracker") || c[0].Contains("cloud-hyp")))];

    public static int Vm(this HostRoot host, string name) => host.Vms().Single(p => host.CommandLine(p)!.Any(a => a.Contains(name)));

    public static string[]? CommandLine(this HostRoot host, int pid) =>
        host.Text($"/proc/{pid}/cmdline") is { Length: > 0 } text ? text.TrimEnd('\0').Split('\0') : null;

    /// <summary>Fields of a stat file by their number in proc(5), 1 for the pid.</summary>
    public static string[] Stat(this HostRoot host, string folder)
    {
        var text = host.Text(folder + "/stat").TrimEnd('\n');
        var open = text.IndexOf('(');
        var close = text.LastIndexOf(')');
        return ["", text[..(open - 1)], text[(open + 1)..close], .. text[(close + 2)..].Split(' ')];
    }

    public static long[] SchedStat(this HostRoot host, string folder) =>
        [.. host.Text(folder + "/schedstat").TrimEnd().Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture))];

    /// <summary>"Name:  value kB" and "name value" files.</summary>
    public static Dictionary<string, string> Table(this HostRoot host, string path) =>
        host.Text(path).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split([':', ' ', '\t'], 2))
            .ToDictionary(p => p[0], p => p[1].Trim());

    public static long Kb(this Dictionary<string, string> table, string name) => long.Parse(table[name].Replace(" kB", ""), CultureInfo.InvariantCulture);

    /// <summary>A line of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice.</summary>
    public static long[] CpuLine(this HostRoot host, string name) =>
        [.. host.Text("/proc/stat").Split('\n').Single(l => l.StartsWith(name + " ", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].Select(n => long.Parse(n, CultureInfo.InvariantCulture))];

    public static HashSet<int> CpuList(string list) =>
        [.. list.Trim().Split(',').SelectMany(part => part.Split('-') is [var a, var b]
            ? Enumerable.Range(int.Parse(a, CultureInfo.InvariantCulture), int.Parse(b, CultureInfo.InvariantCulture) - int.Parse(a, CultureInfo.InvariantCulture) + 1)
            : [int.Parse(part, CultureInfo.InvariantCulture)])];
}
