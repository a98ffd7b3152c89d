using KvmTop.Linux;

namespace KvmTop.Collectors;

internal static class HostClock
{
    /// <summary>The host's monotonic clock as a time span, for stamping samples.</summary>
    public static TimeSpan Monotonic(this HostRoot host) => TimeSpan.FromTicks((long)(host.Time.GetTimestamp() * (10_000_000.0 / host.Time.TimestampFrequency)));
}
