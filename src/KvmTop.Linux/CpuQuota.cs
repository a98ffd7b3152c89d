namespace KvmTop.Linux;

/// <summary>
/// How much CPU time a cgroup may use: v2 <c>cpu.max</c>, v1 <c>cpu.cfs_quota_us</c> and <c>cpu.cfs_period_us</c>. A quota further up may be tighter.
/// </summary>
/// <param name="Cpus">The limit in CPUs (1.5 is 150 %); null when there is none.</param>
public readonly record struct CpuQuota(double? Cpus)
{
    /// <summary>Reads the text of a v2 cpu.max: "max 100000" or "150000 100000". Allocates nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out CpuQuota value)
    {
        value = default;
        var fields = new ByteFields(text);
        if (!fields.TryNext(out var quota))
            return false;

        if (quota.SequenceEqual("max"u8))
            return true;

        if (!ByteFields.Parse(quota, out ulong limit) || !fields.TryUInt64(out var period) || period == 0)
            return false;

        value = new CpuQuota((double)limit / period);
        return true;
    }

    /// <summary>Reads the texts of the two v1 files; a quota of -1 is no limit. Allocates nothing.</summary>
    public static bool TryParseV1(ReadOnlySpan<byte> quotaText, ReadOnlySpan<byte> periodText, out CpuQuota value)
    {
        value = default;
        var (quota, period) = (Number(quotaText), Number(periodText));
        if (quota is null || period is not > 0)
            return false;

        if (quota >= 0)
            value = new CpuQuota((double)quota / period);
        return true;

        static long? Number(ReadOnlySpan<byte> text)
        {
            var fields = new ByteFields(text);
            return fields.TryInt64(out var n) ? n : null;
        }
    }

    /// <summary>The quota of the cgroup whose cpu.stat is at <paramref name="cpuStatPath"/>; null when it has neither file.</summary>
    public static CpuQuota? Read(HostRoot host, string cpuStatPath)
    {
        var directory = cpuStatPath[..(cpuStatPath.LastIndexOf('/') + 1)];
        var buffer = new ReadBuffer(256, 4096);
        var text = buffer.ReadAll(host, directory + "cpu.max", out var errno);
        if (errno == Errno.None && TryParse(text, out var v2))
            return v2;

        text = buffer.ReadAll(host, directory + "cpu.cfs_quota_us", out errno);
        if (errno != Errno.None)
            return null;

        var period = new ReadBuffer(256, 4096).ReadAll(host, directory + "cpu.cfs_period_us", out errno);
        return errno == Errno.None && TryParseV1(text, period, out var v1) ? v1 : null;
    }
}
