namespace KvmTop;

/// <summary>What a host without guests is told: where was looked, and what to do.</summary>
internal static class EmptyHost
{
    /// <summary>A few lines for the empty pane and the text report.</summary>
    public const string Text =
        """
        No virtual machines found.
        Looked for: processes with a KVM VM descriptor (/proc/PID/fd -> anon_inode:kvm-vm), whatever their
        program, and qemu-system-* without one. Other users' processes need root.
        A VM that starts now appears here by itself. To see the screen alive: kvmtop --demo

        """;
}
