namespace KvmTop.Linux;

/// <summary>A CPU's frequency governor and clock, as in <c>/sys/devices/system/cpu/cpuN/cpufreq</c> (Documentation/admin-guide/pm/cpufreq.rst).</summary>
/// <param name="Governor">scaling_governor ("performance"), or null.</param>
/// <param name="CurrentKHz">scaling_cur_freq in kHz, or null. On x86 it is measured over the last tick or so.</param>
/// <param name="Reason">Why something is null; null when nothing is.</param>
public sealed record CpuFrequency(string? Governor, long? CurrentKHz, string? Reason)
{
    /// <summary>Reads the figures of one CPU.</summary>
    public static CpuFrequency Read(HostRoot host, int cpu)
    {
        var folder = FormattableString.Invariant($"/sys/devices/system/cpu/cpu{cpu}/cpufreq");
        if (!host.Exists(folder))
            return new CpuFrequency(null, null, "no cpufreq driver (usual in a virtual machine)");

        var buffer = new ReadBuffer(256, 4096);
        var governor = KernelText.Read(host, buffer, folder + "/scaling_governor", out var governorError);
        var text = KernelText.Read(host, buffer, folder + "/scaling_cur_freq", out var clockError);
        long? clock = text is not null && long.TryParse(text, out var kHz) ? kHz : null;
        var reason = governor is null ? "governor: " + governorError.Describe()
            : clock is not null ? null
            : "clock: " + (clockError == Errno.None ? "not a number" : clockError.Describe());
        return new CpuFrequency(governor, clock, reason);
    }
}
