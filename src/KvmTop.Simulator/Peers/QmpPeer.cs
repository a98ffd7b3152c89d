using System.Text;
using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Peers;

/// <summary>The far end of a connection to a simulated QEMU's QMP monitor (docs/interop/qmp-spec of QEMU): it has answered by the time <see cref="Send"/> returns.</summary>
internal sealed class QmpPeer : HostSocket
{
    private const int MostUnread = 1 << 20;

    private readonly HostModel _host;
    private readonly SimProcess _process;
    private readonly long _generation;
    private readonly QmpAnswersOf _answers;
    private readonly List<byte> _incoming = [];
    private byte[] _outgoing;
    private int _taken;

    public QmpPeer(HostModel host, SimProcess process, SimMonitor monitor, long generation)
    {
        (_host, _process, _generation, _answers) = (host, process, generation, new QmpAnswersOf(host, process, monitor));
        _outgoing = Line("""{"QMP": {"version": {"qemu": {"micro": 2, "minor": 2, "major": 8}, "package": "Debian 1:8.2.2+ds-0ubuntu1"}, "capabilities": ["oob"]}}""");
        PeerPid = process.Life.PidOf(generation);
    }

    public override int Handle => -1;

    public override int PeerPid { get; }

    private bool IsAlive => _process.Life.IsAlive(_generation, _host.Clock.Now());

    public override int Send(ReadOnlySpan<byte> bytes)
    {
        if (!IsAlive || _outgoing.Length - _taken > MostUnread)
        {
            return -(int)(IsAlive ? Errno.EAGAIN : Errno.EPIPE);
        }

        foreach (var b in bytes)
        {
            _incoming.Add(b);
            if (b == '\n')
            {
                Answer();
                _incoming.Clear();
            }
        }

        return bytes.Length;
    }

    public override int Receive(Span<byte> buffer)
    {
        if (!IsAlive)
        {
            return 0;
        }

        var n = Math.Min(buffer.Length, _outgoing.Length - _taken);
        _outgoing.AsSpan(_taken, n).CopyTo(buffer);
        _taken += n;
        return n == 0 ? -(int)Errno.EAGAIN : n;
    }

    protected override void Dispose(bool disposing)
    {
    }

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes(text + "\r\n");

    private void Answer()
    {
        using var command = JsonDocument.Parse(_incoming.ToArray());
        var root = command.RootElement;
        var name = root.GetProperty("execute").GetString()!;
        string Argument(string key) => root.TryGetProperty("arguments", out var arguments) && arguments.TryGetProperty(key, out var value) ? value.ToString() : "";
        var answer = _answers.To(name, Argument("path"), Argument("property"));
        var line = Line($$"""{{{answer ?? $$"""
            "error": {"class": "CommandNotFound", "desc": "The command {{name}} has not been found"}
            """}}, "id": {{root.GetProperty("id").GetRawText()}}}""");
        _outgoing = [.. _outgoing.AsSpan(_taken), .. line];
        _taken = 0;
    }
}
