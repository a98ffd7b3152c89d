namespace KvmTop.Linux;

/// <summary>
/// Between what a CPU's clock may move, as in <c>/sys/devices/system/cpu/cpuN/cpufreq</c> (Documentation/admin-guide/pm/cpufreq.rst): kHz, null for what cannot be read.
/// </summary>
/// <param name="MinKHz">scaling_min_freq: the lowest that the governor may choose.</param>
/// <param name="MaxKHz">scaling_max_freq: the highest.</param>
/// <param name="HardwareMaxKHz">cpuinfo_max_freq: the highest that the CPU has.</param>
/// <param name="Preference">energy_performance_preference ("balance_performance"), where the CPU chooses its clock itself.</param>
public sealed record CpuClockLimits(long? MinKHz, long? MaxKHz, long? HardwareMaxKHz, string? Preference)
{
    /// <summary>Nothing known.</summary>
    public static CpuClockLimits Unknown { get; } = new(null, null, null, null);

    /// <summary>Somebody has set the highest clock below what the CPU has.</summary>
    public bool IsCapped => MaxKHz is { } max && HardwareMaxKHz is { } hardware && max < hardware;

    /// <summary>Reads those of one CPU.</summary>
    public static CpuClockLimits Read(HostRoot host, int cpu, ReadBuffer buffer)
    {
        var folder = FormattableString.Invariant($"/sys/devices/system/cpu/cpu{cpu}/cpufreq/");
        return new CpuClockLimits(
            Number("scaling_min_freq"), Number("scaling_max_freq"), Number("cpuinfo_max_freq"), KernelText.Read(host, buffer, folder + "energy_performance_preference", out _) is { Length: > 0 } text ? text : null);

        long? Number(string file) => KernelText.ReadNumber(host, buffer, folder + file) is > 0 and < 1_000_000_000 and var n ? n : null;
    }
}
