using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Trace;

/// <summary>
/// The trace of a VM of the simulated host: made-up events that go through the same aggregator as real ones. A guest that does I/O through the VMM, sleeps,
/// and sends interrupts; what it does follows from its pid and vCPU alone.
/// </summary>
internal sealed class SimulatedExitTrace : IExitTrace
{
    private const double ExitsPerSecond = 2500;

    /// <summary>Time that one report catches up with at most: a screen that looked away for long does not wait.</summary>
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(2);

    // Weight, mean of the time in the kernel and in the VMM in ns (0: not there), and what the guest asks for.
    private static readonly (uint Code, int Weight, double Kernel, double Vmm, uint VmmCode)[] s_exits =
    [
        (0x07c, 34, 900, 0, 0), (0x078, 22, 240_000, 0, 0), (0x400, 14, 1_800, 26_000, 6), (0x060, 13, 1_300, 0, 0), (0x07b, 9, 1_500, 19_000, 2), (0x072, 4, 1_100, 0, 0), (0x081, 3, 800, 0, 0), (0x064, 1, 700, 0, 0),
    ];

    private static readonly uint[] s_msrs = [0x6e0, 0x6e0, 0x6e0, 0x830, 0x830, 0x80b, 0x10];
    private static readonly uint[] s_ports = [0xc110, 0xc110, 0x70, 0x71, 0x608];
    private static readonly ulong[] s_rips = [0xffffffff81a0b3de, 0xffffffff81a0b3de, 0xffffffff8107c5a4, 0xffffffff8107c5a4, 0xffffffff810d2f70, 0xffffffff81a19c11, 0x7f3a52e0c41d];

    private static readonly KvmTraceFormats s_formats = KvmTraceFormats.Read(Format);

    private readonly HostRoot _host;
    private readonly ExitTraceAggregator _aggregator;
    private readonly ulong[] _clock;
    private readonly ulong[] _random;
    private readonly long _started;
    private readonly TimeSpan? _duration;
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _stopped = new();
    private TimeSpan? _elapsed;

