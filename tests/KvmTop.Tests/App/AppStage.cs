using System.Reactive.Concurrency;
using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Screen;
using KvmTop.Simulator;
using KvmTop.Streams;
using KvmTop.Tests.App.Panes;
using KvmTop.Tests.Streams;
using KvmTop.Tui;

namespace KvmTop.Tests.App;

/// <summary>The whole dashboard over the simulated host, on a clock of the test's own: nothing happens between two calls of a test.</summary>
internal sealed class AppStage : IDisposable
{
    private readonly PaneStage.StageClock _clock = new();
    private readonly HistoricalScheduler _worker = new();
    private readonly CollectorServices _services = new();
    private readonly List<IDisposable> _subscriptions = [];
    private readonly LatestWins<Snapshot> _latest = new(static () => { });

    public AppStage(int width, int height, SimulatedHostOptions? host = null)
    {
        var simulated = new SimulatedHost((host ?? new SimulatedHostOptions()) with { Time = _clock });
        Terminal = new TestTerminal(width, height);
        Hub = new Hub([.. Catalog.Topics, Last], new CollectorContext(simulated, _services), Collector, _worker, TimeSpan.FromSeconds(1));
        Ui = new Ui(new Options(), new ConfigurationFiles("/nonexistent", null), unicode: true);
        Assert.NotNull(Themes.TryOpen(Ui.Options.Theme, [], out _));
        App = new KvmTop.Screen.App(Terminal, Hub, _latest, Ui, Themes.TryOpen(Ui.Options.Theme, [], out _)!, isRoot: true);
        _subscriptions.Add(Hub.Observe(KvmTop.Screen.App.Always, KvmTop.Screen.App.AtLeisure).Subscribe(_latest));
        _subscriptions.Add(Hub.Observe([Last]).Subscribe(static _ => { }));
        App.Step(TimeSpan.Zero);
    }

    public HistoricalScheduler Collector { get; } = new();

    /// <summary>Read after all others of a tick: while it is being read, nothing of that tick has been published.</summary>
    public FakeTopic Last { get; } = new("last");

    public Hub Hub { get; }

    public TestTerminal Terminal { get; }

    public Ui Ui { get; }

    public KvmTop.Screen.App App { get; }

    public string[] Lines => Terminal.Screen.ToLines();

    /// <summary>The header's line of troubles, on a screen that is high enough to have one.</summary>
    public string Troubles => Lines[4];

    /// <summary>So many readings, each drawn.</summary>
    public AppStage Tick(int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            Collector.AdvanceBy(TimeSpan.FromSeconds(1));
            _worker.AdvanceBy(TimeSpan.FromSeconds(1));
            App.Step(TimeSpan.Zero);
            _clock.Advance();
        }

        return this;
    }

    /// <summary>The first reading alone.</summary>
    public void ReadOnce()
    {
        Collector.AdvanceBy(TimeSpan.FromMilliseconds(1));
        App.Step(TimeSpan.Zero);
    }

    /// <summary>Draws what there is, without a reading.</summary>
    public string[] Draw()
    {
        App.Step(TimeSpan.Zero);
        return Lines;
    }

    public AppStage Type(string keys)
    {
        foreach (var key in keys)
        {
            Press(key == '\n' ? new InputEvent(Key.Enter) : InputEvent.Of(key));
        }

        return this;
    }

    public AppStage Press(InputEvent input)
    {
        Terminal.Press(input);
        App.Step(TimeSpan.Zero);
        App.Step(TimeSpan.Zero);
        return this;
    }

    /// <summary>Clicks where a text stands on the screen.</summary>
    public AppStage Click(string text)
    {
        var (lines, y) = (Lines, 0);
        while (!lines[y].Contains(text, StringComparison.Ordinal))
        {
            y++;
        }

        return Press(new InputEvent(Key.Click, default, lines[y].IndexOf(text, StringComparison.Ordinal) + 1, y));
    }

    /// <summary>How a text on the screen is coloured.</summary>
    public Role RoleOf(string text)
    {
        var lines = Lines;
        var y = Array.FindIndex(lines, l => l.Contains(text, StringComparison.Ordinal));
        return Terminal.Screen[lines[y].IndexOf(text, StringComparison.Ordinal), y].Style.Role;
    }

    /// <summary>True when anything in the header is drawn as good.</summary>
    public bool HeaderHas(Role role, int fromLine = 0)
    {
        for (var y = fromLine; y < Header.HeightFor(Terminal.Size.Height); y++)
        {
            for (var x = 0; x < Terminal.Size.Width; x++)
            {
                if (Terminal.Screen[x, y].Style.Role == role && Terminal.Screen[x, y].Rune != ' ')
                {
                    return true;
                }
            }
        }

        return false;
    }

    public void Dispose()
    {
        foreach (var subscription in _subscriptions)
        {
            subscription.Dispose();
        }

        App.Dispose();
        Hub.Dispose();
        _services.Dispose();
        Terminal.Dispose();
    }
}
