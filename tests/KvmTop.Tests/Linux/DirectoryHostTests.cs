using System.Diagnostics;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

/// <summary>Files that have no positions, as numbers in debugfs have none: pread answers ESPIPE. A named pipe is one that anybody can make.</summary>
public sealed class DirectoryHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmtop-pipe-").FullName;

    [Fact]
    public void ReadAll_file_without_positions_is_read_to_its_end()
    {
        using var file = Pipe(string.Concat(Enumerable.Repeat("0123456789", 10)));
        var text = new ReadBuffer(16, 1024).ReadAll(file, out var errno);
        Assert.Equal((Errno.None, 100), (errno, text.Length));
        Assert.Equal("0123456789", System.Text.Encoding.ASCII.GetString(text[90..]));
    }

    [Fact]
    public void ReadAt_file_without_positions_skips_forwards_and_refuses_to_go_back()
    {
        using var file = Pipe("0123456789");
        Span<byte> buffer = stackalloc byte[3];
        Assert.Equal(3, file.ReadAt(5, buffer));
        Assert.Equal("567"u8.ToArray(), buffer.ToArray());
        Assert.Equal(-(int)Errno.ESPIPE, file.ReadAt(0, buffer));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private HostFile Pipe(string text)
    {
        using (var mkfifo = Process.Start("mkfifo", Path.Combine(_folder, "pipe")))
            mkfifo.WaitForExit();
        Assert.Equal(Errno.None, new DirectoryHost(_folder).Open("/pipe", out var file));
        File.WriteAllText(Path.Combine(_folder, "pipe"), text);
        return file!;
    }
}
