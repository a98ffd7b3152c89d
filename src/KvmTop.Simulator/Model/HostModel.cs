namespace KvmTop.Simulator.Model;

/// <summary>The host as a whole: its processes, and what they sum up to.</summary>
internal sealed class HostModel
{
    private const long LoadSlot = 5 * SimClock.Second;
    private const long GiB = 1048576;

    private readonly Dictionary<int, SimProcess> _byPid = [];
    private readonly SimProcess[] _recurring;
    private LoadAverages? _load;

    public HostModel(SimulatedHostOptions options)
    {
        Clock = new SimClock(options.Time);
        Topology = new Topology(options.PCpus);
        var builder = new GuestBuilder(Topology, options.Seed);
        Population.AddHousekeeping(builder);
        if (options.Vms == 0)
        {
            Population.AddDemo(builder, Topology);
        }
        else
        {
            Population.AddMany(builder, options.Vms, options.VcpusPerVm, options.PCpus, Topology);
        }

        Processes = [.. builder.Built];
        Placement.Place(Processes, Topology);
        _recurring = [.. Processes.Where(p => p.Life.IsRecurring)];
        foreach (var process in Processes.Where(p => !p.Life.IsRecurring))
        {
            _byPid.Add(process.Life.PidOf(0), process);
        }

        MostDelayed = Processes.SelectMany(p => p.Threads, (p, t) => (p, t)).MaxBy(x => x.t.Delay.Max);
        Memory = new MemoryModel(Processes, Topology.Nodes, options.Vms == 0 ? 256 * GiB : 0);
    }

    public SimClock Clock { get; }

    public Topology Topology { get; }

    public SimProcess[] Processes { get; }

    public MemoryModel Memory { get; }

    /// <summary>The thread that waits most for a CPU, by which CPU pressure is told.</summary>
    public (SimProcess Process, SimThread Thread) MostDelayed { get; }

    /// <summary>The newest number that the kernel gave to a process or a thread. Each start uses up many, as on a host where other things start too.</summary>
    public long LastPid(long now)
    {
        const int eachSecond = 64;
        long latest = 0;
        foreach (var process in Processes)
        {
            latest = Math.Max(latest, process.Life.LatestStart(now));
        }

        return 50_000 + latest / SimClock.Second * eachSecond % 400_000;
    }

    /// <summary>The process that has a pid at a moment, with its generation.</summary>
    public SimProcess? Find(int pid, long now, out long generation)
    {
        generation = 0;
        if (_byPid.TryGetValue(pid, out var process))
        {
            return process.Life.GenerationAt(now) == 0 ? process : null;
        }

        foreach (var candidate in _recurring)
        {
            generation = candidate.Life.GenerationAt(now);
            if (generation >= 0 && candidate.Life.PidOf(generation) == pid)
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Adds what every thread that ever lived has used to per-CPU sums, and returns how many threads run at this moment.</summary>
    public int AddCpuTimes(long now, Span<CpuUse> cpus)
    {
        var running = 0;
        foreach (var process in Processes)
        {
            var lived = process.Life.Lived(now);
            var alive = process.Life.GenerationAt(now) >= 0;
            foreach (var thread in process.Threads)
            {
                var times = thread.Times(lived);
                SimThread.Divide(times.Guest, out var guest1, out var guest2, out var guest3);
                SimThread.Divide(times.User - times.Guest, out var user1, out var user2, out var user3);
                SimThread.Divide(times.System, out var system1, out var system2, out var system3);
                var homes = thread.Homes;
                Add(ref cpus[homes[0]], guest1, user1, system1);
                Add(ref cpus[homes[1]], guest2, user2, system2);
                Add(ref cpus[homes[2]], guest3, user3, system3);
                running += alive && thread.IsRunning(now, lived) ? 1 : 0;
            }
        }

        return running;
    }

    /// <summary>Load averages, renewed every five seconds as the kernel does.</summary>
    public LoadAverages Load(long now)
    {
        var slot = now / LoadSlot;
        if (_load is { } load && load.Slot == slot)
        {
            return load;
        }

        return _load = LoadAt(slot);
    }

    private LoadAverages LoadAt(long slot)
    {
        var end = slot * LoadSlot;
        var total = Demand(end);
        double Over(long seconds) => (total - Demand(end - seconds * SimClock.Second)) / (double)(seconds * SimClock.Second);
        return new LoadAverages(slot, Over(60), Over(300), Over(900), Processes.Sum(p => p.Life.GenerationAt(end) >= 0 ? p.Threads.Length : 0));
    }

    private static void Add(ref CpuUse cpu, long guest, long user, long system)
    {
        cpu.Guest += guest;
        cpu.User += guest + user;
        cpu.Run += guest + user + system;
    }

    private long Demand(long now)
    {
        var sum = 0L;
        foreach (var process in Processes)
        {
            var lived = process.Life.Lived(now);
            foreach (var thread in process.Threads)
            {
                sum += thread.Run.Integral(lived) + thread.Delay.Integral(lived);
            }
        }

        return sum;
    }
}

/// <summary>Running and waiting threads on average, and how many there are.</summary>
internal sealed record LoadAverages(long Slot, double One, double Five, double Fifteen, int Threads);
