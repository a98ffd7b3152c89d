using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KvmTop.RealTests.Harness;

/// <summary>What a guest did between two moments, in % of one CPU.</summary>
/// <param name="CpuPct">All of its threads.</param>
/// <param name="ReadyPct">Its vCPU threads, runnable and waiting.</param>
/// <param name="ThrottledPct">Its test cgroup; null without one.</param>
/// <param name="Vcpus">Its vCPU threads by index.</param>
public sealed record GuestTruth(double CpuPct, double ReadyPct, double? ThrottledPct, IReadOnlyList<(double CpuPct, double ReadyPct)> Vcpus);

/// <summary>
/// Reads the counters of guests many times a second, with the clock's time, so that afterwards any interval can be looked up: a figure
/// of the program is then held against the very same seconds. Straight from /proc, with not a line of the program's code.
/// </summary>
public sealed class LoadTrail : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(25);

    private readonly ConcurrentBag<Track> _tracks = [];
    private readonly Thread _thread;
    private volatile bool _ending;

    public LoadTrail(params (Guest Guest, CgroupBox? Cgroup)[] guests)
    {
        foreach (var (guest, cgroup) in guests) _tracks.Add(new Track(guest.Pid, guest.VcpuTids, cgroup));
        _thread = new Thread(Follow) { IsBackground = true, Name = "load trail" };
        _thread.Start();
    }

    /// <summary>Of a process that is no guest: its CPU time alone. It must outlive the trail.</summary>
    public LoadTrail(int pid)
        : this() => _tracks.Add(new Track(pid, [], null));

    /// <summary>What the guest did between two moments that the trail covers.</summary>
    public GuestTruth Between(Guest guest, DateTimeOffset from, DateTimeOffset to) => Between(guest.Pid, from, to);

    /// <summary>The same by its process.</summary>
    public GuestTruth Between(int pid, DateTimeOffset from, DateTimeOffset to)
    {
        var track = _tracks.Single(t => t.Pid == pid);
        // The moment after the interval must have been read too.
        if (!Wait.Until(() => track.Covers(to), TimeSpan.FromSeconds(30))) throw new InvalidOperationException("the trail does not reach that far");
        return track.Between(from, to);
    }

    public void Dispose()
    {
        _ending = true;
        _thread.Join();
        foreach (var track in _tracks) track.Dispose();
    }

    private void Follow()
    {
        Native.HurryThisThread();
        while (!_ending)
        {
            foreach (var track in _tracks) track.Read();
            Thread.Sleep(Step);
        }
    }

    private sealed class Track(int pid, IReadOnlyList<int> vcpuTids, CgroupBox? cgroup) : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<int, (SafeFileHandle File, long Run, long Delay)> _threads = [];
        private readonly List<(DateTimeOffset Time, double[] Counters)> _samples = [];

        public int Pid => pid;

        private int Vcpus => vcpuTids.Count;

        public bool Covers(DateTimeOffset time)
        {
            lock (_lock) return _samples.Count > 0 && _samples[^1].Time >= time;
        }

        /// <summary>Counters in nanoseconds: all threads, throttled, then run and delay of each vCPU.</summary>
        public void Read()
        {
            var time = DateTimeOffset.UtcNow;
            var counters = new double[2 + (2 * Vcpus)];
            if (_samples.Count % 20 == 0) FindThreads();
            foreach (var tid in _threads.Keys.ToArray())
            {
                var thread = _threads[tid] = ReadThread(_threads[tid]);
                counters[0] += thread.Run;
                var index = Index(tid);
                if (index >= 0) (counters[2 + (2 * index)], counters[3 + (2 * index)]) = (thread.Run, thread.Delay);
            }

            counters[1] = cgroup?.Read().Throttled.TotalNanoseconds ?? double.NaN;
            lock (_lock) _samples.Add((time, counters));
        }

        public GuestTruth Between(DateTimeOffset from, DateTimeOffset to)
        {
            double[] before, after;
            lock (_lock) (before, after) = (At(from), At(to));
            var nanoseconds = (to - from).TotalNanoseconds;
            double Percent(int counter) => (after[counter] - before[counter]) / nanoseconds * 100;
            var vcpus = Enumerable.Range(0, Vcpus).Select(i => (Percent(2 + (2 * i)), Percent(3 + (2 * i)))).ToArray();
            return new GuestTruth(Percent(0), vcpus.Sum(v => v.Item2), cgroup is null ? null : Percent(1), vcpus);
        }

        public void Dispose()
        {
            foreach (var thread in _threads.Values) thread.File.Dispose();
        }

        private int Index(int tid)
        {
            for (var i = 0; i < Vcpus; i++)
                if (vcpuTids[i] == tid) return i;
            return -1;
        }

        private double[] At(DateTimeOffset time)
        {
            var next = _samples.FindIndex(s => s.Time >= time);
            if (next <= 0) throw new InvalidOperationException($"the trail does not cover {time:O}");
            var (a, b) = (_samples[next - 1], _samples[next]);
            var share = (time - a.Time) / (b.Time - a.Time);
            return [.. a.Counters.Zip(b.Counters, (x, y) => x + ((y - x) * share))];
        }

        private void FindThreads()
        {
            foreach (var folder in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            {
                var tid = int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
                if (!_threads.ContainsKey(tid)) _threads[tid] = (File.OpenHandle(Path.Combine(folder, "schedstat")), 0, 0);
            }
        }

        private static (SafeFileHandle, long Run, long Delay) ReadThread((SafeFileHandle File, long Run, long Delay) thread)
        {
            Span<byte> bytes = stackalloc byte[128];
            try
            {
                var words = Encoding.ASCII.GetString(bytes[..RandomAccess.Read(thread.File, bytes, 0)]).Split(' ');
                return (thread.File, long.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                return thread; // It has ended: what it used stays counted.
            }
        }
    }
}
