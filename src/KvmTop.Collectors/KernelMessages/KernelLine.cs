using System.Buffers.Text;
using System.Text;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>
/// A line of the kernel log, taken apart. Names of tasks and of cgroups in it are whatever their owners chose: words are looked for where the kernel's own stand, and a
/// number is read on that side of a name where the name cannot reach.
/// </summary>
internal readonly ref struct KernelLine
{
    private const int LongestComm = 15;

    // printk writes a strange byte of a name as \xNN.
    private const int LongestName = LongestComm * 4;

    private readonly ReadOnlySpan<byte> _text;
    private readonly ReadOnlySpan<byte> _lower;

    /// <param name="text">The line.</param>
    /// <param name="buffer">Room for as much of it as is looked at.</param>
    public KernelLine(ReadOnlySpan<byte> text, Span<byte> buffer)
    {
        _text = text[..Math.Min(text.Length, buffer.Length)];
        _ = Ascii.ToLower(_text, buffer, out var n);

        // Bytes beyond ASCII stop it; the kernel writes none.
        _lower = buffer[..n];
    }

    public bool Starts(ReadOnlySpan<byte> word) => _lower.StartsWith(word);

    public bool Has(ReadOnlySpan<byte> word) => _lower.IndexOf(word) >= 0;

    /// <summary>Where a word ends; -1 when it is not there.</summary>
    public int After(ReadOnlySpan<byte> word) => _lower.IndexOf(word) is >= 0 and var at ? at + word.Length : -1;

    /// <summary>"NAME:PID", "NAME/PID": the name may hold the separator, the number is behind its last one.</summary>
    /// <param name="from">Where the name begins.</param>
    /// <param name="end">What stands behind the number: its last occurrence counts, for the name may hold that too.</param>
    /// <param name="separator">Between the two.</param>
    public KernelTask? TaskBefore(int from, ReadOnlySpan<byte> end, char separator)
    {
        var to = from < 0 ? -1 : _lower.LastIndexOf(end);
        if (to <= from)
            return null;

        var both = _text[from..to];
        var at = both.LastIndexOf((byte)separator);
        return at > 0 && Number(both[(at + 1)..], out var pid) ? Task(both[..at], pid) : null;
    }

    /// <summary>"NAME[PID]" at a place: "traps: NAME[PID] ..", "NAME[PID]: segfault at ..".</summary>
    public KernelTask? TaskInBrackets(int from, ReadOnlySpan<byte> end)
    {
        var to = _lower.LastIndexOf(end);
        var both = to > from ? _text[from..to] : default;
        var open = both.LastIndexOf((byte)'[');
        return open > 0 && Number(both[(open + 1)..], out var pid) ? Task(both[..open], pid) : null;
    }

    /// <summary>"PID (NAME)" or, of old, "PID, UID 107, (NAME)" at a place: the number stands before the name.</summary>
    public KernelTask? TaskAt(int from, out ReadOnlySpan<byte> rest)
    {
        rest = default;
        if (from < 0)
            return null;

        var text = _text[from..];
        var digits = 0;
        while (digits < text.Length && text[digits] is >= (byte)'0' and <= (byte)'9')
            digits++;

        var open = text.IndexOf((byte)'(');
        if (!Number(text[..digits], out var pid) || open < 0 || (open != digits + 1 && !text[digits..open].StartsWith(", UID "u8)))
            return null;

        // A name may hold a parenthesis, and what stands behind it holds none.
        var name = text[(open + 1)..];
        var close = name[..Math.Min(name.Length, LongestName + 1)].LastIndexOf((byte)')');
        if (close < 0)
            return null;

        rest = text[(open + close + 2)..];
        return Task(text.Slice(open + 1, close), pid);
    }

    /// <summary>A task by a name that stands at the beginning, without a number.</summary>
    public KernelTask? TaskUntil(ReadOnlySpan<byte> end) => _lower.IndexOf(end) is > 0 and <= LongestComm and var at ? Task(_text[..at], 0) : null;

    /// <summary>The number behind the last occurrence of a word; -1 when there is none.</summary>
    public long NumberBehindLast(ReadOnlySpan<byte> word)
    {
        var at = _lower.LastIndexOf(word);
        return at >= 0 && Utf8Parser.TryParse(_text[(at + word.Length)..], out long n, out var used) && used > 0 ? n : -1;
    }

    /// <summary>The cgroup of what was killed. Null when a name of a cgroup holds the kernel's word itself: then it cannot be told where one begins.</summary>
    public string? CgroupOfKill(int longest)
    {
        var word = ",task_memcg="u8;
        var from = _lower.IndexOf(word);
        var to = _lower.LastIndexOf(",task="u8);
        return from >= 0 && from == _lower.LastIndexOf(word) && to > from + word.Length
            ? HostileText.Clean(_text[(from + word.Length)..to], longest).Replace("\\x5c", "\\", StringComparison.OrdinalIgnoreCase)
            : null;
    }

    /// <summary>"task=NAME,pid=N,uid=N" at its end.</summary>
    public KernelTask? TaskOfKill()
    {
        var pid = NumberBehindLast(",pid="u8);
        var to = _lower.LastIndexOf(",pid="u8);
        var from = to < 0 ? -1 : _lower[..to].LastIndexOf(",task="u8);

        return from >= 0 && pid is > 0 and <= int.MaxValue ? Task(_text[(from + ",task="u8.Length)..to], (int)pid) : null;
    }

    private static KernelTask? Task(ReadOnlySpan<byte> name, int pid)
    {
        if (name.Length is 0 or > LongestName)
            return null;
        var comm = HostileText.Clean(name, LongestName);
        return new KernelTask(pid, comm, VmmTaskName.Is(comm));
    }

    private static bool Number(ReadOnlySpan<byte> text, out int number) => Utf8Parser.TryParse(text, out number, out var used) && used == text.Length && number > 0 && text[0] != (byte)'+';
}
