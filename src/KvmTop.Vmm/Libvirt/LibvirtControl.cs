namespace KvmTop.Vmm;

/// <summary>What libvirt made of a request.</summary>
/// <param name="Value">What it told; null for nothing.</param>
/// <param name="Problem">Why it was not done, cleaned; null when it was.</param>
public readonly record struct LibvirtOutcome(string? Value, string? Problem)
{
    /// <summary>It was done.</summary>
    public bool IsOk => Problem is null;

    /// <summary>This user may not.</summary>
    public bool IsDenied { get; init; }

    /// <summary>It was asked and has not answered: nobody knows whether it was done, or will be.</summary>
    public bool IsOpen { get; init; }
}

/// <summary>
/// Asks libvirt to do things, on a connection that may write: opened on demand, on a thread of its own, let go when nobody has asked for a few seconds. A daemon
/// that hangs keeps that thread, which is then left behind; whoever asked gets the reason by his deadline. From any thread.
/// </summary>
/// <param name="uri">Which libvirt.</param>
public sealed class LibvirtControl(string uri) : IDisposable
{
    /// <summary>Threads that may hang at a time: beyond that nothing more is asked.</summary>
    private const int MostHung = 3;

    // Well under the 30 s after which a daemon hangs up on a client that gives no signs of life: those are the business of the event loop, which may not run.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(5);

    private readonly object _gate = new();
    private Worker? _worker;
    private int _hung;
    private bool _disposed;

    /// <summary>Why libvirt cannot be asked at all: its library is not there. Null when it can, or when only trying would tell.</summary>
    public static string? Absence => LibvirtLibrary.TryLoad(out _, out var reason) ? null : "libvirt: " + reason;

    /// <summary>Does one thing, see <see cref="LibvirtCalls"/>, and returns by the deadline.</summary>
    /// <param name="domain">The domain's UUID; not looked at by what is about none.</param>
    /// <param name="operation">What.</param>
    /// <param name="arguments">With what.</param>
    /// <param name="deadline">For connecting and the answer.</param>
    /// <param name="dispute">Why the domain of that name is not the one that is meant; null when it is. Asked on libvirt's thread, right before it is done.</param>
    public LibvirtOutcome Call(string domain, string operation, IReadOnlyList<string> arguments, TimeSpan deadline, Func<string, string?>? dispute = null)
    {
        if (!Guid.TryParse(domain, out var uuid) && operation != LibvirtCalls.List)
            return new LibvirtOutcome(null, $"libvirt: {HostileText.Clean(domain, 60)} is no UUID");
        var job = new Job(uuid.ToString(), operation, arguments, dispute);
        Worker worker;
        lock (_gate)
        {
            if (_disposed)
                return new LibvirtOutcome(null, "libvirt: not in use any more");
            if (_hung >= MostHung)
                return new LibvirtOutcome(null, $"libvirt: it hangs: {_hung} calls have not been answered yet");
            if (_worker is null || !_worker.Post(job))
            {
                _worker = new Worker(this, uri);
                _ = _worker.Post(job);
                _worker.Start();
            }

            worker = _worker;
        }

        if (job.Wait(deadline) is { } outcome)
            return outcome;
        lock (_gate)
        {
            // The answer may have come just now.
            if (job.Wait(TimeSpan.Zero) is { } late)
                return late;
            if (worker.Abandon())
                _hung++;
            if (_worker == worker)
                _worker = null;
        }

        return job.Cancel()
            ? new LibvirtOutcome(null, FormattableString.Invariant($"libvirt: it takes connections and does not answer within {deadline.TotalSeconds:0.#} s; nothing was done"))
            : new LibvirtOutcome(null, FormattableString.Invariant($"libvirt: no answer to {operation} within {deadline.TotalSeconds:0.#} s; it may still do it")) { IsOpen = true };
    }

    /// <summary>Ends the thread when libvirt lets go of it; does not wait for that.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _worker?.End();
            _worker = null;
        }
    }

    private void ComesBack()
    {
        lock (_gate)
            _hung--;
    }

    /// <summary>One call and what became of it.</summary>
    private sealed class Job(string domain, string operation, IReadOnlyList<string> arguments, Func<string, string?>? dispute)
    {
        private readonly object _gate = new();
        private LibvirtOutcome? _outcome;
        private bool _begun;
        private bool _cancelled;

        public LibvirtOutcome? Wait(TimeSpan time)
        {
            var until = Environment.TickCount64 + (long)time.TotalMilliseconds;
            lock (_gate)
            {
                while (_outcome is null && until - Environment.TickCount64 is > 0 and var left)
                    _ = Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
                return _outcome;
            }
        }

        /// <summary>True when it had not begun, and now never will.</summary>
        public bool Cancel()
        {
            lock (_gate)
                return _cancelled = !_begun;
        }

        public void Finish(LibvirtOutcome outcome)
        {
            lock (_gate)
            {
                _outcome = outcome;
                Monitor.PulseAll(_gate);
            }
        }

        public void Run(LibvirtCalls calls, nint connection)
        {
            lock (_gate)
            {
                if (_cancelled)
                    return;
                _begun = true;
            }

            Finish(calls.Run(connection, domain, operation, arguments, dispute));
        }
    }

    /// <summary>A connection and its thread.</summary>
    private sealed class Worker(LibvirtControl owner, string uri)
    {
        private readonly Queue<Job> _jobs = [];
        private readonly object _gate = new();
        private bool _ended;
        private bool _hung;

        /// <summary>False when it has ended, or will.</summary>
        public bool Post(Job job)
        {
            lock (_gate)
            {
                if (_ended)
                    return false;
                _jobs.Enqueue(job);
                Monitor.Pulse(_gate);
                return true;
            }
        }

        public void Start() => new Thread(Run, 512 << 10) { IsBackground = true, Name = "libvirt actions" }.Start();

        /// <summary>Takes nothing more, and ends when it can.</summary>
        public void End()
        {
            lock (_gate)
            {
                _ended = true;
                Monitor.Pulse(_gate);
            }
        }

        /// <summary>The same for one that does not answer. True the first time.</summary>
        public bool Abandon()
        {
            End();
            return !Interlocked.Exchange(ref _hung, true);
        }

        private void Run()
        {
            nint connection = 0;
            LibvirtCalls? calls = null;
            while (Next() is { } job)
            {
                if (!LibvirtCalls.TryLoad(out calls, out var reason))
                    job.Finish(new LibvirtOutcome(null, "libvirt: " + reason));
                else if (calls.Connect(ref connection, uri) is { IsOk: false } failure)
                    job.Finish(failure);
                else
                    job.Run(calls, connection);
            }

            calls?.Close(connection);
            if (Volatile.Read(ref _hung))
                owner.ComesBack();
        }

        private Job? Next()
        {
            lock (_gate)
            {
                if (_jobs.Count == 0 && !_ended)
                    _ = Monitor.Wait(_gate, s_idle);
                if (!_ended && _jobs.TryDequeue(out var job))
                    return job;
                _ended = true;
                return null;
            }
        }
    }
}
