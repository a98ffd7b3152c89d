using System.Globalization;
using System.Text.Json;

namespace KvmTop.RealTests.Harness;

/// <summary>A real QEMU guest, gone for sure when disposed or when the test run ends in whatever way.</summary>
public sealed class Guest : IDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    /// <summary>From the best to the last resort: the first does on hosts whose KVM cannot virtualise that one feature.</summary>
    private static readonly string[] KvmCpuModels = ["host,-arch-capabilities", "host", "max"];

    private static int s_workingCpuModel;
    private static int s_started;

    private readonly string _folder;
    private readonly Keeper _keeper;

    private Guest(string name, string folder, Keeper keeper, int pid)
    {
        (Name, _folder, _keeper, Pid) = (name, folder, keeper, pid);
    }

    public string Name { get; }

    /// <summary>The QEMU process.</summary>
    public int Pid { get; }

    /// <summary>The vCPU threads by index, as QEMU itself tells them (<c>query-cpus-fast</c>).</summary>
    public IReadOnlyList<int> VcpuTids { get; private set; } = [];

    /// <summary>A QMP socket of its own, free for whoever connects.</summary>
    public string QmpSocket => Path.Combine(_folder, "qmp");

    /// <summary>The monitor that is left to the program under test.</summary>
    public string OtherQmpSocket => Path.Combine(_folder, "kvmtop");

    /// <summary>Starts a guest and waits until its vCPU threads are there; skips the test where there is no QEMU or no KVM.</summary>
    public static Guest Start(GuestOptions? options = null)
    {
        options ??= new GuestOptions();
        var qemu = options.Qemu ?? Need.Qemu();
        if (!options.Tcg) Need.Kvm();

        var name = options.Name ?? $"kvmtop-test-{Environment.ProcessId}-{Interlocked.Increment(ref s_started)}";
        var folder = Directory.CreateTempSubdirectory("kvmtop-guest-").FullName;
        var pidFile = Path.Combine(folder, "pid");
        var keeper = new Keeper("""[ -s "$1" ] && kill -9 "$(cat "$1")" 2>/dev/null; rm -rf -- "$2" """, pidFile, folder);
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "rom.bin"), Rom.Build(options.Work));
            Launch(qemu, name, folder, options);
            var pid = int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);
            var guest = new Guest(name, folder, keeper, pid);
            guest.VcpuTids = guest.ReadVcpuTids();
            options.Cgroup?.Add(pid);
            if (options.PinTo is { } cpu)
                foreach (var tid in guest.VcpuTids) Native.Pin(tid, cpu);
            return guest;
        }
        catch
        {
            keeper.Dispose();
            throw;
        }
    }

    /// <summary>One QMP command; <paramref name="arguments"/> is a JSON object.</summary>
    public JsonElement Qmp(string command, string? arguments = null) => QmpClient.Ask(QmpSocket, command, arguments);

    public void Dispose()
    {
        _keeper.Dispose();
        if (!Wait.Until(() => !Native.IsAlive(Pid), TimeSpan.FromSeconds(30)))
            throw new InvalidOperationException($"QEMU {Pid} ({Name}) survived SIGKILL");
    }

    private static void Launch(string qemu, string name, string folder, GuestOptions options)
    {
        var models = options.Tcg ? ["max"] : KvmCpuModels;
        for (var i = options.Tcg ? 0 : s_workingCpuModel; ; i++)
        {
            string[] command = [.. options.Prefix, qemu, .. Arguments(name, folder, options, models[i])];
            var result = Command.Run(command[0], command[1..], StartDeadline);
            if (result.ExitCode == 0)
            {
                if (!options.Tcg) s_workingCpuModel = i;
                return;
            }

            if (i + 1 >= models.Length)
                throw new InvalidOperationException($"QEMU did not start (exit {result.ExitCode}): {result.Stderr.Trim()}");
        }
    }

    private static IEnumerable<string> Arguments(string name, string folder, GuestOptions options, string cpuModel)
    {
        string[] arguments =
        [
            "-name", $"guest={name.Replace(",", ",,", StringComparison.Ordinal)},debug-threads={(options.DebugThreads ? "on" : "off")}",
            "-machine", options.Tcg ? "q35,accel=tcg" : "q35,accel=kvm",
            "-cpu", cpuModel,
            "-m", options.MemoryMiB.ToString(CultureInfo.InvariantCulture),
            "-smp", options.Vcpus.ToString(CultureInfo.InvariantCulture),
            "-display", "none", "-nic", "none", "-nodefaults", "-no-user-config",
            "-bios", Path.Combine(folder, "rom.bin"),
            "-qmp", $"unix:{Path.Combine(folder, "qmp")},server=on,wait=off",
            // A monitor serves one client at a time: the program takes the one with its name.
            "-qmp", $"unix:{Path.Combine(folder, "kvmtop")},server=on,wait=off",
            "-daemonize", "-pidfile", Path.Combine(folder, "pid"),
        ];
        return [.. arguments, .. options.Work == GuestWork.Idle ? ["-S"] : Array.Empty<string>(), .. options.ExtraArguments];
    }

    private int[] ReadVcpuTids()
    {
        var cpus = Qmp("query-cpus-fast");
        var tids = new int[cpus.GetArrayLength()];
        foreach (var cpu in cpus.EnumerateArray()) tids[cpu.GetProperty("cpu-index").GetInt32()] = cpu.GetProperty("thread-id").GetInt32();
        return tids;
    }
}
