namespace KvmTop.Linux;

/// <summary>How far the kernel is locked down against root (kernel_lockdown(7)); Secure Boot usually turns integrity on.</summary>
public enum LockdownLevel
{
    /// <summary>securityfs is not mounted or cannot be read: try and see.</summary>
    Unknown,

    /// <summary>Not at all.</summary>
    None,

    /// <summary>The kernel cannot be changed: debugfs answers EPERM.</summary>
    Integrity,

    /// <summary>Nor can its secrets be read: perf's tracepoints are refused too.</summary>
    Confidentiality,
}

/// <summary>Reads <c>/sys/kernel/security/lockdown</c>, in which the level in force stands in brackets: "none [integrity] confidentiality".</summary>
public static class Lockdown
{
    /// <summary>The level of a host.</summary>
    public static LockdownLevel Read(HostRoot host) => Parse(new ReadBuffer(256, 4096).ReadAll(host, "/sys/kernel/security/lockdown", out _));

    /// <summary>The level that the text has in brackets; unknown for anything else.</summary>
    public static LockdownLevel Parse(ReadOnlySpan<byte> text) =>
        text.IndexOf("[none]"u8) >= 0 ? LockdownLevel.None
        : text.IndexOf("[integrity]"u8) >= 0 ? LockdownLevel.Integrity
        : text.IndexOf("[confidentiality]"u8) >= 0 ? LockdownLevel.Confidentiality
        : LockdownLevel.Unknown;
}
