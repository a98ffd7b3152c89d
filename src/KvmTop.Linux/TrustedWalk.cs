using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// Goes a path down from "/", a folder at a time and each from the one before, as opened: every folder must be root's or ours and nobody else's to write. What lies below
/// a folder that is not is never touched (it may hang). Links are followed by hand, where a link is root's or ours and its folder nobody else's to write. A folder
/// like /tmp (sticky) is passed, but a link in it is not followed and a file in it may have no second name.
/// </summary>
internal sealed class TrustedWalk(bool groupAbove) : IDisposable
{
    private const int Sticky = 0x200, GroupWrite = 0x10, OtherWrite = 0x2;
    private const int OwnerFolder = 0x1C0;
    private const int MostLinks = 20;
    private const int MostSteps = 200;
    private const int LongestLink = 4096;

    private readonly Stack<string> _steps = new();
    private FileFacts _folderFacts;
    private int _spent;

    /// <summary>The folder that was reached, by O_PATH.</summary>
    public int Folder { get; private set; } = -1;

    /// <summary>The file's name in it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Where that is, as far as it is known: for messages.</summary>
    public string Shown { get; private set; } = "/";

    /// <summary>Whether there is such a file.</summary>
    public bool IsThere { get; private set; }

    /// <summary>Of the file, or of the folder after <see cref="ToFolder"/>.</summary>
    public FileFacts Facts { get; private set; }

    /// <summary>Others may make files in its folder.</summary>
    public bool IsShared => (_folderFacts.Mode & (GroupWrite | OtherWrite)) != 0 && MayOthersWrite(_folderFacts);

    /// <summary>To the folder of a file; null, or why it cannot be reached.</summary>
    /// <param name="path">The file.</param>
    /// <param name="makesIt">Whoever asks makes it when there is none: that it is missing is no fault.</param>
    public FileRefusal? ToFile(string path, bool makesIt)
    {
        if (Begin(path) is { } fault)
            return fault;
        while (Next() is { } name)
        {
            var refusal = Step(name, isLast: _steps.Count == 0, makes: false, out var isFile);
            if (refusal is not null)
                return makesIt && refusal.IsMissing && !refusal.IsFolder ? OwnFolderFault() : refusal;
            if (isFile)
                return OwnFolderFault();
        }

        return TrustedFile.Failed(path, Errno.EISDIR);
    }

    /// <summary>To a folder; null, or why it cannot be reached.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="makes">Makes what is missing, for its owner alone.</param>
    public FileRefusal? ToFolder(string path, bool makes)
    {
        if (Begin(path) is { } fault)
            return fault;
        while (Next() is { } name)
        {
            if (Step(name, isLast: false, makes, out _) is { } refusal)
                return refusal with { IsFolder = true };
        }

        Facts = _folderFacts;
        return (_folderFacts.Mode & Sticky) != 0 && MayOthersWrite(_folderFacts) ? new($"{Shown} may be written by others ({_folderFacts.ModeText})", Errno.None, IsFolder: true) : OwnFolderFault();
    }

    /// <summary>Why a file is not to be trusted; null when it is.</summary>
    /// <param name="facts">Of the opened file.</param>
    /// <param name="shown">What to call it.</param>
    /// <param name="isShared">Others may make files in its folder.</param>
    public static string? FileFault(in FileFacts facts, string shown, bool isShared) =>
        facts.Kind != FileKind.Regular ? $"{shown} is {Describe(facts.Kind)}, not a regular file"
        : ChangerFault(facts, shown) is { } fault ? fault
        : isShared && facts.Links > 1 ? $"{shown} has a second name, and lies in a folder that others may write"
        : null;

    /// <summary>Who else could change it: whoever owns it, whoever may write it; null when nobody can.</summary>
    public static string? ChangerFault(in FileFacts facts, string shown) =>
        OwnerFault(facts, shown) ?? (MayOthersWrite(facts) ? $"{shown} may be written by others than its owner ({facts.ModeText})" : null);

    /// <inheritdoc/>
    public void Dispose() => Leave();

    private FileRefusal? Begin(string path)
    {
        if (path.Length == 0 || path.Contains('\0'))
            return TrustedFile.Failed("", Errno.EINVAL);
        if (!path.StartsWith('/'))
        {
            if (CurrentFolder() is not { } here)
                return TrustedFile.Failed(path, Errno.ENOENT);
            path = here + "/" + path;
        }

        Push(path);
        return Enter(Libc.AT_FDCWD, "/", "/");
    }

