using System.Reactive.Concurrency;
using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Screen;
using KvmTop.Simulator;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.App.Panes;

/// <summary>The simulated host on a clock of the test's own: the same figures in every run.</summary>
internal sealed class PaneStage
{
    private readonly StageClock _clock = new();
    private readonly List<ITopicReader> _readers;
    private EventList _events = EventList.Empty;
    private long _tick;

    public PaneStage(int ticks, bool unicode = true, int pcpus = 32)
    {
        var host = new SimulatedHost(new SimulatedHostOptions { PCpus = pcpus, Time = _clock });
        var services = new CollectorServices();
        _readers = [.. Catalog.Topics.Select(t => t.CreateReader(new CollectorContext(host, services)))];
        Ui = new Ui(new Options(), new ConfigurationFiles("/nonexistent", null), unicode) { Checks = new CheckBoard(host, ImmediateScheduler.Instance, static () => { }) };
        for (var i = 0; i < ticks; i++)
        {
            Tick();
        }
    }

    public Ui Ui { get; }

    public Snapshot Snapshot => Ui.Snapshot;

    public VmModel Vm(string name) => Snapshot.Get(VmsTopic.Instance).Value!.Vms.Single(v => v.Info.Name == name);

    public void Tick()
    {
        var states = new Dictionary<Topic, TopicState>();
        foreach (var reader in _readers)
        {
            var state = reader.Read();
            states.Add(state.Topic, state);
            foreach (var e in state.Events)
            {
                _events = _events.Add(e);
            }
        }

        _tick++;
        Ui.Accept(new Snapshot(_tick, _clock.GetUtcNow(), _tick == 1 ? TimeSpan.Zero : TimeSpan.FromSeconds(1), states, _events));
        _clock.Advance();
    }

    public string[] Draw(IPane pane, int width, int height)
    {
        pane.Update(Ui);
        return DrawAgain(pane, width, height);
    }

    public string[] DrawAgain(IPane pane, int width, int height)
    {
        var buffer = new Buffer(width, height);
        pane.Render(buffer, buffer.Area, Ui);
        return buffer.ToLines();
    }

    /// <summary>A snapshot by hand: only the topics that are given.</summary>
    public static Ui Show(EventList? events, params TopicState[] states)
    {
        var ui = new Ui(new Options(), new ConfigurationFiles("/nonexistent", null), true);
        ui.Accept(new Snapshot(1, StageClock.Start, TimeSpan.Zero, states.ToDictionary(s => s.Topic), events ?? EventList.Empty));
        return ui;
    }

    internal sealed class StageClock : TimeProvider
    {
        public static readonly DateTimeOffset Start = new(2026, 11, 22, 7, 30, 0, TimeSpan.Zero);
        private long _seconds;

        public override long TimestampFrequency => 1_000_000_000;

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public void Advance() => _seconds++;

        public override long GetTimestamp() => _seconds * 1_000_000_000;

        public override DateTimeOffset GetUtcNow() => Start.AddSeconds(_seconds);
    }
}

/// <summary>Compares a whole screen with <c>tests/snapshots/NAME.txt</c>. KVMTOP_ACCEPT=1 writes what is drawn instead, to be looked at before it is committed.</summary>
internal static class ScreenFile
{
    public static void Matches(string name, string[] lines)
    {
        var path = Path.Combine(Folder(), name + ".txt");
        var text = string.Join('\n', lines) + "\n";
        if (Environment.GetEnvironmentVariable("KVMTOP_ACCEPT") == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path), text);
    }

    private static string Folder([System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../snapshots"));
}
