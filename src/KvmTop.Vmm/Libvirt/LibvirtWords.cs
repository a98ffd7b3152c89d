namespace KvmTop.Vmm;

/// <summary>libvirt's numbers as words.</summary>
internal static class LibvirtWords
{
    /// <summary>virDomainState.</summary>
    internal static LibvirtState State(ulong? number) => number switch
    {
        1 => LibvirtState.Running,
        2 => LibvirtState.Blocked,
        3 => LibvirtState.Paused,
        4 => LibvirtState.Shutdown,
        5 => LibvirtState.Off,
        6 => LibvirtState.Crashed,
        7 => LibvirtState.Suspended,
        _ => LibvirtState.Unknown,
    };

    /// <summary>virDomainRunningReason, virDomainPausedReason, .. by the state; null for "unknown" and for what is newer than this list.</summary>
    internal static string? Reason(LibvirtState state, ulong? reason) => (state, reason) switch
    {
        (LibvirtState.Running, 1) => "booted",
        (LibvirtState.Running, 2) => "migrated",
        (LibvirtState.Running, 3) => "restored",
        (LibvirtState.Running, 4) => "from snapshot",
        (LibvirtState.Running, 5) => "unpaused",
        (LibvirtState.Running, 6) => "migration canceled",
        (LibvirtState.Running, 7) => "save canceled",
        (LibvirtState.Running, 8) => "woken up",
        (LibvirtState.Running, 9) => "crashed",
        (LibvirtState.Running, 10) => "post-copy",
        (LibvirtState.Running, 11) => "post-copy failed",
        (LibvirtState.Paused, 1) => "user",
        (LibvirtState.Paused, 2) => "migrating",
        (LibvirtState.Paused, 3) => "saving",
        (LibvirtState.Paused, 4) => "dumping",
        (LibvirtState.Paused, 5) => "I/O error",
        (LibvirtState.Paused, 6) => "watchdog",
        (LibvirtState.Paused, 7) => "from snapshot",
        (LibvirtState.Paused, 8) => "shutting down",
        (LibvirtState.Paused, 9) => "creating snapshot",
        (LibvirtState.Paused, 10) => "crashed",
        (LibvirtState.Paused, 11) => "starting up",
        (LibvirtState.Paused, 12) => "post-copy",
        (LibvirtState.Paused, 13) => "post-copy failed",
        (LibvirtState.Paused, 14) => "API error",
        (LibvirtState.Shutdown, 1) => "user",
        (LibvirtState.Off, 1) => "shutdown",
        (LibvirtState.Off, 2) => "destroyed",
        (LibvirtState.Off, 3) => "crashed",
        (LibvirtState.Off, 4) => "migrated",
        (LibvirtState.Off, 5) => "saved",
        (LibvirtState.Off, 6) => "failed",
        (LibvirtState.Off, 7) => "from snapshot",
        (LibvirtState.Off, 8) => "daemon",
        (LibvirtState.Crashed, 1) => "panicked",
        _ => null,
    };

    /// <summary>virDomainEventType.</summary>
    internal static string Lifecycle(int type) => type switch
    {
        0 => "defined",
        1 => "undefined",
        2 => "started",
        3 => "suspended",
        4 => "resumed",
        5 => "stopped",
        6 => "shut down",
        7 => "suspended by the guest",
        8 => "crashed",
        _ => "changed",
    };

    /// <summary>The detail of a life cycle event, by its type; empty when it says nothing more.</summary>
    internal static string Detail(int type, int detail) => (type, detail) switch
    {
        (2, 1) => "by migration",
        (2, 2) => "restored",
        (2, 3) => "from snapshot",
        (2, 4) => "woken up",
        (3, 1) or (4, 1) => "migration",
        (3, 2) => "I/O error",
        (3, 3) => "watchdog",
        (3, 4) or (3, 5) or (4, 2) => "snapshot",
        (3, 6) => "API error",
        (3, 7) => "post-copy",
        (3, 8) => "post-copy failed",
        (5, 0) => "shut down",
        (5, 1) => "destroyed",
        (5, 2) => "crashed",
        (5, 3) => "migrated",
        (5, 4) => "saved",
        (5, 5) => "failed",
        (5, 6) => "from snapshot",
        (6, 1) => "by the guest",
        (6, 2) => "by the host",
        (8, 0) => "panicked",
        (8, 1) => "crash loaded",
        _ => "",
    };
}
