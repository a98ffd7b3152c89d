using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>Something to be asked of libvirt about one domain.</summary>
/// <param name="Domain">Its UUID.</param>
/// <param name="Operation">
/// Without arguments: "start" (virDomainCreate), "shutdown" (by ACPI or the guest's agent, returns at once), "destroy" (ends its process), "suspend", "resume", "reset".
/// "set-memory KIB" of the one that runs. "pin-vcpu N CPUS", "pin-emulator CPUS", "pin-iothread N CPUS" of the one that runs, with "persist" behind it in its definition too.
/// "set-throttle DISK NAME=N .." (virDomainSetBlockIoTune, as total_iops_sec=100; what is not named stays).
/// Readers: "get-state" (running, blocked, paused, shutdown, off, crashed, suspended; gone for a domain that is not known any more), "get-memory" (KiB it has now),
/// "get-vcpu-pin N", "get-emulator-pin", "get-iothread-pin N" (a list of CPUs), "get-throttle DISK" (limits that are not 0, with blanks between), "identify" (the name that libvirt has for it). "list" is about no
/// domain: a line "UUID NAME" for each that does not run.
/// </param>
/// <param name="Arguments">Its arguments.</param>
public sealed record LibvirtRequest(string Domain, string Operation, IReadOnlyList<string> Arguments)
{
    /// <summary>
    /// The process that must be the one by which libvirt runs the domain, as libvirt itself has it: right before the operation it is made sure of, and nothing is done otherwise.
    /// Null only for what is about none: "start" and "list".
    /// </summary>
    public VmKey? Process { get; init; }
}

/// <summary>What it answered.</summary>
/// <param name="IsOk">It was done.</param>
/// <param name="Value">What a reader returned.</param>
/// <param name="Problem">Why not; cleaned.</param>
public sealed record LibvirtReply(bool IsOk, string? Value, string? Problem)
{
    /// <summary>This user may not.</summary>
    public bool IsDenied { get; init; }

    /// <summary>It has not answered: nobody knows whether it was done, or will be.</summary>
    public bool IsOpen { get; init; }
}