    private SimulatedExitTrace(HostRoot host, VmInfo vm, IReadOnlyList<int> vcpus, TimeSpan? duration)
    {
        (_host, Vcpus, _duration, _started) = (host, vcpus, duration, host.Time.GetTimestamp());
        _aggregator = new ExitTraceAggregator(vcpus.Count);
        _clock = new ulong[vcpus.Count];
        _random = [.. vcpus.Select(v => ((ulong)vm.Pid << 16) + (ulong)v + 1)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Vcpus { get; }

    /// <inheritdoc/>
    public bool IsRunning => Elapsed() is var now && _elapsed is null && now < (_duration ?? TimeSpan.MaxValue);

    /// <summary>Starts one; the simulated host says no where a real one would.</summary>
    public static SimulatedExitTrace? Start(HostRoot host, VmInfo vm, int? vcpu, TimeSpan? duration, out ExitTraceRefusal? refusal)
    {
        var vcpus = vm.Threads.Where(t => t.IsVcpu && (vcpu is null || t.VcpuIndex == vcpu)).Select(t => t.VcpuIndex).ToList();
        refusal = vm.Accelerator == "tcg" ? new($"{vm.Name} is emulated without KVM: it has no exits", null, false)
            : vcpus.Count == 0 ? new(vcpu is null ? $"The vCPU threads of {vm.Name} could not be told: {vm.VcpuSource}" : $"{vm.Name} has no vCPU {vcpu}", null, false)
            : null;
        return refusal is null ? new SimulatedExitTrace(host, vm, vcpus, duration) : null;
    }

    /// <inheritdoc/>
    public ExitTraceReport Report(int? vcpu = null)
    {
        lock (_lock)
        {
            var elapsed = Elapsed();
            for (var i = 0; i < _clock.Length; i++)
            {
                Advance(i, (ulong)(elapsed.TotalSeconds * 1e9));
            }

            var stream = vcpu is { } n ? Vcpus.ToList().IndexOf(n) : -1;
            IReadOnlyList<int> vcpus = stream < 0 ? Vcpus : [Vcpus[stream]];
            var totals = _aggregator.Totals(stream);
            return new ExitTraceReport
            {
                State = IsRunning ? ExitTraceState.Running : ExitTraceState.Stopped,
                Elapsed = elapsed,
                Vcpus = vcpus,
                Reasons = ExitTraceReport.ReasonsOf(totals, s_formats, elapsed, vcpus.Count),
                Events = _aggregator.Events,
                Lost = _aggregator.Lost,
                Unfinished = totals.Unfinished,
                Notes = ["Simulated: these exits are made up."],
            };
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _elapsed ??= Elapsed();
        _stopped.Set();
    }

    /// <inheritdoc/>
    public bool Wait(TimeSpan timeout) => !IsRunning || _stopped.Wait(timeout) || !IsRunning;

    /// <inheritdoc/>
    public void Dispose() => Stop();

    private TimeSpan Elapsed()
    {
        var now = _elapsed ?? _host.Time.GetElapsedTime(_started);
        return _duration is { } duration && now > duration ? duration : now;
    }

    private void Advance(int vcpu, ulong until)
    {
        var most = (ulong)(s_most.TotalSeconds * 1e9);
        if (until - Math.Min(_clock[vcpu], until) > most)
        {
            _clock[vcpu] = until - most;
            _aggregator.AddLost(vcpu, 0);
        }

        ref var clock = ref _clock[vcpu];
        while (clock < until)
        {
            clock += (ulong)(-Math.Log(1 - Next(vcpu)) * 1e9 / ExitsPerSecond);
            Exit(vcpu, ref clock);
        }
    }

    private void Exit(int vcpu, ref ulong clock)
    {
        var pick = (int)(Next(vcpu) * s_exits.Sum(e => e.Weight));
        var exit = s_exits[0];
        foreach (var candidate in s_exits)
        {
            exit = candidate;
            if ((pick -= candidate.Weight) < 0)
            {
                break;
            }
        }

        _aggregator.Add(vcpu, new(KvmTraceKind.Exit, clock, exit.Code, 2, s_rips[(int)(Next(vcpu) * s_rips.Length)]));
        clock += Duration(vcpu, exit.Kernel / 2);
        var toVmm = exit.Vmm > 0 && Next(vcpu) < 0.4;
        if (Asked(vcpu, exit.Code, clock, toVmm) is { Kind: not KvmTraceKind.None } asked)
        {
            _aggregator.Add(vcpu, asked);
        }

        if (toVmm)
        {
            _aggregator.Add(vcpu, new(KvmTraceKind.UserspaceExit, clock, exit.VmmCode, 0, 0));
            clock += Duration(vcpu, exit.Vmm);
            _aggregator.Add(vcpu, new(KvmTraceKind.RunStart, clock, 0, 1, 0));
        }

        clock += Duration(vcpu, exit.Kernel / 2);
        _aggregator.Add(vcpu, new(KvmTraceKind.Entry, clock, 0, 0, 0));
    }

    private KvmTraceEvent Asked(int vcpu, uint code, ulong time, bool toVmm) => code switch
    {
        0x07c => new(KvmTraceKind.Msr, time, 0, 1, s_msrs[(int)(Next(vcpu) * s_msrs.Length)]),
        0x07b => new(KvmTraceKind.Pio, time, 2, Next(vcpu) < 0.7 ? 1u : 0, s_ports[(int)(Next(vcpu) * s_ports.Length)]),
        0x400 when toVmm => new(KvmTraceKind.Mmio, time, 4, 2, 0xfebd4000 + ((ulong)(Next(vcpu) * 3) * 0x1000)),
        0x072 => new(KvmTraceKind.Cpuid, time, 0, 0, Next(vcpu) < 0.8 ? 0xbu : 0x4),
        0x081 => new(KvmTraceKind.Hypercall, time, 0, 0, Next(vcpu) < 0.9 ? 5u : 11),
        _ => default,
    };

    /// <summary>Log-normal around a middle, as latencies are.</summary>
    private ulong Duration(int vcpu, double middle)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - Next(vcpu))) * Math.Cos(2 * Math.PI * Next(vcpu));
        return (ulong)(middle * Math.Exp(0.55 * normal));
    }

    private double Next(int vcpu)
    {
        // SplitMix64.
        var z = _random[vcpu] += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>As the kernel writes it, as far as names are wanted.</summary>
    private static TraceEventFormat? Format(string name)
    {
        var (id, fields, print) = name switch
        {
            "kvm_exit" => (1, "unsigned int exit_reason;\toffset:8;\tsize:4;\tsigned:0;", "__print_symbolic(REC->exit_reason, { 0x060, \"interrupt\" }, { 0x064, \"vintr\" }, { 0x072, \"cpuid\" }, { 0x078, \"hlt\" }, { 0x07b, \"io\" }, { 0x07c, \"msr\" }, { 0x081, \"hypercall\" }, { 0x400, \"npf\" })"),
            "kvm_userspace_exit" => (2, "__u32 reason;\toffset:8;\tsize:4;\tsigned:0;", "__print_symbolic(REC->reason, { 2, \"KVM_EXIT_IO\" }, { 6, \"KVM_EXIT_MMIO\" })"),
            _ => (0, "", ""),
        };
        return id == 0 ? null : TraceEventFormat.Parse(Encoding.ASCII.GetBytes($"name: {name}\nID: {id}\n\tfield:{fields}\nprint fmt: \"%s\", {print}\n"));
    }
}
