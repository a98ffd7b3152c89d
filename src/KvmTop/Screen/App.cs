using System.Globalization;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Collectors.Checks;
using KvmTop.Configuration;
using KvmTop.Diagnosis;
using KvmTop.Screen.Overlays;
using KvmTop.Screen.Panes;
using KvmTop.Streams;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>
/// The dashboard: one thread that waits for keys and snapshots and draws. It alone touches the terminal, the panes and <see cref="Ui"/>; snapshots come over
/// from the collector thread through a latest-wins slot.
/// </summary>
internal sealed class App : IDisposable
{
    /// <summary>Below this there is nothing sensible to draw.</summary>
    public const int MinimumWidth = 40, MinimumHeight = 10;

    // A resize or key is drawn at once; a snapshot that came in between waits no longer than this for the next wake-up.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(10);

    // Read whatever pane is shown: the header's figures, the VMs for the events of their coming and going, the kernel log for its lines, and the journal
    // for what was done or left half-way.
    public static readonly IReadOnlyList<Topic> Always = [HostTopic.Instance, MachineTopic.Instance, VmsTopic.Instance, SelfTopic.Instance, KernelLogTopic.Instance, JournalTopic.Instance];

    /// <summary>Read seldom whatever pane is shown: what the line of troubles judges by and is dear to read.</summary>
    public static readonly IReadOnlyList<Topic> AtLeisure = [.. Judge.Needs];

    private readonly ITerminal _terminal;
    private readonly Hub _hub;
    private readonly LatestWins<Snapshot> _latest;
    private readonly BehaviorSubject<IReadOnlyCollection<Topic>> _demand = new([]);
    private readonly IDisposable _subscription;
    private readonly Buffer _buffer = new(0, 0);
    private readonly IReadOnlyList<IPane> _panes;
    private readonly Commands _commands;
    private readonly bool _isRoot;
    private int _active;
    private VmView? _vmView;
    private TracePane? _trace;
    private readonly TabLine _tabs = new();
    private Rect _footer;
    private Rect _body;
    private Snapshot? _updated;
    private CheckReport? _checked;
    private int _updates;

    /// <param name="terminal">The screen.</param>
    /// <param name="hub">What delivers snapshots; somebody else keeps it ticking with at least <see cref="Always"/>.</param>
    /// <param name="latest">Where the newest snapshot waits; filling it wakes the terminal.</param>
    /// <param name="ui">What panes and overlays share.</param>
    /// <param name="themes">The theme to begin with.</param>
    /// <param name="isRoot">Shown in the header.</param>
    public App(ITerminal terminal, Hub hub, LatestWins<Snapshot> latest, Ui ui, Themes themes, bool isRoot)
    {
        (_terminal, _hub, _latest, Ui, ThemeSet, _isRoot) = (terminal, hub, latest, ui, themes, isRoot);
        _panes = Catalog.CreatePanes(ui);
        _commands = new Commands(this);
        _subscription = _demand.Select(topics => hub.Observe(topics)).Switch().Subscribe();
    }

    /// <summary>What panes and overlays share.</summary>
    public Ui Ui { get; }

    /// <summary>The theme on the screen, and how to change it.</summary>
    public Themes ThemeSet { get; }

    /// <summary>The panes, in the order of their tabs.</summary>
    public IReadOnlyList<IPane> Panes => _panes;

    /// <summary>What fills the screen now: a trace, a VM's view, or the active pane.</summary>
    public IPane Current => (IPane?)_trace ?? (IPane?)_vmView ?? _panes[_active];

    /// <summary>The table that sorting, filtering and marking apply to, or null when what is shown is none.</summary>
    public ITablePane? CurrentTable => Current as ITablePane;

    /// <summary>Runs until the operator leaves or the terminal has gone.</summary>
    public void Run()
    {
        while (!Ui.Leaving)
        {
            // A reading that does not come wakes nobody: its age must grow on the screen all the same.
            var next = Freshness.UntilNext(_hub.Progress, Ui.Options.Delay);
            Step(next < s_idle ? next : s_idle);
        }
    }

    /// <summary>Takes the newest snapshot, draws, waits once, and handles what was typed.</summary>
    public void Step(TimeSpan timeout)
    {
        if (_latest.Take() is { } snapshot)
        {
            Ui.Accept(snapshot);
            Ui.Checks?.Consider(snapshot, watched: Current is CheckPane);
            _updates++;
        }

        Ui.Actions?.Deliver();
        if (Ui.Actions is { IsAwaited: true, UnderWay: null })
        {
            Ui.Leaving = true;
            return;
        }

        // Drawing tells which columns there is room for: what they need is read, and what does not fit is not.
        Draw();
        Demand();

        // The first snapshot has no rates yet, as in batch: it does not count.
        if (_updates > Ui.Options.Iterations)
        {
            Ui.Leaving = true;
            return;
        }

        if (_terminal.Wait(timeout).HasFlag(Wake.HangUp))
        {
            Ui.Leaving = true;
            return;
        }

        while (!Ui.Leaving && _terminal.TryRead(out var input))
        {
            Handle(input);
        }
    }

