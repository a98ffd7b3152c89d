namespace KvmTop.Vmm;

/// <summary>How it stands with a monitor.</summary>
public enum QmpState
{
    /// <summary>Nobody asks anything of it.</summary>
    NotConnected,

    /// <summary>On the way: connecting, or waiting for the greeting.</summary>
    Connecting,

    /// <summary>It takes commands.</summary>
    Ready,

    /// <summary>Not a monitor to talk to: another process's socket, libvirt's, none that could be reached.</summary>
    Refused,

    /// <summary>It broke; it is tried again after a while.</summary>
    Failed,
}
