using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Pane 7: the machine under the VMs, on pages: what it does, how its CPUs sleep, who interrupts them, what they are kept for, and which vCPUs are pinned where.</summary>
internal sealed class HostPane : IPane
{
    private static readonly KeyHint[] s_hints = [new("Right", "Next page")];

    private readonly HostSection[] _sections = [new HostPaneOverview(), new HostPanePower(), new HostPaneIrqs(), new HostPaneSoftirqs(), new HostPaneLayout(), new HostPaneMap()];
    private readonly Buffer _head = new(0, 0);
    private Rect _tabs;
    private int _active;

    /// <inheritdoc/>
    public string Id => "host";

    /// <inheritdoc/>
    public string Title => "Host";

    /// <inheritdoc/>
    public char Key => '7';

    /// <inheritdoc/>
    public IReadOnlyCollection<Topic> Needs => Shown.Needs;

    /// <inheritdoc/>
    public IReadOnlyList<KeyHint> Hints => Shown.Hints.Count > 0 ? Shown.Hints : s_hints;

    private HostSection Shown => _sections[_active];

    /// <inheritdoc/>
    public void Update(Ui ui) => Shown.Update(ui);

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect area, Ui ui)
    {
        (_tabs, var rest) = area.CutTop(1);
        TabBar.Render(buffer, _tabs, Tabs(), _active, ui.Unicode);
        var head = Shown.HasHead ? DrawHead(buffer, rest, ui.Unicode) : 0;
        var widest = rest.Width - (Shown.HasHead ? 1 : 0);
        Shown.Page.Render(buffer, rest.CutTop(head).Remaining, ui.Unicode, (pen, page) => Shown.Draw(pen, new Rect(page.X, page.Y, Math.Min(page.Width, widest), page.Height)));
    }

    /// <inheritdoc/>
    public bool Handle(InputEvent input, Ui ui)
    {
        if (Shown.Handle(input))
        {
            Shown.Update(ui);
            return true;
        }

        var to = input.Key switch
        {
            Tui.Key.Right => (_active + 1) % _sections.Length,
            Tui.Key.Left => (_active + _sections.Length - 1) % _sections.Length,
            Tui.Key.Escape when _active > 0 => 0,
            Tui.Key.Click or Tui.Key.DoubleClick => TabBar.HitTest(_tabs, Tabs(), _active, input.X, input.Y),
            _ => Array.FindIndex(_sections, s => input.Is(s.Key)),
        };
        if (to < 0)
        {
            return Shown.Page.Handle(input);
        }

        _active = to;
        Shown.Update(ui);
        return true;
    }

    /// <inheritdoc/>
    public void Describe(TextDocument help, Ui ui)
    {
        help.Add("Host", Role.Title)
            .Add("The machine under the VMs, on pages: the letter before a name goes there, Right and Left to the next, Esc back to the first. Arrows, PgUp, PgDn, Home, End and the wheel scroll. A page is read only while it is shown.");
        foreach (var section in _sections)
        {
            help.Add($"{section.Title} ({section.Key})", Role.Heading);
            section.Describe(help);
        }
    }

    /// <summary>Draws by way of a buffer of its own, so that what is higher than the area stays in it.</summary>
    private int DrawHead(Buffer buffer, Rect area, bool unicode)
    {
        _head.Resize(area.Width, area.Height);
        var rows = Math.Min(area.IsEmpty ? 0 : Shown.DrawHead(new Pen(_head, unicode), _head.Area), area.Height);
        for (var y = 0; y < rows; y++)
        {
            var row = _head.Row(y);
            for (var x = 0; x < row.Length; x++)
            {
                buffer.Set(area.X + x, area.Y + y, row[x].Rune, row[x].Style);
            }
        }

        return rows;
    }

    private Tab[] Tabs() => Array.ConvertAll(_sections, s => new Tab(s.Key.ToString(), s.Title));
}