    /// <summary>Shows the pane of an id; false when there is none.</summary>
    public bool Show(string id)
    {
        for (var i = 0; i < _panes.Count; i++)
        {
            if (_panes[i].Id == id)
            {
                ShowPane(i);
                return true;
            }
        }

        return false;
    }

    /// <summary>Shows the pane so many tabs further on.</summary>
    public void ShowNext(int step) => ShowPane((_active + step + _panes.Count) % _panes.Count);

    /// <summary>Changes how often the host is read.</summary>
    public void SetDelay(TimeSpan delay)
    {
        Ui.Options = Ui.Options with { Delay = delay };
        _hub.Interval = delay;
    }

    /// <summary>Takes new settings into use.</summary>
    public void Apply(Options options)
    {
        var before = Ui.Options;
        Ui.Options = options;
        if (options.Delay != before.Delay)
        {
            _hub.Interval = options.Delay;
        }

        if (options.Theme != before.Theme && !ThemeSet.TryUse(options.Theme, out var problem))
        {
            Ui.Message = problem;
            Ui.Options = options with { Theme = before.Theme };
        }

        if (_panes.OfType<VmsPane>().FirstOrDefault() is { } vms)
        {
            if (options.Sort != before.Sort && Text.SortSpec.TryParse(options.Sort, out var sort))
            {
                vms.Sort = sort;
            }

            if (options.Filter != before.Filter)
            {
                Ui.Message = vms.SetFilter(options.Filter) ?? Ui.Message;
            }
        }

        Refresh();
    }

    /// <summary>Leaves; when an action is under way, as soon as that has ended.</summary>
    public void Leave()
    {
        if (Ui.Actions is { UnderWay: not null } board)
        {
            board.IsAwaited = true;
            board.Desk.Host.AskToEnd();
        }
        else
        {
            Ui.Leaving = true;
        }
    }

    /// <summary>Stops the process until the shell continues it; not in the middle of an action.</summary>
    public void Suspend()
    {
        if (Ui.Actions is { UnderWay: not null })
        {
            Ui.Message = "An action is under way: it would be stopped half-way.";
        }
        else
        {
            _terminal.Suspend();
        }
    }

    /// <summary>Draws everything anew at the next turn.</summary>
    public void Redraw() => _terminal.Invalidate();

