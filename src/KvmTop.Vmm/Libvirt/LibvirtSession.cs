using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>How it stands with a libvirt.</summary>
public enum LibvirtStatus
{
    /// <summary>On the way, or about to be.</summary>
    Connecting,

    /// <summary>It answers.</summary>
    Ready,

    /// <summary>The library or the daemon is not there.</summary>
    Absent,

    /// <summary>This user may not.</summary>
    Denied,

    /// <summary>It does not answer, or not as it should.</summary>
    Failed,
}

/// <summary>
/// A read-only connection to libvirt and a thread of its own, on which alone libvirt is called: a daemon that hangs holds that thread and nobody else.
/// Whoever wants to know asks with <see cref="Ask"/> at every tick and takes what <see cref="Latest"/> says, with its age.
/// </summary>
public sealed class LibvirtSession : IDisposable
{
    private const int MostEvents = 1000;
    private const int SignOfLifeSeconds = 3;
    private const int SignsMissed = 2;
    private const int Readable = 1;

    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_rereadPace = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_longestBackOff = TimeSpan.FromSeconds(15);

    private readonly string _uri;
    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<LibvirtEvent> _events = new();
    private readonly AutoResetEvent _asked = new(false);
    private readonly ManualResetEventSlim _ended = new(false);
    private readonly WakeUp _wake = new();
    private Standing _standing = new(LibvirtStatus.Connecting, "libvirt: connecting", null);
    private Thread? _thread;
    private long _eventsLost;
    private TimeSpan _due;
    private TimeSpan _reread;
    private int _posted;
    private bool _withInterfaces;
    private GCHandle _self;

    /// <param name="uri">Which libvirt. Nothing is loaded or connected before somebody asks.</param>
    /// <param name="time">The clock.</param>
    public LibvirtSession(string uri, TimeProvider time) => (_uri, _time) = (uri, time);

    /// <summary>How it stands.</summary>
    public LibvirtStatus Status => Volatile.Read(ref _standing).Status;

    /// <summary>Why there is nothing new; null when all is well.</summary>
    public string? Reason => Volatile.Read(ref _standing).Reason;

    /// <summary>The latest answer; null before the first. It stays while the connection is lost.</summary>
    public LibvirtAnswer? Latest => Volatile.Read(ref _standing).Answer;

    /// <summary>Events that came too fast to be kept.</summary>
    public long EventsLost => Interlocked.Read(ref _eventsLost);

    /// <summary>The clock of <see cref="LibvirtAnswer.At"/>.</summary>
    public TimeSpan Now => TimeSpan.FromTicks((long)(_time.GetTimestamp() * (10_000_000.0 / _time.TimestampFrequency)));

    /// <summary>Wants a new answer, when the latest is not of just now. Returns at once.</summary>
    /// <param name="interfaces">With the counters of the domains' interfaces.</param>
    public void Ask(bool interfaces = false)
    {
        Volatile.Write(ref _withInterfaces, interfaces);
        if (_ended.IsSet || Interlocked.Exchange(ref _posted, 1) == 1)
            return;
        if (_thread is null)
        {
            // Weak, and never freed: a callback that comes late finds nobody instead of a crash.
            _self = GCHandle.Alloc(this, GCHandleType.Weak);
            _thread = new Thread(Run, 512 << 10) { IsBackground = true, Name = "libvirt" };
            _thread.Start();
        }

        _asked.Set();
        _wake.Wake();
    }

    /// <summary>What it said unasked, oldest first.</summary>
    public bool TryTakeEvent([NotNullWhen(true)] out LibvirtEvent? e) => _events.TryDequeue(out e);

    /// <summary>Ends the thread when libvirt lets go of it; does not wait for that.</summary>
    public void Dispose()
    {
        _ended.Set();
        _asked.Set();
        _wake.Wake();
    }