    /// <summary>Null when it was taken away under us.</summary>
    private static string? CurrentFolder()
    {
        try
        {
            return Environment.CurrentDirectory;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Push(string path)
    {
        var parts = path.Split('/');
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] is not ("" or "."))
                _steps.Push(parts[i]);
        }
    }

    private string? Next() => _steps.TryPop(out var name) ? name : null;

    /// <summary>Down by one name; <paramref name="isFile"/> when that is the file and it is there.</summary>
    private FileRefusal? Step(string name, bool isLast, bool makes, out bool isFile)
    {
        isFile = false;
        Name = name;
        var above = Shown;
        Shown = above == "/" ? "/" + name : above + "/" + name;
        if (++_spent > MostSteps)
            return TrustedFile.Failed(Shown, Errno.ELOOP);
        if (makes && Libc.mkdirat(Folder, name, OwnerFolder) != 0 && (Errno)Marshal.GetLastPInvokeError() is not (Errno.EEXIST or Errno.EROFS or Errno.EACCES or Errno.EPERM) and var failed)
            return TrustedFile.Failed(Shown, failed);
        var fd = Libc.openat(Folder, name, Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0);
        if (fd < 0)
            return TrustedFile.Failed(Shown, (Errno)Marshal.GetLastPInvokeError(), isFolder: !isLast);
        var errno = FileFacts.Read(fd, out var facts);
        FileRefusal? fault = null;
        if (errno != Errno.None)
            fault = TrustedFile.Failed(Shown, errno, isFolder: !isLast);
        else if (facts.Kind == FileKind.Link)
            fault = Follow(fd, facts, above);
        else if (isLast)
            (isFile, IsThere, Facts) = (true, true, facts);
        else
            return Enter(fd, null, Shown, facts);
        _ = Libc.close(fd);
        return isFile && Facts.Kind == FileKind.Directory ? TrustedFile.Failed(Shown, Errno.EISDIR) : fault;
    }

    private unsafe FileRefusal? Follow(int link, in FileFacts facts, string above)
    {
        if (OwnerFault(facts, Shown) is { } fault)
            return new($"the link {fault}", Errno.None, IsFolder: true);
        if (IsShared)
            return new($"{Shown} is a link, and lies in a folder that others may write", Errno.None, IsFolder: true);
        _spent += MostSteps / MostLinks;
        var target = stackalloc byte[LongestLink];
        var n = (int)Libc.readlinkat(link, "", target, LongestLink);
        if (n <= 0 || n == LongestLink)
            return TrustedFile.Failed(Shown, n < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.ENAMETOOLONG);
        var to = Encoding.UTF8.GetString(target, n);
        Push(to);
        Shown = above;
        return to[0] == '/' ? Enter(Libc.AT_FDCWD, "/", "/") : null;
    }

    /// <summary>Into a folder; refused when whoever owns or may write it could put what he likes below it.</summary>
    private FileRefusal? Enter(int at, string? name, string shown, FileFacts facts = default)
    {
        var fd = at;
        if (name is not null)
        {
            fd = Libc.openat(at, name, Libc.O_PATH | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
            if (fd < 0)
                return TrustedFile.Failed(shown, (Errno)Marshal.GetLastPInvokeError(), isFolder: true);
            _ = FileFacts.Read(fd, out facts);
        }

        Leave();
        (Folder, Shown, _folderFacts) = (fd, shown, facts);
        if (facts.Kind != FileKind.Directory)
            return new($"{shown} is {Describe(facts.Kind)}, not a folder", Errno.ENOTDIR, IsFolder: true);
        if (OwnerFault(facts, shown) is { } fault)
            return new(fault, Errno.None, IsFolder: true);
        var isOpen = (facts.Mode & Sticky) == 0 && ((facts.Mode & OtherWrite) != 0 || (!groupAbove && MayOthersWrite(facts)));
        return isOpen ? new($"{shown} may be written by others than its owner ({facts.ModeText})", Errno.None, IsFolder: true) : null;
    }

    /// <summary>The folder in which the file itself lies: its group may not write it either.</summary>
    private FileRefusal? OwnFolderFault() =>
        (_folderFacts.Mode & Sticky) == 0 && MayOthersWrite(_folderFacts) ? new($"the folder of {Shown} may be written by others than its owner ({_folderFacts.ModeText})", Errno.None, IsFolder: true) : null;

    private static string? OwnerFault(in FileFacts facts, string shown)
    {
        var me = Libc.geteuid();
        return facts.Uid == 0 || facts.Uid == me ? null
            : string.Create(CultureInfo.InvariantCulture, $"{shown} belongs to uid {facts.Uid}, not to {(me == 0 ? "root" : $"root or uid {me}")}");
    }

    /// <summary>A group of the user's own, of his number, counts as the user: there most systems let the group write whatever he makes. Root has no such group.</summary>
    private static bool MayOthersWrite(in FileFacts facts) =>
        (facts.Mode & OtherWrite) != 0 || ((facts.Mode & GroupWrite) != 0 && !(Libc.geteuid() is > 0 and var me && facts.Gid == me && Libc.getegid() == me));

    private static string Describe(FileKind kind) => kind switch
    {
        FileKind.Regular => "a file",
        FileKind.Directory => "a folder",
        FileKind.Pipe => "a pipe",
        FileKind.Socket => "a socket",
        FileKind.CharacterDevice or FileKind.BlockDevice => "a device",
        _ => "something else",
    };

    private void Leave()
    {
        if (Folder >= 0)
            _ = Libc.close(Folder);
        Folder = -1;
    }
}
