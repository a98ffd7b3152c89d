using KvmTop.Configuration;

namespace KvmTop.CommandLine;

/// <summary>Says on standard error what is being done, from a thread of its own: a terminal that has stopped reading, or has gone, stops nobody else.</summary>
internal sealed class SpokenWords
{
    // Nobody reads more of what a plan that takes long has said meanwhile.
    private const int MostWaiting = 1000;

    private readonly object _gate = new();
    private readonly Queue<string> _waiting = new();
    private bool _isSpeaking;

    /// <summary>Says a line, its end included. Never waits.</summary>
    public void Say(string text)
    {
        lock (_gate)
        {
            if (_waiting.Count >= MostWaiting)
            {
                return;
            }

            _waiting.Enqueue(text);
            if (!_isSpeaking)
            {
                _isSpeaking = true;
                new Thread(Speak) { IsBackground = true, Name = "words" }.Start();
            }
        }
    }

    /// <summary>Waits until all has been said. False when it was not within the time.</summary>
    public bool Drain(TimeSpan longest)
    {
        lock (_gate)
        {
            return !_isSpeaking || System.Threading.Monitor.Wait(_gate, longest);
        }
    }

    private void Speak()
    {
        while (true)
        {
            string text;
            lock (_gate)
            {
                if (!_waiting.TryDequeue(out text!))
                {
                    _isSpeaking = false;
                    System.Threading.Monitor.PulseAll(_gate);
                    return;
                }
            }

            _ = StandardStreams.Print(text, ExitCode.Failed);
        }
    }
}