    /// <summary>Lets the current pane arrange its rows again: a setting changed that they depend on.</summary>
    public void Refresh() => _updated = null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _subscription.Dispose();
        _demand.Dispose();
        _trace?.Dispose();
    }

    private void Handle(InputEvent input)
    {
        if (input.Key == Key.Resize)
        {
            return;
        }

        Ui.Message = null;
        if (Ui.Overlay is { } overlay)
        {
            overlay.Handle(input, Ui);
            Refresh();
        }
        else if (!HandleMouse(input) && !HandleBack(input) && !Current.Handle(input, Ui))
        {
            _commands.Handle(input);
        }

        if (Ui.GoTo is { } id)
        {
            Ui.GoTo = null;
            _ = Show(id);
        }

        ShowOpenVm();
        ShowTrace();
    }

    private bool HandleMouse(InputEvent input)
    {
        if (input.Key is not (Key.Click or Key.DoubleClick))
        {
            return false;
        }

        var tab = _tabs.HitTest(input.X, input.Y);
        if (tab >= 0)
        {
            ShowPane(tab);
            return true;
        }

        foreach (var link in Ui.HeaderLinks)
        {
            if (link.Area.Contains(input.X, input.Y))
            {
                Follow(link);
                return true;
            }
        }

        return _footer.Contains(input.X, input.Y) && _commands.Click(_footer, FooterHints(), input);
    }

    private void Follow(HeaderLink link)
    {
        if (link.Vm is { } vm)
        {
            Ui.OpenTrace = null;
            Ui.OpenVm = vm;
        }
        else if (link.Pane is { } pane)
        {
            Ui.GoTo = pane;
        }
        else
        {
            Ui.Open(new TroublesOverlay());
        }
    }

    private bool HandleBack(InputEvent input)
    {
        if (input.Key != Key.Escape || (_vmView is null && _trace is null))
        {
            return false;
        }

        if (_trace is not null)
        {
            if (!_trace.Handle(input, Ui))
            {
                Ui.OpenTrace = null;
            }

            return true;
        }

        // The view may have something of its own to leave first.
        if (!_vmView!.Handle(input, Ui))
        {
            Ui.OpenVm = null;
        }

        return true;
    }

    private void ShowPane(int index)
    {
        Ui.OpenVm = null;
        _vmView = null;
        Ui.OpenTrace = null;
        ShowTrace();
        _active = index;
        Refresh();
    }

    private void ShowOpenVm()
    {
        if (Ui.OpenVm is { } key)
        {
            if (_vmView?.Vm != key)
            {
                _vmView = new VmView(key);
                Refresh();
            }
        }
        else if (_vmView is not null)
        {
            _vmView = null;
            Refresh();
        }
    }

    private void ShowTrace()
    {
        if (Ui.OpenTrace?.Vm.Key == _trace?.Vm)
        {
            return;
        }

        // Whatever stood there ends before the next begins: what is not looked at costs nothing.
        _trace?.Dispose();
        _trace = Ui.OpenTrace is { } open ? new TracePane(open.Vm, open.Vcpu, Ui) : null;
        Refresh();
    }

    private void Demand()
    {
        var needs = Current.Needs;
        if (_demand.Value.Count == needs.Count && needs.All(_demand.Value.Contains))
        {
            return;
        }

        _demand.OnNext([.. needs]);
        _hub.RefreshNow();
    }

    private void Draw()
    {
        if (_updated != Ui.Snapshot || _checked != Ui.Checks?.Report)
        {
            (_updated, _checked) = (Ui.Snapshot, Ui.Checks?.Report);
            Current.Update(Ui);
        }

        Ui.Freshness = Freshness.Of(_hub.Progress, Ui.Options.Delay);
        var (width, height) = _terminal.Size;
        if (_buffer.Width != width || _buffer.Height != height)
        {
            _buffer.Resize(width, height);
        }
        else
        {
            _buffer.Clear();
        }

        if (!TooSmall.Render(_buffer, MinimumWidth, MinimumHeight))
        {
            Render();
        }

        _terminal.Draw(_buffer, ThemeSet.Current);
    }

    private void Render()
    {
        var screen = _buffer.Area;
        _buffer.Fill(screen, default);
        var (header, rest) = screen.CutTop(Header.HeightFor(screen.Height));
        (var tabs, rest) = rest.CutTop(1);
        (_footer, _body) = rest.CutBottom(1);
        Header.Render(_buffer, header, Ui, _isRoot);
        _tabs.Render(_buffer, tabs, _panes, _active, States(), Ui.Unicode);
        Current.Render(_buffer, _body, Ui);
        RenderFooter();
        foreach (var overlay in Ui.Overlays)
        {
            overlay.Render(_buffer, screen, Ui);
        }
    }

    /// <summary>At the right of the tabs: whose page it is, what is filtered, marked, or special about the figures.</summary>
    private List<StateWord> States()
    {
        var states = new List<StateWord>();
        if (_trace is not null)
        {
            states.Add(new StateWord("", _trace.Title, "", null));
        }
        else if (_vmView is not null)
        {
            states.Add(new StateWord("VM ", _vmView.Title, "", null));
        }
        else if (CurrentTable is { } table)
        {
            if (table.Filter.Length > 0)
            {
                var count = string.Create(CultureInfo.InvariantCulture, $"{table.Rows.Shown}/{table.Rows.All}");
                states.Add(new StateWord("filter ", table.Filter, $" ({count})", "flt " + count));
            }

            if (table.Marked > 0)
            {
                states.Add(new StateWord($"{table.Marked} marked", "", "", $"{table.Marked} mk"));
            }
        }

        if (Ui.WholeVm)
        {
            states.Add(new StateWord("100%=VM", "", "", "%VM"));
        }

        if (Ui.ReadOnly)
        {
            states.Add(new StateWord("read-only", "", "", "r/o"));
        }

        return states;
    }

    private void RenderFooter()
    {
        if ((Ui.Actions is { IsAwaited: true } board ? $"kvmtop leaves when this has ended: {board.UnderWay}" : Ui.Message) is { } message)
        {
            _buffer.Fill(_footer, new Style(Role.Text, Surface.Footer));
            _buffer.Write(_footer.X + 1, _footer.Y, message, new Style(Role.Warn, Surface.Footer), _footer.Width - 2);
            return;
        }

        KeyBar.Render(_buffer, _footer, FooterHints(), Ui.Unicode);
    }

    private KeyHint[] FooterHints() => [.. _commands.Hints(Current)];
}
