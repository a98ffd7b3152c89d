using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Which of some files a program makes: what was there before it ran is remembered, and only what was not is taken away after it failed.</summary>
internal sealed class MadeFiles
{
    private readonly HostControl _host;
    private readonly string[] _paths;
    private readonly FileMark?[] _before;

    /// <summary>Remembers what is there now.</summary>
    public MadeFiles(HostControl host, params string[] paths)
    {
        (_host, _paths, _before) = (host, paths, new FileMark?[paths.Length]);
        for (var i = 0; i < paths.Length; i++)
            _before[i] = host.MarkOf(paths[i]);
    }

    /// <summary>Takes away what has been made since. A socket at which somebody listens is not what a program left that has ended.</summary>
    public void Remove()
    {
        for (var i = 0; i < _paths.Length; i++)
        {
            if (_host.MarkOf(_paths[i]) is { } now && now != _before[i] && !IsServed(_host, _paths[i]))
                _ = _host.ReplaceFile(_paths[i], null);
        }
    }

    /// <summary>Whether somebody listens at a socket: a queue that is full is somebody's too.</summary>
    public static bool IsServed(HostControl host, string socket)
    {
        var errno = host.Files.Connect(socket, out var connection);
        connection?.Dispose();
        return errno is Errno.None or Errno.EAGAIN;
    }
}
