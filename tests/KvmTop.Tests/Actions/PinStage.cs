using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Actions;

/// <summary>A host with CPUs and VMs whose threads can be pinned, all of it in memory but the files that actions read.</summary>
internal sealed class PinStage : IDisposable
{
    private const ulong Start = 1000;

    private readonly VmHost _vms = new();

    public PinStage(int nodes = 1, int cores = 4, int threads = 1)
    {
        foreach (var (path, text) in TopologyFiles(nodes, cores, threads))
            _ = Control.With(path, text);
        Control.Online = CpuTopology.Read(Control.Files).Online;
        Journal = new Journal(Control.Map("/var/log/kvmtop/audit.jsonl"), Control);
    }

    public FakeControl Control { get; } = new();

    public Journal Journal { get; }

    public ActionDesk Desk => new(Control, Journal);

    /// <summary>Threads of a core are as far apart as there are cores, as on most machines: with 2 nodes of 2 cores and 2 threads, CPU 0 and 4 are a core of node 0.</summary>
    public static IEnumerable<(string Path, string Text)> TopologyFiles(int nodes, int cores, int threads)
    {
        const string cpu = "/sys/devices/system/cpu/", node = "/sys/devices/system/node/";
        var all = nodes * cores;
        yield return (cpu + "online", $"0-{(all * threads) - 1}\n");
        yield return (cpu + "present", $"0-{(all * threads) - 1}\n");
        yield return (node + "online", $"0-{nodes - 1}\n");
        for (var n = 0; n < nodes; n++)
            yield return ($"{node}node{n}/cpulist", string.Join(',', Enumerable.Range(0, threads).Select(t => $"{(t * all) + (n * cores)}-{(t * all) + (n * cores) + cores - 1}")) + "\n");
        for (var i = 0; i < all * threads; i++)
        {
            yield return ($"{cpu}cpu{i}/topology/physical_package_id", $"{i % all / cores}\n");
            yield return ($"{cpu}cpu{i}/topology/die_id", "0\n");
            yield return ($"{cpu}cpu{i}/topology/core_id", $"{i % all % cores}\n");
        }
    }

    /// <summary>A QEMU whose main thread is its pid, with vCPUs at pid + 1 and on and an I/O thread behind them.</summary>
    public PinStage Vm(int pid, string name, int vcpus = 2, string affinity = "all", string libvirt = "", bool ioThread = true)
    {
        _vms.Qemu(pid, vcpus, start: Start + (ulong)pid, commandLine: $"/usr/bin/qemu-system-x86_64\0-name\0guest={name},debug-threads=on\0{libvirt}-m\064\0");
        for (var tid = pid; tid <= pid + vcpus; tid++)
            Thread(tid, tid == pid ? "all" : affinity);
        if (ioThread)
        {
            _vms.Thread(pid, pid + vcpus + 1, "IO iothread1").Stat(pid, "qemu-system-x86", threads: vcpus + 2, start: Start + (ulong)pid);
            Thread(pid + vcpus + 1, "all");
        }

        return this;
    }

    /// <summary>One more thread of a VM.</summary>
    public PinStage Worker(int pid, int tid, string comm = "worker", int threads = 5)
    {
        _vms.Thread(pid, tid, comm).Stat(pid, "qemu-system-x86", threads: threads, start: Start + (ulong)pid);
        Thread(tid, "all");
        return this;
    }

    /// <summary>Pages of 4 KiB on the nodes.</summary>
    public PinStage Memory(int pid, params int[] pages)
    {
        _ = Control.With($"/proc/{pid}/numa_maps", "7f0000000000 default anon=1 " + string.Join(' ', pages.Select((p, n) => $"N{n}={p}")) + " kernelpagesize_kB=4\n");
        return this;
    }

    public ActionContext Context(int? vcpu = null, params int[] selected)
    {
        _ = _vms.Tick();
        var model = _vms.Tick();
        var snapshot = new Snapshot(1, _vms.State.Time, TimeSpan.FromSeconds(1), new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = _vms.State }, EventList.Empty);
        return new ActionContext(snapshot, Control, new ActionSelection([.. selected.Select(pid => model.Single(v => v.Info.Pid == pid).Info)], vcpu is { } one ? CpuSet.Of([one]) : null));
    }

    public ActionPlan Plan(params string[] words) => Desk.Plan(Context(), words);

    public ActionResult Run(params string[] words) => Desk.Execute(Plan(words), null, _ => { });

    public ActionResult Undo() => Desk.Execute(Desk.PlanUndo(null), null, _ => { });

    /// <summary>CPUs of threads, one after the other.</summary>
    public string Cpus(params int[] tids) => string.Join(' ', tids.Select(t => Control.Affinities[t].ToString()));

    public void Dispose()
    {
        _vms.Dispose();
        Control.Dispose();
    }

    private void Thread(int tid, string affinity)
    {
        Control.Affinities[tid] = affinity == "all" ? Control.Online : CpuSet.TryParse(affinity, out var cpus) ? cpus : throw new ArgumentException(affinity);
        Control.Started[tid] = Start + (ulong)tid;
    }

}
