using System.Text;
using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>The file of the journal: lines are appended whole or not at all, room for those of a plan is reserved before it begins, and the last megabytes are read.</summary>
/// <param name="path">The file.</param>
internal sealed class JournalFile(string path)
{
    private const int MostRead = 4 << 20;
    private const int RotateAt = 8 << 20;

    /// <summary>Why the file is not to be read nor written: others could have written it, or it is none. Null when it is not there or as it should be.</summary>
    public string? Distrust { get; private set; }

    /// <summary>Appends the first line of an entry, after room for it and for all that will be said about it has been reserved. Throws <see cref="IOException"/> when there is none.</summary>
    /// <param name="line">The line, with its end.</param>
    /// <param name="room">How much the entry may come to besides.</param>
    public void Begin(ReadOnlySpan<byte> line, long room) => Write(line, room, begins: true);

    /// <summary>Appends a line. Throws <see cref="IOException"/> when it cannot be written; then nothing of it is there.</summary>
    public void Append(ReadOnlySpan<byte> line) => Write(line, 0, begins: false);

    /// <summary>Reads the lines of the last megabytes. Those that are no JSON, or hold what is no text, are passed over and counted.</summary>
    public Errno ReadLines(Action<JsonElement> take, out int skipped)
    {
        skipped = 0;
        if (TrustedFile.Open(path, FileUse.Read, out var handle, groupAbove: true) is { } refusal)
        {
            Distrust = refusal.Errno == Errno.None ? refusal.Reason : null;
            return Distrust is null ? refusal.Errno : Errno.EPERM;
        }

        Distrust = null;
        try
        {
            using var file = new FileStream(handle!, FileAccess.Read);
            var skip = Math.Max(0, file.Length - MostRead);
            file.Position = skip;
            using var reader = new StreamReader(file, Encoding.UTF8);
            if (skip > 0)
                _ = reader.ReadLine();
            while (reader.ReadLine() is { } line)
            {
                if (!TryRead(line, take) && line.Length > 0)
                    skipped++;
            }

            return Errno.None;
        }
        catch (IOException)
        {
            return Errno.EIO;
        }
    }

    private static bool TryRead(string line, Action<JsonElement> take)
    {
        if (HoldsHalfACharacter(line))
            return false;
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return false;
            take(document.RootElement);
            return true;
        }
        catch (JsonException)
        {
            // Half a line, from a disk that was full: the others still count.
            return false;
        }
    }

    /// <summary>Whether a text escapes one half of a character that takes two ("\ud800"): JSON may say so, and no string can hold it.</summary>
    private static bool HoldsHalfACharacter(ReadOnlySpan<char> line)
    {
        var high = -1;
        for (var at = line.IndexOf('\\'); at >= 0 && at + 1 < line.Length; at = Next(line, at))
        {
            var unit = line[at + 1] == 'u' && at + 6 <= line.Length && ushort.TryParse(line.Slice(at + 2, 4), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var u) ? (char)u : ' ';
            if (char.IsLowSurrogate(unit) ? high != at - 6 : high >= 0)
                return true;
            high = char.IsHighSurrogate(unit) ? at : -1;
        }

        return high >= 0;
    }

    private static int Next(ReadOnlySpan<char> line, int at) => line[(at + 2)..].IndexOf('\\') is >= 0 and var next ? at + 2 + next : -1;

    private void Write(ReadOnlySpan<byte> line, long room, bool begins)
    {
        try
        {
            if (TrustedFile.PrivateFolder(Path.GetDirectoryName(path)!) is { } folder)
                throw new IOException(folder.Reason);

            // What was cut off by a loss of power must not take the next line along.
            var isWhole = !begins || EndsWithALine();
            if (begins && new FileInfo(path) is { Exists: true, Length: > RotateAt })
                File.Move(path, path + ".1", overwrite: true);
            if (TrustedFile.Open(path, FileUse.Append, out var handle, groupAbove: true) is { } refusal)
                throw new IOException(refusal.Reason);
            using var file = new FileStream(handle!, FileAccess.Write, bufferSize: 0);
            var end = file.Length;
            if (room > 0 && FileTraits.Reserve(handle!, end, line.Length + room) is not Errno.None and var full)
                throw new IOException($"there is no room for it on its disk ({full.Describe()})");
            try
            {
                // In one write at the end, wherever that is by then, so that another process's line never comes in between.
                file.Write(isWhole ? line : [(byte)'\n', .. line]);
                file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                file.SetLength(end);
                throw;
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(HostileText.Clean(e.Message, 300), e);
        }
    }

    private bool EndsWithALine()
    {
        if (TrustedFile.Open(path, FileUse.Read, out var handle, groupAbove: true) is not null)
            return true;
        using var file = new FileStream(handle!, FileAccess.Read, bufferSize: 0);
        if (file.Length == 0)
            return true;
        file.Position = file.Length - 1;
        return file.ReadByte() == '\n';
    }
}
