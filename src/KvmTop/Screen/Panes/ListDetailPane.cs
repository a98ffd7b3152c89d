using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>
/// A pane that is a list with the whole of its selected row beside it, or below it where the screen is narrow. Enter gives the detail all of the room, and
/// keys then scroll it; Esc goes back. The cursor keeps its row by identity.
/// </summary>
/// <typeparam name="TRow">What a row is.</typeparam>
internal abstract class ListDetailPane<TRow> : IPane
    where TRow : class
{
    private const int BesideFrom = 120;

    private readonly TableState _table = new();
    private readonly ScrollTextState _scroll = new();
    private readonly ListRows _list;
    private TextDocument? _detail;
    private string? _key;
    private bool _open;
    private bool _unicode;

    protected ListDetailPane() => _list = new ListRows(this);

    /// <inheritdoc/>
    public abstract string Id { get; }

    /// <inheritdoc/>
    public abstract string Title { get; }

    /// <inheritdoc/>
    public abstract char Key { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyCollection<Topic> Needs { get; }

    /// <inheritdoc/>
    public virtual ActionSelection Selection => ActionSelection.Nothing;

    /// <inheritdoc/>
    public virtual IReadOnlyList<KeyHint> Hints => [_open ? new KeyHint("Esc", "Back") : new KeyHint("Enter", "Open")];

    /// <summary>The rows, in their order.</summary>
    protected IReadOnlyList<TRow> Rows { get; private set; } = [];

    /// <summary>The columns of the list.</summary>
    protected abstract IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>Cells that the list takes when the detail stands beside it.</summary>
    protected virtual int ListWidth => 64;

    /// <summary>The row under the cursor.</summary>
    protected TRow? Selected => _table.Selected >= 0 && _table.Selected < Rows.Count ? Rows[_table.Selected] : null;

    /// <inheritdoc/>
    public void Update(Ui ui)
    {
        Rows = Source(ui);
        _detail = null;
        if (_key is not null)
        {
            for (var i = 0; i < Rows.Count; i++)
            {
                if (KeyOf(Rows[i]) == _key)
                {
                    _table.Selected = i;
                    return;
                }
            }
        }

        _table.Selected = Rows.Count == 0 ? -1 : Math.Clamp(_table.Selected, 0, Rows.Count - 1);
    }

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect area, Ui ui)
    {
        var pen = new Pen(buffer, _unicode = ui.Unicode);
        if (Rows.Count == 0)
        {
            var (text, role) = Empty(ui);
            ScrollText.Render(buffer, area.Inset(1, 0), new TextDocument().Add(text, role), new ScrollTextState(), ui.Unicode);
            return;
        }

        var document = _detail ??= Selected is { } row ? Describe(row, ui) : new TextDocument();
        if (_open)
        {
            var whole = area.Height >= 4 ? pen.Frame(area, Heading(Selected!)) : area;
            ScrollText.Render(buffer, whole, document, _scroll, ui.Unicode);
            return;
        }

        var summary = area.Height < 12 ? 0 : SummaryHeight(area.Width, area.Height, ui);
        var (top, rest) = area.CutTop(summary);
        if (summary > 0)
        {
            DrawSummary(pen, top, ui);
        }

        var beside = rest.Width >= BesideFrom;
        var (list, detail) = beside ? rest.CutLeft(Math.Min(ListWidth, rest.Width / 2)) : rest.CutTop(rest.Height < 8 ? rest.Height : Math.Min(Rows.Count + 1, rest.Height / 2));
        Table.Render(buffer, list, Columns, _list, _table, -1, false, ui.Unicode);
        if (detail.Height >= 3)
        {
            var inner = pen.Frame(detail, Heading(Selected!));
            ScrollText.Render(buffer, inner, document, new ScrollTextState(), ui.Unicode);
        }
    }

    /// <inheritdoc/>
    public virtual bool Handle(InputEvent input, Ui ui)
    {
        if (_open)
        {
            if (input.Key is Tui.Key.Escape or Tui.Key.Enter)
            {
                _open = false;
                return true;
            }

            return _scroll.Handle(input);
        }

        if (input.Key is Tui.Key.Enter && Selected is not null)
        {
            Open();
            return true;
        }

        if (input.Key is Tui.Key.Click or Tui.Key.DoubleClick)
        {
            var hit = _table.ClickAt(input.X, input.Y);
            Remember();
            if (hit.Row >= 0 && input.Key == Tui.Key.DoubleClick)
            {
                Open();
            }

            return hit.Row >= 0;
        }

        if (!_table.Handle(input))
        {
            return false;
        }

        Remember();
        return true;
    }

    /// <inheritdoc/>
    public abstract void Describe(TextDocument help, Ui ui);

    /// <summary>The rows of a moment.</summary>
    protected abstract IReadOnlyList<TRow> Source(Ui ui);

    /// <summary>What makes a row the same from tick to tick.</summary>
    protected abstract string KeyOf(TRow row);

    /// <summary>The title over a row's detail.</summary>
    protected abstract string Heading(TRow row);

    /// <summary>All about a row.</summary>
    protected abstract TextDocument Describe(TRow row, Ui ui);

    /// <summary>The text and look of a cell.</summary>
    protected abstract (string Text, Role Role) Cell(TRow row, int column);

    /// <summary>What to say when there are no rows.</summary>
    protected abstract (string Text, Role Role) Empty(Ui ui);

    /// <summary>Lines above the list; 0 for none.</summary>
    protected virtual int SummaryHeight(int width, int height, Ui ui) => 0;

    /// <summary>Draws those lines.</summary>
    protected virtual void DrawSummary(Pen pen, Rect area, Ui ui)
    {
    }

    private void Open()
    {
        _open = true;
        _scroll.Offset = 0;
    }

    private void Remember()
    {
        _key = Selected is { } row ? KeyOf(row) : null;
        _detail = null;
    }

    private sealed class ListRows(ListDetailPane<TRow> pane) : ITableRows
    {
        public int Count => pane.Rows.Count;

        public bool IsMarked(int row) => false;

        public void DrawCell(Buffer buffer, int row, int column, Rect cell, Surface surface)
        {
            var (text, role) = pane.Cell(pane.Rows[row], column);
            Table.WriteCell(buffer, cell, text, new Style(role, surface), pane.Columns[column].Align, pane._unicode);
        }
    }
}
