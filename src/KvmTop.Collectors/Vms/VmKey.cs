namespace KvmTop.Collectors;

/// <summary>
/// What makes a process one and the same: its pid together with its start time (field 22 of /proc/PID/stat, in clock ticks since boot).
/// A pid alone is reused.
/// </summary>
public readonly record struct VmKey(int Pid, ulong StartTimeTicks) : IComparable<VmKey>
{
    /// <inheritdoc/>
    public int CompareTo(VmKey other) => Pid != other.Pid ? Pid.CompareTo(other.Pid) : StartTimeTicks.CompareTo(other.StartTimeTicks);

    public static bool operator <(VmKey left, VmKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(VmKey left, VmKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(VmKey left, VmKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(VmKey left, VmKey right) => left.CompareTo(right) >= 0;
}
