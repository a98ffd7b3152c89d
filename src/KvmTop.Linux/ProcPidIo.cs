namespace KvmTop.Linux;

/// <summary>
/// What a process had the storage layer do, as in <c>/proc/PID/io</c> (proc_pid_io(5)). Reading it needs the right to trace the process;
/// the kernel may lack CONFIG_TASK_IO_ACCOUNTING.
/// </summary>
/// <param name="ReadBytes">read_bytes: fetched from storage; the page cache's hits are not in it.</param>
/// <param name="WriteBytes">write_bytes: sent to storage (counted when pages become dirty).</param>
public readonly record struct ProcPidIo(ulong ReadBytes, ulong WriteBytes)
{
    /// <summary>Reads the text of an io file. Allocates nothing. False unless both figures are there.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcPidIo value)
    {
        ulong? read = null, write = null;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            if (line.StartsWith("read_bytes:"u8))
                read = Number(line["read_bytes:".Length..]);
            else if (line.StartsWith("write_bytes:"u8))
                write = Number(line["write_bytes:".Length..]);
        }

        value = new ProcPidIo(read ?? 0, write ?? 0);
        return read is not null && write is not null;
    }

    private static ulong? Number(ReadOnlySpan<byte> text)
    {
        var fields = new ByteFields(text);
        return fields.TryUInt64(out var n) ? n : null;
    }
}
