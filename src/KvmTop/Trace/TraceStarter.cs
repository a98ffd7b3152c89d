using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Trace;

/// <summary>Starts the trace that a host can have: a real one on the running host, a simulated one in the demo.</summary>
internal static class TraceStarter
{
    /// <summary>Null, and why, when the VM cannot be traced.</summary>
    public static IExitTrace? Start(HostRoot host, VmInfo vm, int? vcpu, TimeSpan? duration, out ExitTraceRefusal? refusal) =>
        host is Simulator.SimulatedHost
            ? SimulatedExitTrace.Start(host, vm, vcpu, duration, out refusal)
            : ExitTraceSession.Start(host, vm, vcpu, duration, out refusal);
}
