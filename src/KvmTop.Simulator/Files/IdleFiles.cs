using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>cpuidle: what each CPU does with the time that /proc/stat calls idle. Isolated CPUs may not sleep deeply.</summary>
internal sealed class IdleFiles(HostModel host)
{
    private const string Root = "/sys/devices/system/cpu/";

    // The counters of all CPUs follow from those of all threads: worked out once a millisecond, not for each of hundreds of files.
    private const long Slot = 1_000_000;

    // Name, exit latency in us, what a sleep takes on average in ns.
    private static readonly (string Name, int Latency, long Sleep)[] s_states = [("POLL", 0, 4_000), ("C1", 1, 130_000), ("C2", 400, 1_700_000)];

    private readonly CpuFiles _cpus = new(host);
    private readonly Lock _gate = new();
    private readonly long[] _idle = new long[host.Topology.Cpus];
    private long _moment = -1;

    public static void AddTo(FileTree tree, HostModel host)
    {
        tree.AddText(Root + "cpuidle/current_driver", "acpi_idle\n");
        tree.AddText(Root + "cpuidle/current_governor", "menu\n");
        var files = new IdleFiles(host);
        foreach (var cpu in host.Topology.All.Cpus)
        {
            for (var i = 0; i < s_states.Length; i++)
            {
                var state = i;
                var folder = FormattableString.Invariant($"{Root}cpu{cpu}/cpuidle/state{state}/");
                var isOff = state == s_states.Length - 1 && host.Topology.Isolated.Cpus.Contains(cpu);
                tree.AddText(folder + "name", s_states[state].Name + "\n");
                tree.AddText(folder + "latency", FormattableString.Invariant($"{s_states[state].Latency}\n"));
                tree.AddText(folder + "disable", isOff ? "1\n" : "0\n");
                tree.Add(folder + "time", (ref Utf8Writer writer, long now) => files.Number(ref writer, now, cpu, state, 1000));
                tree.Add(folder + "usage", (ref Utf8Writer writer, long now) => files.Number(ref writer, now, cpu, state, s_states[state].Sleep));
            }
        }
    }

    private Errno Number(ref Utf8Writer writer, long now, int cpu, int state, long unit)
    {
        writer.Number((long)(Idle(cpu, now) * ShareOf(cpu, state)) / unit);
        writer.Text("\n"u8);
        return Errno.None;
    }

    private double ShareOf(int cpu, int state)
    {
        var light = 0.1 + (0.35 * SplitMix.Unit(41, cpu));
        return state switch
        {
            0 => 0.006,
            1 => host.Topology.Isolated.Cpus.Contains(cpu) ? 0.994 : light,
            _ => host.Topology.Isolated.Cpus.Contains(cpu) ? 0 : 0.994 - light,
        };
    }

    private long Idle(int cpu, long now)
    {
        lock (_gate)
        {
            if (_moment != now / Slot)
            {
                _moment = now / Slot;
                _cpus.FillIdle(_moment * Slot, _idle);
            }

            return _idle[cpu];
        }
    }
}
