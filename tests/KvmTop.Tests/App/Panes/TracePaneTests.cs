using KvmTop.Collectors;
using KvmTop.Screen.Panes;
using KvmTop.Simulator;
using KvmTop.Trace;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Panes;

/// <summary>The view of a VM's exits, on the simulated host and its clock.</summary>
public sealed class TracePaneTests : IDisposable
{
    private readonly PaneStage _stage = new(3);
    private readonly PaneStage.StageClock _clock = new();
    private readonly List<IExitTrace> _traces = [];

    public TracePaneTests()
    {
        var host = new SimulatedHost(new SimulatedHostOptions { Time = _clock });
        _stage.Ui.StartTrace = (vm, longest) =>
        {
            var trace = TraceStarter.Start(host, vm, null, longest, out var refusal);
            if (trace is not null)
            {
                _traces.Add(trace);
            }

            return (trace, refusal);
        };
    }

    [Theory]
    [InlineData(80, 17)]
    [InlineData(160, 43)]
    [InlineData(40, 6)]
    [InlineData(5, 2)]
    public void Render_at_any_size_shows_reasons_where_there_is_room(int width, int height)
    {
        using var pane = Open();
        var lines = _stage.Draw(pane, width, height);
        if (width >= 80)
        {
            Assert.Contains(lines, l => l.Contains("hlt", StringComparison.Ordinal) && l.Contains("ms", StringComparison.Ordinal));
            Assert.Contains(lines, l => l.Contains("tracing", StringComparison.Ordinal) && l.Contains("3 s", StringComparison.Ordinal));
        }

        if (width >= 140)
        {
            Assert.Contains(lines, l => l.Contains("Latency", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Enter_shows_a_reason_with_histograms_and_details_and_escape_goes_back_first()
    {
        using var pane = Open();
        _ = _stage.Draw(pane, 80, 30);
        _ = pane.Handle(new InputEvent(Key.Down), _stage.Ui);
        _ = pane.Handle(new InputEvent(Key.Enter), _stage.Ui);
        var lines = _stage.Draw(pane, 80, 40);
        Assert.Contains(lines, l => l.Contains("KERNEL", StringComparison.Ordinal) && l.Contains("VMM", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("Guest instruction", StringComparison.Ordinal));
        Assert.True(pane.Handle(new InputEvent(Key.Escape), _stage.Ui));
        Assert.False(pane.Handle(new InputEvent(Key.Escape), _stage.Ui));
    }

    [Fact]
    public void S_stops_and_starts_anew()
    {
        using var pane = Open();
        _ = pane.Handle(InputEvent.Of('s'), _stage.Ui);
        Assert.False(_traces.Single().IsRunning);
        Assert.Contains(_stage.Draw(pane, 80, 17), l => l.Contains("stopped", StringComparison.Ordinal));
        _ = pane.Handle(InputEvent.Of('s'), _stage.Ui);
        Assert.True(_traces[1].IsRunning);
    }

    [Fact]
    public void Brackets_step_through_the_vcpus()
    {
        using var pane = Open();
        _ = pane.Handle(InputEvent.Of(']'), _stage.Ui);
        Assert.Contains("vCPU 0", _stage.Draw(pane, 80, 17)[0], StringComparison.Ordinal);
        _ = pane.Handle(InputEvent.Of('['), _stage.Ui);
        Assert.Contains("all ", _stage.Draw(pane, 80, 17)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_stops_the_trace()
    {
        Open().Dispose();
        Assert.False(_traces.Single().IsRunning);
    }

    [Fact]
    public void Render_of_a_refusal_says_why_and_what_helps()
    {
        _stage.Ui.StartTrace = (_, _) => (null, new ExitTraceRefusal("tracefs is not mounted", "As root: mount it", true));
        using var pane = new TracePane(_stage.Vm("db-primary").Info, null, _stage.Ui);
        var lines = _stage.Draw(pane, 80, 17);
        Assert.Contains(lines, l => l.Contains("tracefs is not mounted.", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("As root: mount it.", StringComparison.Ordinal));
    }

    public void Dispose() => _traces.ForEach(t => t.Dispose());

    private TracePane Open()
    {
        var pane = new TracePane(_stage.Vm("db-primary").Info, null, _stage.Ui);
        for (var i = 0; i < 3; i++)
        {
            _clock.Advance();
        }

        return pane;
    }
}
