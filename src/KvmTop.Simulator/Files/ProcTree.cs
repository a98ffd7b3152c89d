using System.Globalization;
using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>What a path below /proc/PID is.</summary>
internal enum ProcKind
{
    Missing,

    /// <summary>/proc/PID.</summary>
    Process,

    /// <summary>/proc/PID/task.</summary>
    Tasks,

    /// <summary>/proc/PID/task/TID.</summary>
    Thread,

    /// <summary>/proc/PID/fd.</summary>
    Descriptors,

    /// <summary>/proc/PID/fdinfo.</summary>
    DescriptorInfos,
    File,
    Link,
}

/// <summary>A path below /proc/PID, understood.</summary>
internal readonly record struct ProcEntry(
    ProcKind Kind, SimProcess Process, long Generation, SimThread? Thread = null, FormatProcess? Format = null, string? Target = null);

/// <summary>Understands paths below /proc/PID by taking them apart; nothing is kept per process.</summary>
internal sealed class ProcTree(HostModel host)
{
    private static readonly string[] s_links = ["cwd", "exe", "root"];
    private static readonly string[] s_folders = ["fd", "fdinfo", "task"];

    /// <summary>True for /proc/ and a digit: everything else of /proc is in the <see cref="FileTree"/>.</summary>
    public static bool Covers(string path) => path.Length > 6 && path.StartsWith("/proc/", StringComparison.Ordinal) && char.IsAsciiDigit(path[6]);

    public ProcEntry Find(string path, long now)
    {
        var rest = path.AsSpan(6);
        if (rest[^1] == '/' || !TakeNumber(ref rest, out var pid) || host.Find(pid, now, out var generation) is not { } process)
        {
            return default;
        }

        if (rest.IsEmpty)
        {
            return new(ProcKind.Process, process, generation);
        }

        var name = TakeName(ref rest);
        if (rest.IsEmpty)
        {
            return InProcess(process, generation, name);
        }

        if (name is "net" && rest is "dev")
        {
            return new(ProcKind.File, process, generation, Format: NetworkFiles.Dev);
        }

        if (!TakeNumber(ref rest, out var number))
        {
            return default;
        }

        switch (name)
        {
            case "fd" when rest.IsEmpty && DescriptorOf(process, number) is { } descriptor:
                return new(ProcKind.Link, process, generation, Target: descriptor.Target);
            case "fdinfo" when rest.IsEmpty && DescriptorOf(process, number) is { } descriptor:
                return new(ProcKind.File, process, generation, Format: (ref Utf8Writer writer, in ProcessMoment _) => DescriptorInfo(ref writer, descriptor));
            case "task":
                return InTask(process, generation, number - process.Life.PidOf(generation), rest);
            default:
                return default;
        }
    }

    public static Errno List(in ProcEntry entry, List<string> names)
    {
        switch (entry.Kind)
        {
            case ProcKind.Missing:
                return Errno.ENOENT;
            case ProcKind.Process:
                names.AddRange(ProcessFiles.OfThread.Keys);
                names.AddRange(s_folders);
                names.AddRange(entry.Process.IsKernel ? [] : s_links);
                return Errno.None;
            case ProcKind.Thread:
                names.AddRange(ProcessFiles.OfThread.Keys);
                return Errno.None;
            default:
                var numbers = new List<NumberedEntry>();
                var errno = ListNumbers(entry, numbers);
                foreach (var number in numbers)
                    names.Add(number.Number.ToString(CultureInfo.InvariantCulture));
                return errno;
        }
    }

    public static Errno ListNumbers(in ProcEntry entry, List<NumberedEntry> entries)
    {
        switch (entry.Kind)
        {
            case ProcKind.Missing:
                return Errno.ENOENT;
            case ProcKind.Process or ProcKind.Thread:
                return Errno.None;
            case ProcKind.Tasks:
                var pid = entry.Process.Life.PidOf(entry.Generation);
                foreach (var thread in entry.Process.Threads)
                {
                    entries.Add(new(pid + thread.Offset, InodeOf(pid + thread.Offset, entry.Generation, 1)));
                }

                return Errno.None;
            case ProcKind.Descriptors or ProcKind.DescriptorInfos:
                foreach (var descriptor in entry.Process.Descriptors)
                {
                    entries.Add(new(descriptor.Number, InodeOf(entry.Process.Life.PidOf(entry.Generation), entry.Generation, 2 + descriptor.Number)));
                }

                return Errno.None;
            default:
                return Errno.ENOTDIR;
        }
    }

