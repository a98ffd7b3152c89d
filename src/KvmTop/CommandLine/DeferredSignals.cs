using System.Runtime.InteropServices;

namespace KvmTop.CommandLine;

/// <summary>
/// The signals that ask to end (Ctrl-C, SIGTERM, SIGQUIT, a terminal that was closed or an ssh that was lost), on the shell. While a plan is carried out they end nothing,
/// however often they come: what has begun ends or is rolled back, each step within its own deadline. Otherwise they do what they always do.
/// </summary>
internal sealed class DeferredSignals : IDisposable
{
    private readonly Action _onEnd;
    private readonly PosixSignalRegistration[] _registrations;
    private volatile Action? _onHeld;
    private volatile bool _isAsked;

    /// <param name="onEnd">Told before one ends the program.</param>
    public DeferredSignals(Action onEnd)
    {
        _onEnd = onEnd;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Handle),
        ];
    }

    /// <summary>One has come and was held back.</summary>
    public bool IsAsked => _isAsked;

    /// <summary>From now on they are held back.</summary>
    /// <param name="onHeld">Told that one has come, on a thread of the runtime.</param>
    public void Hold(Action onHeld) => _onHeld = onHeld;

    /// <summary>From now on they end the program again.</summary>
    public void Release() => _onHeld = null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Handle(PosixSignalContext signal)
    {
        if (_onHeld is not { } held)
        {
            _onEnd();
            return;
        }

        (signal.Cancel, _isAsked) = (true, true);
        held();
    }
}
