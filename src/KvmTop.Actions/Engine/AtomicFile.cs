using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Puts a configuration file in place of another as a whole: whatever happens in between, a disk that is full included, the old one or the new one is there.</summary>
internal static class AtomicFile
{
    private const UnixFileMode NewFile = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes the text beside the file, flushes it to the disk, and renames it; null as the text takes the file away. Returns what went wrong, or null.</summary>
    public static string? Replace(string path, string? text)
    {
        // In the same directory: only there a rename is one step.
        var beside = $"{path}.kvmtop-{Environment.ProcessId}";
        try
        {
            if (text is null)
            {
                File.Delete(path);
                return null;
            }

            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var mode = File.Exists(path) ? File.GetUnixFileMode(path) : NewFile;
            using (var file = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                file.Write(System.Text.Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }

            // The umask took bits away that the old file had.
            File.SetUnixFileMode(beside, mode);
            File.Move(beside, path, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(beside);
            return HostileText.Clean(e.Message, 300);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What went wrong before is what is told; a file of ours with our pid in its name is left.
        }
    }
}
