using System.Globalization;

namespace KvmTop.Simulator.Model;

/// <summary>Makes processes of <see cref="GuestSpec"/>s: threads, descriptors, cgroups, memory.</summary>
internal sealed class GuestBuilder(Topology topology, ulong seed)
{
    private const int FirstPid = 3001;
    private const double MegabytePerSecond = 1e6 / 1e9;

    // Names that every VM repeats: one string for all.
    private readonly List<VcpuNames> _vcpuNames = [];
    private readonly List<SimProcess> _built = [];
    private SplitMix _random = new(SplitMix.Hash(seed));
    private int _nextPid = FirstPid;
    private int _id;

    public IReadOnlyList<SimProcess> Built => _built;

    /// <summary>What a vCPU's statistics descriptor links to.</summary>
    public static string StatsLink(int vcpu) => "anon_inode:kvm-vcpu-stats:" + Text(vcpu);

    public void Add(GuestSpec spec)
    {
        _id++;
        var rhythm = new Rhythm(ref _random);
        var scope = CgroupOf(spec, _id);
        var threads = Threads(spec, rhythm, scope);
        var pid = TakePids(threads.Count);
        var (executable, arguments) = CommandLines.Of(spec, _id);
        var name = Path.GetFileName(executable);
        var memory = MemoryOf(spec);
        _built.Add(new SimProcess
        {
            Life = LifeOf(spec, pid),
            Comm = name.Length > 15 ? name[..15] : name,
            Executable = executable,
            CommandLine = arguments,
            User = spec.User,
            Threads = [.. threads],
            Memory = memory,
            Node = spec.Node,
            ReadBytes = Traffic(spec, spec.ReadMegabytes, rhythm),
            WrittenBytes = Traffic(spec, spec.WriteMegabytes, rhythm),
            Descriptors = Descriptors(spec, pid),
            Cgroup = scope,
            Quota = spec.Quota,
            Throttled = spec.Quota is null ? Wave.None : rhythm.Wave(spec.Throttled, ref _random),
            Qmp = spec.Answers ? MonitorOf(spec, _id) : null,
            IsKvm = spec.Kvm,
            IsPaused = spec.Paused,
            IsNesting = spec.Nesting,
        });
        if (spec.VhostKernelThread)
        {
            AddVhost(pid, rhythm);
        }
    }

    /// <summary>A program of the host, or a kernel thread when <paramref name="executable"/> is null.</summary>
    public void AddOrdinary(string comm, string? executable, SimUser user, int pid, Load load, double residentMiB, string cgroup)
    {
        var rhythm = new Rhythm(ref _random);
        var kernel = executable is null;
        _built.Add(new SimProcess
        {
            Life = Lifetime.Since(SimClock.Tick * (pid + 7), pid),
            Comm = comm,
            Executable = executable,
            CommandLine = kernel ? [] : [.. System.Text.Encoding.ASCII.GetBytes(executable!), 0],
            User = user,
            Parent = kernel ? (pid == 2 ? 0 : 2) : pid == 1 ? 0 : 1,
            Threads =
            [
                new SimThread
                {
                    Offset = 0, Name = comm, Role = kernel ? ThreadRole.Kernel : ThreadRole.Main, Affinity = topology.All, Salt = _random.Next(),
                    Run = rhythm.Wave(load, ref _random), Delay = new Wave(0.0005), UserShare = kernel ? 0 : 0.7, Cgroup = cgroup,
                },
            ],
            Memory = new SimMemory { ResidentKb = (long)(residentMiB * 1024), VirtualKb = (long)(residentMiB * 4096) },
            Descriptors = kernel ? [] : [new(0, "/dev/null"), new(1, "/dev/null"), new(2, "/dev/null"), new(3, "socket:[" + Text(17000 + pid) + "]")],
            Cgroup = cgroup,
        });
    }

    private static Lifetime LifeOf(GuestSpec spec, int pid) =>
        spec.Recurring
            ? Lifetime.Recurring(SimClock.Second * 600 + 37 * SimClock.Tick, 54 * SimClock.Second, 41 * SimClock.Second)
            : Lifetime.Since((3600 + 977L * (pid % 613)) * SimClock.Second + pid % 100 * SimClock.Tick, pid);

