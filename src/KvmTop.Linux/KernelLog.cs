namespace KvmTop.Linux;

/// <summary>What a line of the kernel log is about.</summary>
public enum KernelLogSubject
{
    Kvm,
    Vfio,
    Iommu,
    OutOfMemory,
    Hugepages,
}

/// <summary>A line of the kernel log that concerns virtual machines.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="Priority">0 (emergency) to 7 (debug), as in syslog(3).</param>
/// <param name="SinceBoot">When.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Text">The line, cleaned and bounded.</param>
public sealed record KernelLogLine(long Sequence, int Priority, TimeSpan SinceBoot, KernelLogSubject Subject, string Text);

/// <summary>
/// The kernel log from <c>/dev/kmsg</c> (Documentation/ABI/testing/dev-kmsg): one record per read, "priority,sequence,microseconds,flags;text", further lines of
/// it begin with a blank. EPIPE says that records were overwritten before they were read: go on. EAGAIN is the end for now. Reading needs CAP_SYSLOG where
/// kernel.dmesg_restrict is 1.
/// </summary>
public sealed class KernelLog : IDisposable
{
    /// <summary>Where it is.</summary>
    public const string Path = "/dev/kmsg";

    private const int LongestRecord = 8192;
    private const int LongestText = 400;

    // A storm of messages must not keep us here: the rest comes with the next reading.
    private const int MostRecords = 200_000;
    private const int MostLines = 1000;

    private readonly byte[] _record = new byte[LongestRecord];
    private readonly HostFile _file;
    private readonly bool _isLive;
    private bool _ended;

    private KernelLog(HostFile file, bool isLive) => (_file, _isLive) = (file, isLive);

    /// <summary>Records that were overwritten before they were read, at least.</summary>
    public long Overruns { get; private set; }

    /// <summary>Opens it at its oldest record.</summary>
    public static Errno Open(HostRoot host, out KernelLog? log)
    {
        var errno = host.Open(Path, out var file);
        log = file is null ? null : new KernelLog(file, host.IsLive);
        return errno;
    }

    /// <summary>All that is in the log now and concerns virtual machines; the latest when there are many.</summary>
    public static IReadOnlyList<KernelLogLine> ReadAll(HostRoot host, out Errno errno)
    {
        errno = Open(host, out var log);
        using (log)
        {
            var lines = new List<KernelLogLine>();
            if (log is not null)
            {
                errno = log.ReadNew(lines);
            }

            return lines;
        }
    }

    /// <summary>Appends what has come since the last call; of more than a thousand lines the latest.</summary>
    public Errno ReadNew(List<KernelLogLine> lines)
    {
        if (!_isLive)
        {
            return ReadCaptured(lines);
        }

        for (var i = 0; i < MostRecords; i++)
        {
            var n = _file.ReadAt(0, _record);
            if (n <= 0)
            {
                switch ((Errno)(-n))
                {
                    case Errno.None or Errno.EAGAIN:
                        return Errno.None;
                    case Errno.EPIPE or Errno.EINTR:
                        Overruns += n == -(int)Errno.EPIPE ? 1 : 0;
                        continue;
                    case Errno.EINVAL:
                        // Longer than any record should be: the kernel has skipped it.
                        continue;
                    case var errno:
                        return errno;
                }
            }

            Add(_record.AsSpan(0, n), lines);
        }

        return Errno.None;
    }

    /// <summary>Reads one record; false when it is none or concerns something else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> record, out KernelLogLine? line)
    {
        line = null;
        var semicolon = record.IndexOf((byte)';');
        if (semicolon < 0)
            return false;

        var head = record[..semicolon];
        var text = record[(semicolon + 1)..];
        var end = text.IndexOf((byte)'\n');
        text = end < 0 ? text : text[..end];
        if (SubjectOf(text) is not { } subject || !Next(ref head, out var priority) || !Next(ref head, out var sequence) || !Next(ref head, out var microseconds) || priority < 0)
            return false;

        line = new KernelLogLine(sequence, (int)(priority & 7), TimeSpan.FromMicroseconds(Math.Clamp(microseconds, 0, long.MaxValue / 20)), subject, KernelText.Clean(text, LongestText));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Add(ReadOnlySpan<byte> record, List<KernelLogLine> lines)
    {
        if (TryParse(record, out var line))
        {
            if (lines.Count >= MostLines)
                lines.RemoveRange(0, MostLines / 2);
            lines.Add(line!);
        }
    }

    private static bool Next(ref ReadOnlySpan<byte> head, out long number)
    {
        var comma = head.IndexOf((byte)',');
        var field = comma < 0 ? head : head[..comma];
        head = comma < 0 ? default : head[(comma + 1)..];
        return ByteFields.Parse(field, out number);
    }

    private static KernelLogSubject? SubjectOf(ReadOnlySpan<byte> text)
    {
        // What it was started with is repeated there, and says nothing about how that went.
        if (text.StartsWith("Command line: "u8) || text.StartsWith("Kernel command line: "u8))
            return null;
        if (Has(text, "kvm"u8) || Has(text, "VMX ("u8) || Has(text, "SVM disabled"u8) || Has(text, "svm:"u8))
            return KernelLogSubject.Kvm;
        if (Has(text, "vfio"u8))
            return KernelLogSubject.Vfio;
        if (Has(text, "DMAR"u8) || Has(text, "AMD-Vi"u8) || Has(text, "iommu"u8) || Has(text, "IOMMU"u8))
            return KernelLogSubject.Iommu;
        if (Has(text, "Out of memory"u8) || Has(text, "oom-kill"u8) || Has(text, "oom_reaper"u8) || Has(text, "invoked oom-killer"u8))
            return KernelLogSubject.OutOfMemory;
        return Has(text, "hugepage"u8) || Has(text, "HugeTLB"u8) || Has(text, "hugetlb"u8) ? KernelLogSubject.Hugepages : null;
    }

    private static bool Has(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) => text.IndexOf(word) >= 0;

    // A captured log is a file of records, one per line; it ends.
    private Errno ReadCaptured(List<KernelLogLine> lines)
    {
        if (_ended)
            return Errno.None;

        _ended = true;
        var records = new ByteLines(new ReadBuffer(65536, 4 << 20).ReadAll(_file, out var errno));
        while (records.TryNext(out var record))
            Add(record, lines);
        return errno;
    }
}
