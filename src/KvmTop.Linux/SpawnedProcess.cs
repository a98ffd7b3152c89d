using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// A program that was started to be listened to: nothing on its standard input, both outputs on pipes of ours, a process group of its own. Not System.Diagnostics.Process, which
/// takes a hand in the terminal's settings and brings pipes and sockets for half a megabyte into the program.
/// </summary>
public sealed class SpawnedProcess : IDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_longestDeath = TimeSpan.FromSeconds(3);

    private readonly int _pid;
    private readonly PidFd? _end;
    private int _output;
    private int _error;
    private int? _exitCode;
    private bool _isLeft;

    private SpawnedProcess(int pid, int output, int error)
    {
        (_pid, _output, _error) = (pid, output, error);
        _ = PidFd.Open(pid, out _end);
    }

    /// <summary>Its exit code once it has ended, 128 and the number of the signal that ended it; null before.</summary>
    public int? ExitCode
    {
        get
        {
            Reap(Libc.WNOHANG);
            return _exitCode;
        }
    }

    /// <summary>True once both outputs have ended: it has closed them, and so has whoever got them from it.</summary>
    public bool IsSilent => _output < 0 && _error < 0;

    /// <summary>Starts it. ENOENT: there is no such program.</summary>
    /// <param name="program">A name that PATH finds, or a path.</param>
    /// <param name="arguments">Its arguments, without its name.</param>
    /// <param name="variables">Environment variables beside (or instead of) our own.</param>
    /// <param name="process">The process.</param>
    public static unsafe Errno Start(string program, IReadOnlyList<string> arguments, IReadOnlyList<(string Name, string Value)> variables, out SpawnedProcess? process)
    {
        process = null;
        var pipes = stackalloc int[4];
        if (Libc.pipe2(pipes, Libc.O_CLOEXEC) != 0)
        {
            return (Errno)Marshal.GetLastPInvokeError();
        }

        if (Libc.pipe2(pipes + 2, Libc.O_CLOEXEC) != 0)
        {
            var errno = (Errno)Marshal.GetLastPInvokeError();
            Close(pipes[0], pipes[1]);
            return errno;
        }

        var actions = stackalloc byte[Libc.SpawnRoom];
        var attributes = stackalloc byte[Libc.SpawnRoom];
        var signals = stackalloc byte[Libc.SpawnRoom];
        _ = Libc.posix_spawn_file_actions_init(actions);
        _ = Libc.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Libc.O_RDONLY, 0);
        _ = Libc.posix_spawn_file_actions_adddup2(actions, pipes[1], 1);
        _ = Libc.posix_spawn_file_actions_adddup2(actions, pipes[3], 2);

        // .NET ignores SIGPIPE, and a program that inherits that goes on writing to nobody.
        _ = Libc.posix_spawnattr_init(attributes);
        _ = Libc.posix_spawnattr_setflags(attributes, Libc.POSIX_SPAWN_SETPGROUP | Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK);
        _ = Libc.posix_spawnattr_setpgroup(attributes, 0);
        _ = Libc.sigfillset(signals);
        _ = Libc.posix_spawnattr_setsigdefault(attributes, signals);
        _ = Libc.sigemptyset(signals);
        _ = Libc.posix_spawnattr_setsigmask(attributes, signals);

        var words = Vector([program, .. arguments]);
        var environment = Vector(Environment(variables));
        var failure = (Errno)Libc.posix_spawnp(out var pid, program, actions, attributes, words, environment);
        NativeMemory.Free(words);
        NativeMemory.Free(environment);
        _ = Libc.posix_spawn_file_actions_destroy(actions);
        _ = Libc.posix_spawnattr_destroy(attributes);
        Close(pipes[1], pipes[3]);
        if (failure != Errno.None)
        {
            Close(pipes[0], pipes[2]);
            return failure;
        }

        process = new SpawnedProcess(pid, pipes[0], pipes[2]);
        return Errno.None;
    }

    /// <summary>Waits until it says something, ends, or the time is over, and appends what has come. Bytes beyond <paramref name="most"/> are read and dropped, so that it never waits for us.</summary>
    public unsafe void Listen(TimeSpan longest, List<byte> output, List<byte> error, int most)
    {
        var fds = stackalloc Libc.PollFd[3];
        fds[0] = new Libc.PollFd { Fd = _output, Events = Libc.POLLIN };
        fds[1] = new Libc.PollFd { Fd = _error, Events = Libc.POLLIN };
        fds[2] = new Libc.PollFd { Fd = _exitCode is null && _end is { } end ? end.Number : -1, Events = Libc.POLLIN };

        // Without a descriptor of the process (before Linux 5.3) its end is looked for now and then.
        var wait = _exitCode is null && _end is null && longest > s_pace ? s_pace : longest;
        if (Libc.poll(fds, 3, (int)Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, int.MaxValue)) <= 0)
        {
            return;
        }

        if (fds[0].Returned != 0)
        {
            Read(ref _output, output, most);
        }

        if (fds[1].Returned != 0)
        {
            Read(ref _error, error, most);
        }
    }

    /// <summary>Ends it and what it has started, at once. One that hangs in the kernel (a module that does not come up) cannot be ended: it is left behind after a moment, and nobody waits for it again.</summary>
    public unsafe void Kill()
    {
        if (_isLeft || ExitCode is not null)
        {
            return;
        }

        _ = Libc.kill(-_pid, Libc.SIGKILL);
        var end = new Libc.PollFd { Fd = _end?.Number ?? -1, Events = Libc.POLLIN };
        for (var waited = TimeSpan.Zero; waited < s_longestDeath && ExitCode is null; waited += s_pace)
        {
            _ = Libc.poll(&end, 1, (int)s_pace.TotalMilliseconds);
        }

        _isLeft = ExitCode is null;
    }

    /// <summary>Ends it if it has not ended.</summary>
    public void Dispose()
    {
        Kill();
        Close(_output, _error);
        (_output, _error) = (-1, -1);
        _end?.Dispose();
    }

    private unsafe void Reap(int options)
    {
        int status;
        int reaped;
        while (_exitCode is null)
        {
            reaped = Libc.waitpid(_pid, &status, options);
            if (reaped == _pid)
            {
                _exitCode = (status & 0x7f) == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f);
            }
            else if (reaped == 0)
            {
                return;
            }
            else if (Marshal.GetLastPInvokeError() != (int)Errno.EINTR)
            {
                // Somebody else has reaped it; what it said is lost.
                _exitCode = -1;
            }
        }
    }

    private static unsafe void Read(ref int fd, List<byte> kept, int most)
    {
        var buffer = stackalloc byte[16384];
        var n = (int)Libc.read(fd, buffer, 16384);
        if (n > 0)
        {
            CollectionExtensions.AddRange(kept, new ReadOnlySpan<byte>(buffer, Math.Min(n, most - kept.Count)));
        }
        else if (n == 0 || Marshal.GetLastPInvokeError() != (int)Errno.EINTR)
        {
            _ = Libc.close(fd);
            fd = -1;
        }
    }

    private static List<string> Environment(IReadOnlyList<(string Name, string Value)> variables)
    {
        var all = new List<string>();
        foreach (DictionaryEntry own in System.Environment.GetEnvironmentVariables())
        {
            var replaced = false;
            foreach (var (name, _) in variables)
            {
                replaced |= name == (string)own.Key;
            }

            if (!replaced)
            {
                all.Add($"{own.Key}={own.Value}");
            }
        }

        foreach (var (name, value) in variables)
        {
            all.Add($"{name}={value}");
        }

        return all;
    }

    /// <summary>A vector of C strings with its strings behind it, in one piece of memory.</summary>
    private static unsafe byte** Vector(List<string> texts)
    {
        var size = (nuint)((texts.Count + 1) * sizeof(byte*));
        foreach (var text in texts)
        {
            size += (nuint)Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        }

        var vector = (byte**)NativeMemory.Alloc(size);
        var at = (byte*)(vector + texts.Count + 1);
        for (var i = 0; i < texts.Count; i++)
        {
            vector[i] = at;
            at += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(at, Encoding.UTF8.GetMaxByteCount(texts[i].Length)));
            *at++ = 0;
        }

        vector[texts.Count] = null;
        return vector;
    }

    private static void Close(int first, int second)
    {
        _ = first < 0 ? 0 : Libc.close(first);
        _ = second < 0 ? 0 : Libc.close(second);
    }
}
