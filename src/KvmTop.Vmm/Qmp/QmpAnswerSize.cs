namespace KvmTop.Vmm;

/// <summary>How long the answer to a command may be, in bytes: by what it is asked for, and by what the VM has.</summary>
/// <param name="Usual">Up to here it costs its VM nothing: what the longest honest ones take.</param>
/// <param name="Most">Beyond this nothing is taken, and the monitor is hung up on.</param>
internal readonly record struct QmpAnswerSize(int Usual, int Most)
{
    private const int KiB = 1 << 10;
    private const int MostCounted = 1024;

    // Disks that were plugged in later are in no command line.
    private const int Plugged = 4;

    /// <summary>That of a command.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="disks">How many disks the VM was started with. Others may have been plugged in: there is room for some dozens.</param>
    /// <param name="vcpus">How many vCPUs it may have.</param>
    public static QmpAnswerSize Of(string command, int disks, int vcpus)
    {
        (disks, vcpus) = (Math.Clamp(disks, 1, MostCounted), Math.Clamp(vcpus, 1, MostCounted));
        return command switch
        {
            "query-status" or "query-balloon" or "query-version" or "qmp_capabilities" => new(2 * KiB, 8 * KiB),
            "qom-get" => new(2 * KiB, 16 * KiB),
            "query-dirty-rate" => new((2 * KiB) + (vcpus * 64), (8 * KiB) + (vcpus * 128)),
            "query-vnc" or "query-spice" or "query-migrate" => new(4 * KiB, 64 * KiB),
            "qom-list" => new(16 * KiB, 128 * KiB),
            "query-blockstats" => new((4 + (6 * disks)) * KiB, Math.Min((64 + (16 * Math.Max(disks, Plugged))) * KiB, QmpLines.Longest)),
            "query-block" => new((4 + (8 * disks)) * KiB, Math.Min((64 + (16 * Math.Max(disks, Plugged))) * KiB, QmpLines.Longest)),
            "query-cpus-fast" => new((2 * KiB) + (vcpus * 512), (64 * KiB) + (vcpus * KiB)),
            "query-stats" => new((8 + (12 * vcpus)) * KiB, Math.Min((64 + (16 * vcpus)) * KiB, QmpLines.Longest)),
            "query-stats-schemas" => new(32 * KiB, 256 * KiB),
            _ => new(64 * KiB, 1024 * KiB),
        };
    }
}
