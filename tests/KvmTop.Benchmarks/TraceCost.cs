using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Benchmarks;

/// <summary>
/// What tracing a guest costs: the reader's CPU time, lost events, and how much less the guest gets done. The guest counts its own rounds in its memory and is
/// asked over QMP, so that the measurement needs nothing of what it measures; its progress is rounds per second of its vCPU's own CPU time, so that other
/// load on the machine does not count. <c>usage: KvmTop.Benchmarks trace PID QMP_SOCKET ROUNDS</c>; the script
/// <c>trace</c> beside this file starts the guest.
/// </summary>
internal static class TraceCost
{
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(2);

    public static int Run(int pid, string socket, int rounds)
    {
        using var services = new CollectorServices();
        var host = new DirectoryHost();
        using var reader = VmsTopic.Instance.CreateReader(new CollectorContext(host, services));
        VmInfo? vm = null;
        for (var i = 0; i < 50 && vm is not { VcpuThreads: > 0 }; i++)
        {
            vm = (reader.Read().Value as VmsModel)?.Vms.FirstOrDefault(v => v.Info.Pid == pid)?.Info;
            Thread.Sleep(50);
        }

        using var qmp = new Qmp(socket);
        var (slower, cpu, events) = (new List<double>(), new List<double>(), new List<double>());
        long lost = 0, all = 0;

        // With and without by turns, each beside its neighbours: what else the machine does meanwhile hits both.
        var schedstat = $"/proc/{pid}/task/{vm!.Threads[0].Tid}/schedstat";
        var without = Progress(qmp, schedstat);
        for (var i = 0; i < rounds; i++)
        {
            var session = ExitTraceSession.Start(host, vm, null, null, out var refusal) ?? throw new InvalidOperationException(refusal!.ToString());
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            var clock = Stopwatch.StartNew();
            var start = RunSeconds(schedstat);
            var with = Progress(qmp, schedstat);
            var run = RunSeconds(schedstat) - start;
            var (used, time) = (Process.GetCurrentProcess().TotalProcessorTime - before, clock.Elapsed);
            session.Dispose();
            var report = session.Report();
            var after = Progress(qmp, schedstat);
            slower.Add(100 * (1 - (with / ((without + after) / 2))));
            cpu.Add(100 * used / time);
            events.Add((report.Events + report.Lost) / run);
            lost += report.Lost;
            all += report.Events + report.Lost;
            without = after;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"events_per_s={Median(events):0} lost_pct={100.0 * lost / Math.Max(all, 1):0.000} reader_cpu_pct={Median(cpu):0.0} guest_slower_pct={Median(slower):0.0} guest_rounds_per_s={without:0}"));
        return 0;
    }

    /// <summary>Rounds that the guest makes in a second of its vCPU's CPU time.</summary>
    private static double Progress(Qmp qmp, string schedstat)
    {
        var (first, start) = (qmp.Counter(), RunSeconds(schedstat));
        Thread.Sleep(s_length);
        var (last, end) = (qmp.Counter(), RunSeconds(schedstat));
        return (last - first) / (end - start);
    }

    /// <summary>CPU time of the vCPU's thread.</summary>
    private static double RunSeconds(string schedstat) => ulong.Parse(File.ReadAllText(schedstat).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>As much QMP as reads a number from the guest's memory.</summary>
    private sealed class Qmp : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly StreamReader _reader;

        public Qmp(string path)
        {
            _socket.Connect(new UnixDomainSocketEndPoint(path));
            _reader = new StreamReader(new NetworkStream(_socket), Encoding.UTF8);
            _ = _reader.ReadLine();
            _ = Ask("""{"execute":"qmp_capabilities"}""");
        }

        /// <summary>The 32 bits at 0x500, where the guest counts.</summary>
        public uint Counter()
        {
            var text = Ask("""{"execute":"human-monitor-command","arguments":{"command-line":"xp /1wx 0x500"}}""");
            return uint.Parse(text.AsSpan(text.IndexOf(": 0x", StringComparison.Ordinal) + 4, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            _reader.Dispose();
            _socket.Dispose();
        }

        private string Ask(string command)
        {
            _ = _socket.Send(Encoding.ASCII.GetBytes(command + "\n"));
            while (_reader.ReadLine() is { } line)
            {
                if (line.Contains("\"return\"", StringComparison.Ordinal))
                {
                    return line;
                }
            }

            throw new IOException("the monitor has gone");
        }
    }
}
