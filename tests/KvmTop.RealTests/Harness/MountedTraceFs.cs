using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.RealTests.Harness;

/// <summary>tracefs at its usual place: mounted for the length of a test where it is not, and unmounted again. Skips the test where that is not allowed.</summary>
internal sealed class MountedTraceFs : IDisposable
{
    public const string Folder = "/sys/kernel/tracing";

    private readonly bool _ours;

    public MountedTraceFs()
    {
        Need.Root();
        if (File.Exists(Folder + "/tracing_on"))
        {
            return;
        }

        var mounted = Command.Run(Need.Program("mount"), ["-t", "tracefs", "nodev", Folder]);
        if (mounted.ExitCode != 0)
        {
            Assert.Skip($"tracefs cannot be mounted: {mounted.Stderr.Trim()}");
        }

        _ours = true;
        if (!Directory.Exists(Folder + "/events/kvm"))
        {
            Dispose();
            Assert.Skip("this kernel has no trace events of KVM");
        }
    }

    /// <summary>Everything by which a tracer shows in tracefs: switches, tracer, filters and switches of all events.</summary>
    public static string State()
    {
        var files = new List<string>();
        foreach (var name in new[] { "tracing_on", "current_tracer", "set_event", "set_event_pid", "set_ftrace_filter", "trace_clock", "buffer_size_kb", "tracing_cpumask", "dynamic_events", "kprobe_events", "uprobe_events" })
        {
            files.Add($"{Folder}/{name}");
        }

        foreach (var group in Directory.GetDirectories(Folder + "/events"))
        {
            files.Add(group + "/enable");
        }

        foreach (var e in Directory.GetDirectories(Folder + "/events/kvm"))
        {
            files.AddRange([e + "/enable", e + "/filter", e + "/trigger"]);
        }

        return string.Join('\n', files.Where(File.Exists).Select(f => $"{f}: {Read(f)}").Append("instances: " + string.Join(' ', Directory.GetDirectories(Folder + "/instances"))));
    }

    /// <summary>What is known about a VM, as a trace wants it.</summary>
    public static VmInfo Vm(int pid)
    {
        using var services = new CollectorServices();
        using var reader = VmsTopic.Instance.CreateReader(new CollectorContext(new DirectoryHost(), services));
        VmInfo? found = null;
        Assert.True(
            Wait.Until(
                () => (found = (reader.Read().Value as VmsModel)?.Vms.FirstOrDefault(v => v.Info.Pid == pid)?.Info) is { VcpuThreads: > 0 },
                TimeSpan.FromSeconds(30)),
            $"no vCPU threads of {pid} were found: {found?.VcpuSource}");
        return found!;
    }

    /// <summary>The text, or why there is none: a locked-down kernel closes some of them even to root.</summary>
    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    public void Dispose()
    {
        if (_ours)
        {
            _ = Command.Run(Need.Program("umount"), [Folder]);
        }
    }
}
