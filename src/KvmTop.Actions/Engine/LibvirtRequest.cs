namespace KvmTop.Actions;

/// <summary>Something to be asked of libvirt about one domain.</summary>
/// <param name="Domain">Its UUID.</param>
/// <param name="Operation">"start", "shutdown", "destroy", "suspend", "resume", "reset", "set-memory", "pin-vcpu", "pin-emulator", "pin-iothread", and the readers "get-..".</param>
/// <param name="Arguments">KiB; or the number of a vCPU or I/O thread and a list of CPUs.</param>
public sealed record LibvirtRequest(string Domain, string Operation, IReadOnlyList<string> Arguments);

/// <summary>What it answered.</summary>
/// <param name="IsOk">It was done.</param>
/// <param name="Value">What a reader returned.</param>
/// <param name="Problem">Why not; cleaned.</param>
public sealed record LibvirtReply(bool IsOk, string? Value, string? Problem);
