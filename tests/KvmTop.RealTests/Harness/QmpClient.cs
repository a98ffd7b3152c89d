using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace KvmTop.RealTests.Harness;

/// <summary>One command to one QEMU: connects, asks, hangs up, so that the socket is free for others at once.</summary>
internal static class QmpClient
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    public static JsonElement Ask(string socketPath, string command, string? arguments = null)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)Deadline.TotalMilliseconds,
            SendTimeout = (int)Deadline.TotalMilliseconds,
        };
        socket.Connect(new UnixDomainSocketEndPoint(socketPath));
        using var reader = new StreamReader(new NetworkStream(socket), Encoding.UTF8);
        _ = reader.ReadLine(); // the greeting
        Send(socket, """{"execute":"qmp_capabilities"}""");
        _ = Answer(reader, "qmp_capabilities");
        Send(socket, arguments is null ? $$"""{"execute":"{{command}}"}""" : $$"""{"execute":"{{command}}","arguments":{{arguments}}}""");
        return Answer(reader, command);
    }

    private static void Send(Socket socket, string line) => socket.Send(Encoding.UTF8.GetBytes(line + "\n"));

    private static JsonElement Answer(StreamReader reader, string command)
    {
        while (reader.ReadLine() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.TryGetProperty("return", out var result)) return result.Clone();
            if (document.RootElement.TryGetProperty("error", out var error)) throw new InvalidOperationException($"QMP {command}: {error}");
            // Anything else is an event.
        }

        throw new InvalidOperationException($"QMP {command}: QEMU hung up");
    }
}
