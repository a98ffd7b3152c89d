using System.Net.Sockets;
using System.Text;

namespace KvmTop.Tests.Vmm.Qmp;

/// <summary>
/// A QMP server over a real unix socket that behaves as badly as a test wants. It serves on a thread of its own; a test whose host has a clock of the test's
/// own calls <see cref="Settle"/> after each tick, so that what was asked is answered before that clock goes on: one clock, whatever else the machine does.
/// </summary>
internal sealed class FakeMonitor : IDisposable
{
    public const string Greeting = """{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": "Debian"}, "capabilities": ["oob"]}}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmtop-qmp-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Action<Client> _behaviour;
    private volatile Client? _client;
    private volatile bool _waits;

    /// <param name="behaviour">What happens on each connection; it ends when this returns.</param>
    public FakeMonitor(Action<Client> behaviour)
    {
        _behaviour = behaviour;
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen(1);
        new Thread(Serve) { IsBackground = true }.Start();
    }

    public string Path => System.IO.Path.Combine(_folder, "qmp");

    /// <summary>How many have connected.</summary>
    public int Connections { get; private set; }

    /// <summary>All that was received, from all connections.</summary>
    public StringBuilder Received { get; } = new();

    /// <summary>A monitor that greets, negotiates, and answers each command with what the function says (null: not at all).</summary>
    public static FakeMonitor Answering(Func<string, long, string?> answer) => Answering((name, _, id) => answer(name, id));

    /// <summary>The same, by the whole line of the command.</summary>
    public static FakeMonitor AnsweringLines(Func<string, long, string?> answer) => Answering((_, line, id) => answer(line, id));

    private static FakeMonitor Answering(Func<string, string, long, string?> answer) => new(client =>
    {
        client.Send(Greeting);
        while (client.Line() is var (command, line, id))
        {
            if (command == "qmp_capabilities")
                client.Send($$"""{"return": {}, "id": {{id}}}""");
            else if (answer(command, line, id) is { } text)
                client.Send(text);
        }
    });

    /// <summary>Waits until all that was sent here is answered as far as the behaviour goes, and nobody waits to be let in.</summary>
    public void Settle() => Assert.True(SpinWait.SpinUntil(IsSettled, TimeSpan.FromSeconds(60)), "the monitor's behaviour came to no end");

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        Directory.Delete(_folder, true);
    }

    // What is readable is asked before whether the thread waits: it stops waiting before it takes anything.
    private bool IsSettled()
    {
        try
        {
            var client = _client;
            var more = client is null ? _listener.Poll(0, SelectMode.SelectRead) : client.HasMore;
            return !more && _waits && client == _client;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private void WaitFor(Socket socket)
    {
        _waits = true;
        socket.Poll(-1, SelectMode.SelectRead);
        _waits = false;
    }

    private void Serve()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                WaitFor(_listener);
                using var socket = _listener.Accept();
                Connections++;
                _client = new Client(socket, this);
                _behaviour(_client);
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                // The client hung up, or the test is over.
            }
            finally
            {
                _client = null;
            }
        }
    }

    internal sealed class Client
    {
        private readonly Socket _socket;
        private readonly FakeMonitor _monitor;
        private readonly byte[] _received = new byte[64 << 10];
        private int _length;
        private bool _standsStill;

        public Client(Socket socket, FakeMonitor monitor) => (_socket, _monitor) = (socket, monitor);

        /// <summary>True while there is something to be taken, or the end of it.</summary>
        public bool HasMore => !_standsStill && _socket.Poll(0, SelectMode.SelectRead);

        public CancellationToken Stopped => _monitor._stop.Token;

        public void Send(string line) => Raw(line + "\r\n");

        public void Raw(string text) => Raw(Encoding.UTF8.GetBytes(text));

        public void Raw(byte[] bytes)
        {
            for (var at = 0; at < bytes.Length;)
                at += _socket.Send(bytes.AsSpan(at));
        }

        /// <summary>Negotiates as a real one does.</summary>
        public void Open()
        {
            Send(Greeting);
            var (_, id) = Command() ?? throw new IOException("no command");
            Send($$"""{"return": {}, "id": {{id}}}""");
        }

        /// <summary>Waits for the next command; null when the client hung up.</summary>
        public (string Name, long Id)? Command() => Line() is var (name, _, id) ? (name, id) : null;

        public (string Name, string Line, long Id)? Line()
        {
            if (NextLine() is not { } line)
                return null;
            lock (_monitor.Received)
                _monitor.Received.AppendLine(line);
            using var json = System.Text.Json.JsonDocument.Parse(line);
            return (json.RootElement.GetProperty("execute").GetString()!, line, json.RootElement.GetProperty("id").GetInt64());
        }

        /// <summary>Breaks the connection, from any thread.</summary>
        public void HangUp() => _socket.Shutdown(SocketShutdown.Both);

        /// <summary>Until the test is over.</summary>
        public void StandStill()
        {
            _standsStill = _monitor._waits = true;
            Stopped.WaitHandle.WaitOne();
        }

        private string? NextLine()
        {
            int end;
            while ((end = Array.IndexOf(_received, (byte)'\n', 0, _length)) < 0)
            {
                _monitor.WaitFor(_socket);
                var read = _socket.Receive(_received.AsSpan(_length));
                if (read == 0)
                    return null;
                _length += read;
            }

            var line = Encoding.UTF8.GetString(_received, 0, end).TrimEnd('\r');
            _length -= end + 1;
            Array.Copy(_received, end + 1, _received, 0, _length);
            return line;
        }
    }
}
