using System.Net.Sockets;
using System.Text;

namespace KvmTop.Tests.Vmm.Qmp;

/// <summary>A QMP server over a real unix socket that behaves as badly as a test wants. It serves on a thread of its own.</summary>
internal sealed class FakeMonitor : IDisposable
{
    public const string Greeting = """{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": "Debian"}, "capabilities": ["oob"]}}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmtop-qmp-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Action<Client> _behaviour;

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

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        Directory.Delete(_folder, true);
    }

    private void Serve()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var socket = _listener.Accept();
                Connections++;
                _behaviour(new Client(socket, this));
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                // The client hung up, or the test is over.
            }
        }
    }

    internal sealed class Client
    {
        private readonly Socket _socket;
        private readonly FakeMonitor _monitor;
        private readonly StreamReader _reader;

        public Client(Socket socket, FakeMonitor monitor)
        {
            (_socket, _monitor) = (socket, monitor);
            _reader = new StreamReader(new NetworkStream(socket));
        }

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
            if (_reader.ReadLine() is not { } line)
                return null;
            lock (_monitor.Received)
                _monitor.Received.AppendLine(line);
            using var json = System.Text.Json.JsonDocument.Parse(line);
            return (json.RootElement.GetProperty("execute").GetString()!, line, json.RootElement.GetProperty("id").GetInt64());
        }

        /// <summary>Breaks the connection, from any thread.</summary>
        public void HangUp() => _socket.Shutdown(SocketShutdown.Both);

        /// <summary>Until the test is over.</summary>
        public void StandStill() => Stopped.WaitHandle.WaitOne();
    }
}
