using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>
/// Puts a configuration file in place of another as a whole: whatever happens in between, a disk that is full included, the old one or the new one is there. The new one
/// has the owner, the mode and the extended attributes of the old.
/// </summary>
internal static class AtomicFile
{
    private const UnixFileMode NewFile = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes the text beside the file, flushes it to the disk, and renames it; null as the text takes the file away. Returns what went wrong, or null.</summary>
    public static string? Replace(string path, string? text)
    {
        // In the same directory: only there a rename is one step.
        var beside = $"{path}.kvmtop-{Environment.ProcessId}";
        var isMade = false;
        try
        {
            if (text is null)
            {
                File.Delete(path);
                return null;
            }

            var folder = Path.GetDirectoryName(path)!;
            _ = Directory.CreateDirectory(folder);
            if (FileMark.Of(path) is { IsLink: true })
                return $"{HostileText.Clean(path, 200)} is a symbolic link";

            // Of a process that had our number and was cut off: nobody else has it now.
            if (FileMark.Of(beside) is not null)
                File.Delete(beside);
            using (var file = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private }))
            {
                isMade = true;
                file.Write(System.Text.Encoding.UTF8.GetBytes(text));
                if (!File.Exists(path))
                {
                    // The umask would take bits away.
                    File.SetUnixFileMode(file.SafeFileHandle, NewFile);
                }
                else
                {
                    using var old = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                    if (FileTraits.Copy(old, file.SafeFileHandle) is not Errno.None and var errno)
                    {
                        TryDelete(beside);
                        return $"its owner, mode or attributes could not be kept: {errno.Describe()}";
                    }
                }

                file.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
            FileTraits.FlushFolder(folder);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (isMade)
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