    private static SimMonitor MonitorOf(GuestSpec spec, int id)
    {
        const long mebibyte = 1 << 20;
        var libvirt = spec.Monitor == Monitor.LibvirtQemu;
        return new SimMonitor
        {
            Socket = CommandLines.SocketOf(spec),
            Machine = "pc-q35-8.2",
            VncPort = libvirt ? 5900 + id : null,
            Image = CommandLines.ImageOf(spec),
            Drive = libvirt ? "" : "virtio0",
            Qdev = libvirt ? "/machine/peripheral/virtio-disk0/virtio-backend" : "/machine/peripheral-anon/device[1]/virtio-backend",
            DiskBytes = spec.MemoryMiB * 4 * mebibyte,
            DiskNs = spec.DiskMs * 1e6,
            HasHistogram = spec.DiskHistogram,
            MemoryBytes = spec.MemoryMiB * mebibyte,
            TouchedBytes = (long)(spec.MemoryMiB * spec.Touched) * mebibyte,
            Balloon = libvirt ? spec.Balloon : null,
        };
    }

    private static string CgroupOf(GuestSpec spec, int id) =>
        spec.Cgroup.Length > 0 ? spec.Cgroup
        : spec.Monitor == Monitor.LibvirtQemu ? $"/machine.slice/machine-qemu\\x2d{Text(id)}\\x2d{spec.Name.Replace("-", "\\x2d", StringComparison.Ordinal)}.scope"
        : $"/machine.slice/{spec.Name}.scope";

    private List<SimThread> Threads(GuestSpec spec, Rhythm rhythm, string scope)
    {
        var libvirt = spec.Monitor == Monitor.LibvirtQemu;
        var emulator = libvirt ? scope + "/libvirt/emulator" : scope;
        var affinity = spec.PinOneToOne || spec.Pinning is null ? topology.All : spec.Pinning;
        var threads = new List<SimThread>();
        void Add(string name, ThreadRole role, Load load)
        {
            threads.Add(new SimThread
            {
                Offset = threads.Count, Name = name, Role = role, Affinity = affinity, Salt = _random.Next(), Cgroup = emulator,
                Run = rhythm.Wave(spec.Paused ? new Load(0.0005) : load, ref _random), Delay = new Wave(0.001), UserShare = 0.55,
            });
        }

        var (main, before, after) = spec.Monitor switch
        {
            Monitor.Firecracker => ("firecracker", (string[])["fc_api"], (string[])[]),
            Monitor.CloudHypervisor => ("cloud-hyperviso", ["vmm", "http-server"], ["_disk0_q0", "_net1_qp0"]),
            Monitor.LibvirtQemu => ("qemu-system-x86", ["call_rcu", "IO iothread1"], spec.VhostKernelThread ? ["vnc_worker"] : ["vnc_worker", "vhost-0"]),
            _ => (spec.Kvm ? "qemu-system-x86" : "qemu-system-ris", ["call_rcu"], spec.Emulator.Always > 0.1 ? ["SPICE Worker", "vnc_worker"] : ["vnc_worker"]),
        };
        Add(main, ThreadRole.Main, spec.Emulator);
        foreach (var name in before)
        {
            Add(name, name == "call_rcu" ? ThreadRole.Worker : ThreadRole.EventLoop, name == "IO iothread1" ? spec.Emulator * 0.6 : new Load(0.0002));
        }

        for (var i = 0; i < spec.Vcpus; i++)
        {
            threads.Add(Vcpu(spec, rhythm, i, threads.Count, libvirt ? scope + "/libvirt/vcpu" + Text(i) : scope));
        }

        foreach (var name in after)
        {
            Add(name, ThreadRole.EventLoop, name == "vnc_worker" ? new Load(0.0001) : spec.Emulator * 0.5);
        }

        return threads;
    }

    private SimThread Vcpu(GuestSpec spec, Rhythm rhythm, int index, int offset, string cgroup)
    {
        var names = NamesOf(index);
        var pinning = spec.Pinning ?? topology.All;
        var share = spec.BusyVcpus == 0 ? _random.Between(0.75, 1) : index < spec.BusyVcpus ? 1 : 0.1;
        return new SimThread
        {
            Offset = offset,
            Name = spec.Monitor switch
            {
                Monitor.Firecracker => "fc_vcpu " + Text(index),
                Monitor.CloudHypervisor => "vcpu" + Text(index),
                _ => spec.Kvm ? names.Comm : names.TcgComm,
            },
            Role = spec.Kvm ? ThreadRole.Vcpu : ThreadRole.TcgVcpu,
            Vcpu = index,
            Affinity = spec.PinOneToOne ? CpuSet.Of([pinning.Cpus[index % pinning.Cpus.Length]], topology.Cpus) : pinning,
            Salt = _random.Next(),
            Run = spec.Paused ? new Wave(0) { Already = 7_300_000_000_000 + 1_234_567_891 * index } : rhythm.Wave(spec.Load * share, ref _random),
            Delay = spec.Paused ? new Wave(0) { Already = 9_200_000_000 } : rhythm.Wave(spec.Ready * share, ref _random),
            GuestShare = spec.Kvm ? spec.GuestShare : 0,
            UserShare = spec.Kvm ? spec.GuestShare + (1 - spec.GuestShare) * 0.3 : 0.97,
            Cgroup = cgroup,
        };
    }

