using System.Diagnostics;
using System.Runtime.InteropServices;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

/// <summary>"Open once, look at that, read that": files that are obeyed are root's or ours alone, regular, and never waited for.</summary>
public sealed class TrustedFileTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const uint Stranger = 65534;

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmtop-trust-").FullName;

    private static bool IsRoot => Environment.UserName == "root";

    public void Dispose()
    {
        File.SetUnixFileMode(_folder, Owner);
        Directory.Delete(_folder, true);
    }

    [Fact]
    public void OnesOwnFileIsRead()
    {
        Assert.Null(TrustedFile.Read(Make("a/b/file"), 100, out var bytes));
        Assert.Equal("text"u8.ToArray(), bytes);
    }

    [Fact]
    public void AMissingFileIsMissingAndNoFault()
    {
        var refusal = TrustedFile.Read(_folder + "/none", 100, out _);
        Assert.True(refusal!.IsMissing);
        Assert.True(TrustedFile.Read(_folder + "/none/none", 100, out _)!.IsMissing);
    }

    [Theory]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherWrite | UnixFileMode.GroupWrite)]
    public void AFileThatOthersMayWriteIsRefused(UnixFileMode more)
    {
        var path = Make("file");
        File.SetUnixFileMode(path, Owner | more);
        Assert.Contains("may be written by others", TrustedFile.Read(path, 100, out _)!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileBelowAFolderThatOthersMayWriteIsRefused()
    {
        var path = Make("open/inner/file");
        File.SetUnixFileMode(_folder + "/open", Owner | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        var refusal = TrustedFile.Read(path, 100, out _);
        Assert.True(refusal!.IsFolder);
        Assert.StartsWith(_folder + "/open may be written", refusal.Reason, StringComparison.Ordinal);
        Assert.NotNull(TrustedFile.CheckFolder(_folder + "/open/inner"));
    }

    [Fact]
    public void AFileOfASharedFolderMustHaveOneNameAndBeNoLink()
    {
        var path = Make("shared/file");
        File.SetUnixFileMode(_folder + "/shared", Owner | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.StickyBit);
        Assert.Null(TrustedFile.Read(path, 100, out _));
        _ = link(Make("own"), _folder + "/shared/second");
        Assert.Contains("second name", TrustedFile.Read(_folder + "/shared/second", 100, out _)!.Reason, StringComparison.Ordinal);
        File.CreateSymbolicLink(_folder + "/shared/link", path);
        Assert.Contains("is a link", TrustedFile.Read(_folder + "/shared/link", 100, out _)!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void OnesOwnLinksAreFollowed()
    {
        Make("dotfiles/file");
        Directory.CreateDirectory(_folder + "/config");
        File.CreateSymbolicLink(_folder + "/config/file", "../dotfiles/file");
        Directory.CreateSymbolicLink(_folder + "/way", _folder + "/config");
        Assert.Null(TrustedFile.Read(_folder + "/way/file", 100, out var bytes));
        Assert.Equal(4, bytes.Length);
    }

    [Fact]
    public void LinksThatGoRoundEnd()
    {
        File.CreateSymbolicLink(_folder + "/a", _folder + "/b");
        File.CreateSymbolicLink(_folder + "/b", _folder + "/a");
        Assert.Equal(Errno.ELOOP, TrustedFile.Read(_folder + "/a", 100, out _)!.Errno);
    }

    [Fact]
    public void AStrangersFileFolderOrLinkIsRefused()
    {
        Assert.SkipUnless(IsRoot, "only root can give files away");
        var file = Make("given");
        _ = lchown(file, Stranger, Stranger);
        Assert.Contains("belongs to uid 65534", TrustedFile.Read(file, 100, out _)!.Reason, StringComparison.Ordinal);

        var below = Make("theirs/inner/file");
        _ = lchown(_folder + "/theirs", Stranger, Stranger);
        Assert.StartsWith(_folder + "/theirs belongs to uid 65534", TrustedFile.Read(below, 100, out _)!.Reason, StringComparison.Ordinal);
        Assert.True(TrustedFile.Read(_folder + "/theirs/none", 100, out _)!.IsFolder);
        Assert.NotNull(TrustedFile.PrivateFolder(_folder + "/theirs"));

        File.CreateSymbolicLink(_folder + "/link", Make("own"));
        _ = lchown(_folder + "/link", Stranger, Stranger);
        Assert.Contains("the link", TrustedFile.Read(_folder + "/link", 100, out _)!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void APipeThatNobodyWritesIsRefusedAtOnceAndANamedOneAtItsDeadline()
    {
        Assert.Equal(0, mkfifo(_folder + "/pipe", 0x180));
        Assert.Contains("a pipe", TrustedFile.Read(_folder + "/pipe", 100, out _)!.Reason, StringComparison.Ordinal);
        foreach (var use in new[] { FileUse.Append, FileUse.Update })
            Assert.NotNull(TrustedFile.Open(_folder + "/pipe", use, out _));
        Assert.Contains("nobody wrote it", NamedFile.Read(_folder + "/pipe", 100, TimeSpan.FromMilliseconds(50), out _)!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APipeThatIsWrittenIsReadToItsEnd()
    {
        Assert.Equal(0, mkfifo(_folder + "/pipe", 0x180));
        var cancel = TestContext.Current.CancellationToken;
        var writer = Task.Run(
            () =>
            {
                using var program = Process.Start(new ProcessStartInfo("sh", ["-c", "printf '{}' > \"$1\"; ", "sh", _folder + "/pipe"]))!;
                program.WaitForExit();
            },
            cancel);
        Assert.Null(NamedFile.Read(_folder + "/pipe", 100, TimeSpan.FromSeconds(60), out var bytes));
        Assert.Equal("{}"u8.ToArray(), bytes);
        await writer;
    }

    [Fact]
    public void NothingLargerThanAllowedAndNoDeviceIsRead()
    {
        Assert.Equal(Errno.EFBIG, TrustedFile.Read(Make("file"), 3, out var bytes)!.Errno);
        Assert.Empty(bytes);
        Assert.Contains("a device", TrustedFile.Read("/dev/zero", 100, out _)!.Reason, StringComparison.Ordinal);
        Assert.Contains("a device", NamedFile.Read("/dev/zero", 100, TimeSpan.FromSeconds(1), out _)!.Reason, StringComparison.Ordinal);
        Assert.Equal(Errno.EISDIR, TrustedFile.Read(_folder, 100, out _)!.Errno);
        Assert.True(NamedFile.Read("/dev/fd/9999", 100, TimeSpan.FromSeconds(1), out _)!.IsMissing);
    }

    [Fact]
    public void WhatIsMadeIsItsOwnersAlone()
    {
        Assert.Null(TrustedFile.PrivateFolder(_folder + "/x/y"));
        Assert.Equal(Owner, File.GetUnixFileMode(_folder + "/x/y"));
        Assert.Null(TrustedFile.Open(_folder + "/x/y/log", FileUse.Append, out var file));
        using (file)
            RandomAccess.Write(file!, "one"u8, 0);
        Assert.Null(TrustedFile.Open(_folder + "/x/y/log", FileUse.Append, out file));
        using (file)
            RandomAccess.Write(file!, "two"u8, 0);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder + "/x/y/log"));
        Assert.Null(TrustedFile.Read(_folder + "/x/y/log", 100, out var bytes));
        Assert.Equal("onetwo"u8.ToArray(), bytes);
        File.SetUnixFileMode(_folder + "/x/y", Owner | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        Assert.Null(TrustedFile.PrivateFolder(_folder + "/x/y"));
        Assert.Equal(Owner, File.GetUnixFileMode(_folder + "/x/y"));
    }

    [Fact]
    public void OnlyFoldersFurtherAboveMayBeTheirGroups()
    {
        Assert.SkipUnless(IsRoot, "a user's own group counts as the user");
        var path = Make("log/kvmtop/file");
        File.SetUnixFileMode(_folder + "/log", Owner | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute);
        Assert.NotNull(TrustedFile.Read(path, 100, out _));
        Assert.Null(TrustedFile.Open(path, FileUse.Read, out var file, groupAbove: true));
        file!.Dispose();
        Assert.Null(TrustedFile.PrivateFolder(_folder + "/log/kvmtop"));
        File.SetUnixFileMode(_folder + "/log/kvmtop", Owner | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute);
        Assert.NotNull(TrustedFile.Open(path, FileUse.Append, out _, groupAbove: true));
        Assert.NotNull(TrustedFile.Open(_folder + "/log/new", FileUse.Append, out _, groupAbove: true));
    }

    private string Make(string below)
    {
        var path = _folder + "/" + below;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "text");
        for (var at = path; at != _folder; at = Path.GetDirectoryName(at)!)
            File.SetUnixFileMode(at, Owner);
        return path;
    }

#pragma warning disable SYSLIB1054, CA5392, CA2101 // Plain calls of a test.
    [DllImport("libc")]
    private static extern int mkfifo(string path, uint mode);

    [DllImport("libc")]
    private static extern int lchown(string path, uint user, uint group);

    [DllImport("libc")]
    private static extern int link(string from, string to);
#pragma warning restore
}
