namespace KvmTop.Collectors;

/// <summary>A trace of one VM's exits that is under way or done. All members may be called from any thread.</summary>
public interface IExitTrace : IDisposable
{
    /// <summary>The vCPUs that are traced, by number.</summary>
    IReadOnlyList<int> Vcpus { get; }

    /// <summary>True until its time is up, somebody stops it, or the VM ends.</summary>
    bool IsRunning { get; }

    /// <summary>What was found so far, of one vCPU or of all.</summary>
    ExitTraceReport Report(int? vcpu = null);

    /// <summary>Ends the trace; what it has found stays. Returns when nothing is traced any more.</summary>
    void Stop();

    /// <summary>Waits until the trace has ended by itself; false when the time was up first.</summary>
    bool Wait(TimeSpan timeout);
}

/// <summary>Why a VM cannot be traced.</summary>
/// <param name="Reason">What is in the way.</param>
/// <param name="Remedy">What would help; null when nothing would.</param>
/// <param name="IsPrivilege">More privilege would help.</param>
public sealed record ExitTraceRefusal(string Reason, string? Remedy, bool IsPrivilege)
{
    /// <summary>Both in a line.</summary>
    public override string ToString() => Remedy is null ? Reason : $"{Reason}. {Remedy}";

    /// <summary>Both as one reason among others.</summary>
    public string Brief => char.ToLowerInvariant(Reason[0]) + Reason[1..] + (Remedy is null ? "" : $" ({Remedy})");
}