    private Wave Traffic(GuestSpec spec, Load megabytes, Rhythm rhythm) =>
        spec.Paused ? new Wave(0) { Already = 3_481_210_880 } : rhythm.Wave(megabytes * MegabytePerSecond, ref _random);

    private SimMemory MemoryOf(GuestSpec spec)
    {
        const long overheadKb = 180 * 1024;
        var guestKb = spec.MemoryMiB * 1024L;
        var touched = (long)(guestKb * spec.Touched);
        var seconds = (long)_random.Between(60, 200);
        Pulse Slow(double kb, long period) => new(kb, period * SimClock.Second, 11 * SimClock.Second, period * SimClock.Second / 3, period * SimClock.Second / 6, period * SimClock.Second / 3);
        return new SimMemory
        {
            ResidentKb = overheadKb + (spec.Hugepages ? 0 : touched),
            Swing = spec.Hugepages || spec.Paused ? null : Slow(guestKb * 0.04, seconds),
            Swapped = spec.SwapGiB > 0 ? Slow(spec.SwapGiB * 1048576, 150) : null,
            HugetlbKb = spec.Hugepages ? guestKb : 0,
            Thp = spec.Hugepages ? 0 : spec.Thp,
            Merged = spec.Merged,
            VirtualKb = guestKb + 3 * 1048576,
        };
    }

    private Descriptor[] Descriptors(GuestSpec spec, int pid)
    {
        var list = new List<Descriptor>
        {
            new(0, "/dev/null"),
            new(1, "pipe:[" + Text(40000 + pid) + "]"),
            new(2, "pipe:[" + Text(40000 + pid) + "]"),
            new(4, "anon_inode:[eventpoll]"),
            new(5, "anon_inode:[signalfd]"),
            new(29, "socket:[" + Text(60000 + pid) + "]"),
            new(30, "/dev/net/tun", "iff:\t" + TapOf(spec) + "\n"),
        };
        if (spec.Kvm)
        {
            list.Add(new(10, "/dev/kvm"));
            list.Add(new(11, "anon_inode:kvm-vm"));
            list.Add(new(32, "/dev/vhost-net"));
            for (var i = 0; i < spec.Vcpus; i++)
            {
                list.Add(new(40 + 2 * i, NamesOf(i).VcpuFd));
                if (spec.Monitor is Monitor.LibvirtQemu or Monitor.Qemu)
                {
                    list.Add(new(41 + 2 * i, NamesOf(i).StatsFd));
                }
            }
        }

        return [.. list.OrderBy(d => d.Number)];
    }

    private string TapOf(GuestSpec spec) => spec.Monitor switch
    {
        Monitor.CloudHypervisor => "ch" + Text(_id),
        Monitor.Qemu => "tap-" + spec.Name[..Math.Min(8, spec.Name.Length)],
        _ => "vnet" + Text(_id),
    };

    private void AddVhost(int owner, Rhythm rhythm)
    {
        var pid = TakePids(1);
        _built.Add(new SimProcess
        {
            Life = Lifetime.Since(3700 * SimClock.Second, pid),
            Comm = "vhost-" + Text(owner),
            User = SimUsers.Root,
            Parent = 2,
            Threads =
            [
                new SimThread
                {
                    Offset = 0, Name = "vhost-" + Text(owner), Role = ThreadRole.Kernel, Affinity = topology.All, Salt = _random.Next(),
                    Run = rhythm.Wave(new Load(0.03, 0.12, 0.2), ref _random), Delay = new Wave(0.001), UserShare = 0, Cgroup = "/",
                },
            ],
            Memory = new SimMemory { ResidentKb = 0, VirtualKb = 0 },
        });
    }

    private int TakePids(int threads)
    {
        var pid = _nextPid;
        _nextPid += threads + 1 + _random.Below(12);
        return pid;
    }

    private VcpuNames NamesOf(int index)
    {
        while (_vcpuNames.Count <= index)
        {
            var n = Text(_vcpuNames.Count);
            _vcpuNames.Add(new($"CPU {n}/KVM", $"CPU {n}/TCG", "anon_inode:kvm-vcpu:" + n, StatsLink(_vcpuNames.Count)));
        }

        return _vcpuNames[index];
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record VcpuNames(string Comm, string TcgComm, string VcpuFd, string StatsFd);
}