    /// <summary>From the event loop: something happened.</summary>
    internal void Tell(string domain, string name, string text, bool rereads)
    {
        if (_events.Count >= MostEvents)
            Interlocked.Increment(ref _eventsLost);
        else
            _events.Enqueue(new LibvirtEvent(_time.GetUtcNow(), domain, name, text));
        // What it changed is worth a look at once; what of it is not asked for at every turn too.
        _due = TimeSpan.Zero;
        if (rereads)
            _reread = TimeSpan.Zero;
    }

    private void Run()
    {
        var backOff = TimeSpan.FromSeconds(1);
        LibvirtLibrary.Owner.Wait();
        try
        {
            while (!_ended.IsSet)
            {
                if (!LibvirtLibrary.TryLoad(out var library, out var reason))
                    Stand(LibvirtStatus.Absent, reason);
                else if (Connected(library))
                    backOff = TimeSpan.FromSeconds(1);

                // Nobody asks: nobody connects.
                if (_ended.Wait(backOff))
                    break;
                Volatile.Write(ref _posted, 0);
                _asked.WaitOne();
                backOff = backOff < s_longestBackOff ? backOff * 2 : s_longestBackOff;
            }
        }
        finally
        {
            LibvirtLibrary.Owner.Release();
            _wake.Dispose();
        }
    }

    /// <summary>A connection from its beginning to its end; false when there was none.</summary>
    private unsafe bool Connected(LibvirtLibrary library)
    {
        nint connection;
        library.ResetError();
        fixed (byte* uri = Encoding.UTF8.GetBytes(_uri + "\0"))
            connection = library.OpenReadOnly(uri);
        if (connection == 0)
        {
            Fail(library);
            return false;
        }

        _ = library.SetKeepAlive(connection, SignOfLifeSeconds, SignsMissed);
        LibvirtEvents.Register(library, connection, GCHandle.ToIntPtr(_self));
        var watch = library.AddHandle(_wake.Descriptor, Readable, &Woken, GCHandle.ToIntPtr(_self), 0);
        Serve(library, connection);
        if (watch >= 0)
            _ = library.RemoveHandle(watch);
        _ = library.Close(connection);
        return true;
    }

    private unsafe void Serve(LibvirtLibrary library, nint connection)
    {
        var polling = new LibvirtPolling(library, connection);
        (_due, _reread) = (TimeSpan.Zero, TimeSpan.Zero);
        while (!_ended.IsSet)
        {
            if (library.IsAlive(connection) != 1)
            {
                Stand(LibvirtStatus.Failed, "libvirt: the connection was lost");
                return;
            }

            if (Volatile.Read(ref _posted) == 1 && Now >= _due)
            {
                if (Now >= _reread)
                {
                    polling.Forget();
                    _reread = Now + s_rereadPace;
                }

                if (polling.Ask(Volatile.Read(ref _withInterfaces), out var dropped) is not { } domains)
                {
                    Fail(library);
                    return;
                }

                _due = Now + s_pace;
                Volatile.Write(ref _standing, new Standing(LibvirtStatus.Ready, null, new LibvirtAnswer(Now, domains, dropped)));
            }

            Volatile.Write(ref _posted, 0);
            if (library.RunEvents() < 0)
            {
                Fail(library);
                return;
            }
        }
    }

    [UnmanagedCallersOnly]
    private static void Woken(int watch, int descriptor, int events, nint receiver)
    {
        if (GCHandle.FromIntPtr(receiver).Target is LibvirtSession session)
            session._wake.Drain();
    }

    private unsafe void Fail(LibvirtLibrary library)
    {
        var text = library.LastError;
        var status = library.IsDenied ? LibvirtStatus.Denied : LibvirtStatus.Failed;
        library.ResetError();
        Stand(status, "libvirt: " + text);
    }

    private void Stand(LibvirtStatus status, string reason) => Volatile.Write(ref _standing, new Standing(status, reason, Latest));

    private sealed record Standing(LibvirtStatus Status, string? Reason, LibvirtAnswer? Answer);
}