    /// <summary>The processes that live now.</summary>
    public void ListProcesses(long now, List<NumberedEntry> entries)
    {
        foreach (var process in host.Processes)
        {
            var generation = process.Life.GenerationAt(now);
            if (generation >= 0)
            {
                var pid = process.Life.PidOf(generation);
                entries.Add(new(pid, InodeOf(pid, generation, 0)));
            }
        }
    }

    private static ulong InodeOf(int id, long generation, int kind) =>
        4026532000 + (SplitMix.Hash(((ulong)id << 32) ^ ((ulong)generation << 8) ^ ((ulong)kind << 56) ^ (ulong)kind) >> 24);

    private static ProcEntry InProcess(SimProcess process, long generation, ReadOnlySpan<char> name)
    {
        switch (name)
        {
            case "task":
                return new(ProcKind.Tasks, process, generation);
            case "fd":
                return new(ProcKind.Descriptors, process, generation);
            case "fdinfo":
                return new(ProcKind.DescriptorInfos, process, generation);
            case "exe" when !process.IsKernel:
                return new(ProcKind.Link, process, generation, Target: process.Executable);
            case "cwd" when !process.IsKernel:
                return new(ProcKind.Link, process, generation, Target: process.User == SimUsers.Alice ? process.User.Home : "/");
            case "root" when !process.IsKernel:
                return new(ProcKind.Link, process, generation, Target: "/");
            default:
                return FileOf(process, generation, null, name);
        }
    }

    private static ProcEntry InTask(SimProcess process, long generation, int offset, ReadOnlySpan<char> rest)
    {
        // A thread's offset is its place in the list.
        if ((uint)offset >= (uint)process.Threads.Length)
        {
            return default;
        }

        var thread = process.Threads[offset];
        if (rest.IsEmpty)
        {
            return new(ProcKind.Thread, process, generation, thread);
        }

        var name = TakeName(ref rest);
        return rest.IsEmpty ? FileOf(process, generation, thread, name) : default;
    }

    private static ProcEntry FileOf(SimProcess process, long generation, SimThread? thread, ReadOnlySpan<char> name) =>
        ProcessFiles.OfThread.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var format)
            ? new(ProcKind.File, process, generation, thread, format)
            : default;

    private static Descriptor? DescriptorOf(SimProcess process, int number)
    {
        foreach (var descriptor in process.Descriptors)
        {
            if (descriptor.Number == number)
            {
                return descriptor;
            }
        }

        return null;
    }

    private static void DescriptorInfo(ref Utf8Writer writer, Descriptor descriptor)
    {
        writer.Text("pos:\t0\nflags:\t02000002\nmnt_id:\t"u8);
        writer.Number(descriptor.Target.StartsWith('/') ? 26 : 15);
        writer.Number("\nino:\t"u8, 1000 + descriptor.Number);
        writer.Text("\n"u8);
        if (descriptor.ExtraInfo is { } extra)
        {
            writer.Text(extra);
        }
    }

    /// <summary>Takes "123" or "123/" off the front.</summary>
    private static bool TakeNumber(ref ReadOnlySpan<char> rest, out int number)
    {
        var name = TakeName(ref rest);
        number = 0;
        return name.Length is > 0 and <= 10 && (name[0] != '0' || name.Length == 1)
            && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static ReadOnlySpan<char> TakeName(ref ReadOnlySpan<char> rest)
    {
        var slash = rest.IndexOf('/');
        var name = slash < 0 ? rest : rest[..slash];
        rest = slash < 0 ? default : rest[(slash + 1)..];
        return name;
    }
}
