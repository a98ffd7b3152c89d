using System.Diagnostics.CodeAnalysis;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Screen.Overlays;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>What the application asks of any pane that is a table, whatever its rows: sorting, filtering, searching, marking, choosing columns.</summary>
internal interface ITablePane : IPane
{
    /// <summary>All columns that there are.</summary>
    IReadOnlyList<SetupColumn> AvailableColumns { get; }

    /// <summary>The columns that it shows when nobody chooses.</summary>
    IReadOnlyList<string> UsualColumns { get; }

    /// <summary>The columns on the screen, by id.</summary>
    IReadOnlyList<string> Columns { get; set; }

    /// <summary>Sort column and direction.</summary>
    SortSpec Sort { get; set; }

    /// <summary>Sorts by the column so many further to the right of those on the screen.</summary>
    void MoveSort(int columns);

    /// <summary>The filter as typed; empty for none.</summary>
    string Filter { get; }

    /// <summary>Sets the filter; returns what is wrong with it, or null.</summary>
    string? SetFilter(string text);

    /// <summary>Says what is wrong with a filter, or null.</summary>
    string? CheckFilter(string text);

    /// <summary>What could follow in a filter being typed.</summary>
    IReadOnlyList<Candidate> CompleteFilter(string text, int cursor);

    /// <summary>Moves to the first row from the cursor on (or after it) that contains the text; false when there is none.</summary>
    bool Search(string text, bool next);

    /// <summary>Marks or unmarks the row under the cursor.</summary>
    void ToggleMark();

    /// <summary>Unmarks all.</summary>
    void ClearMarks();

    /// <summary>How many rows are marked.</summary>
    int Marked { get; }

    /// <summary>How many rows are shown, of how many.</summary>
    (int Shown, int All) Rows { get; }
}

/// <summary>
/// A pane that is a table of metrics: a column, its sorting, filtering, help and colour all come from the metric's one declaration. Rows keep their place
/// under the cursor by identity, not by position.
/// </summary>
/// <typeparam name="TRow">What a row is.</typeparam>
internal abstract class TablePane<TRow> : ITablePane, ITableRows
    where TRow : notnull
{
    private const int DrawnTextLimit = 256;

    private readonly TableState _state = new();
    private readonly Dictionary<object, string> _marks = [];
    private readonly RowOrder<TRow> _order = new();
    private readonly List<TRow> _rows = [];
    private Metric<TRow>[] _columns = [];
    private TableColumn[] _tableColumns = [];
    private Metric<TRow> _sortColumn;
    private SortSpec _sort;
    private FilterPredicate<TRow>? _filter;
    private object? _selectedKey;
    private bool _hasSelection;
    private int _all;

    /// <param name="metrics">Every figure that a row has.</param>
    /// <param name="columns">Those to show, by id.</param>
    /// <param name="sort">The order to begin with.</param>
    protected TablePane(IReadOnlyList<Metric<TRow>> metrics, IReadOnlyList<string> columns, SortSpec sort)
    {
        Metrics = metrics;
        Columns = columns;
        _sortColumn = metrics[0];
        Sort = sort;
    }

    /// <inheritdoc/>
    public abstract string Id { get; }

    /// <inheritdoc/>
    public abstract string Title { get; }

    /// <inheritdoc/>
    public abstract char Key { get; }

    /// <inheritdoc/>
    public virtual IReadOnlyCollection<Topic> Needs => [.. Catalog.Needs(Shown), .. _sortColumn.Needs, .. _filter?.Needs ?? []];

    /// <inheritdoc/>
    public virtual IReadOnlyList<KeyHint> Hints => [];

    /// <inheritdoc/>
    public IReadOnlyList<SetupColumn> AvailableColumns => SetupColumn.Of(Metrics);

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> UsualColumns { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Columns
    {
        get => [.. _columns.Select(c => c.Id)];
        [MemberNotNull(nameof(_columns), nameof(_tableColumns))]
        set
        {
            // The first is the row's name: it stays when the others scroll.
            _columns = [.. value.Select(id => Metrics.FirstOrDefault(m => m.Id == id)).OfType<Metric<TRow>>()];
            _tableColumns = new TableColumn[_columns.Length];
            for (var i = 0; i < _columns.Length; i++)
            {
                var m = _columns[i];
                _tableColumns[i] = new TableColumn(m.Title, m.Width, m.IsLeftAligned ? Align.Left : Align.Right)
                {
                    Frozen = i == 0,
                    Flex = i == 0 ? 1 : 0,
                    MaxWidth = 36,
                    // From the right the columns give way, the first few never.
                    Priority = i < 4 ? 0 : i,
                };
            }
        }
    }

    /// <inheritdoc/>
    public SortSpec Sort
    {
        get => _sort;
        set
        {
            if (MetricNames.Find(Metrics, value.Column, out _) is { } column)
            {
                (_sortColumn, _sort) = (column, value with { Column = column.Id });
            }
        }
    }

    /// <inheritdoc/>
    public string Filter { get; private set; } = "";

    /// <inheritdoc/>
    public int Marked => _marks.Count;

    /// <inheritdoc/>
    public (int Shown, int All) Rows => (_rows.Count, _all);

    /// <inheritdoc/>
    public int Count => _rows.Count;

    /// <inheritdoc/>
    public virtual bool IsAboutVms => false;

    /// <inheritdoc/>
    public ActionSelection Selection => TableSelection.Of(
        _marks.Count > 0 ? _rows.Where(r => _marks.ContainsKey(KeyOf(r))) : HasSelected ? [Selected] : [], VmOf, r => IsAboutVms ? _marks.GetValueOrDefault(KeyOf(r)) : null);

    /// <summary>Every figure that a row has.</summary>
    protected IReadOnlyList<Metric<TRow>> Metrics { get; }

    /// <summary>False when only ASCII may be drawn.</summary>
    protected bool Unicode { get; private set; } = true;

    /// <summary>The row under the cursor.</summary>
    protected TRow? Selected => _state.Selected >= 0 && _state.Selected < _rows.Count ? _rows[_state.Selected] : default;

    /// <summary>A row on the screen and a column's figure, for panes that draw some cells themselves.</summary>
    protected (TRow Row, Metric<TRow> Metric) At(int row, int column) => (_rows[row], _columns[column]);

    /// <summary>The columns that there is room for: what stands beyond the edge is not read.</summary>
    private IEnumerable<Metric<TRow>> Shown => _columns.Where((_, i) => _state.IsNew || _state.Shows(i));

    /// <summary>True while there is a row under the cursor.</summary>
    [MemberNotNullWhen(true, nameof(Selected))]
    protected bool HasSelected => _state.Selected >= 0 && _state.Selected < _rows.Count;

    /// <inheritdoc/>
    public void MoveSort(int columns)
    {
        if (_columns.Length > 0)
        {
            var at = Math.Max(0, Array.IndexOf(_columns, _sortColumn));
            Sort = new SortSpec(_columns[(at + columns + _columns.Length) % _columns.Length].Id, Reversed: false);
        }
    }

    /// <summary>What is wrong with a filter, or null.</summary>
    public string? CheckFilter(string text) => text.Trim().Length == 0 ? null : Bind(text, out var error) is null ? error : null;

    /// <inheritdoc/>
    public string? SetFilter(string text)
    {
        FilterPredicate<TRow>? predicate = null;
        if (text.Trim().Length > 0 && (predicate = Bind(text, out var error)) is null)
        {
            return error;
        }

        (Filter, _filter) = (text.Trim(), predicate);
        return null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Candidate> CompleteFilter(string text, int cursor) => Completion.ForFilter(text, cursor, Metrics);

    /// <inheritdoc/>
    public bool Search(string text, bool next)
    {
        if (text.Length == 0 || _rows.Count == 0)
        {
            return text.Length == 0;
        }

        var from = Math.Max(_state.Selected, 0) + (next ? 1 : 0);
        for (var i = 0; i < _rows.Count; i++)
        {
            var at = (from + i) % _rows.Count;
            if (SearchText(_rows[at]).Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                _state.MoveTo(at);
                Remember();
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void ToggleMark()
    {
        if (HasSelected && !_marks.Remove(KeyOf(Selected!)))
        {
            _marks.Add(KeyOf(Selected!), NameOf(Selected!));
        }
    }

    /// <inheritdoc/>
    public void ClearMarks() => _marks.Clear();

    /// <inheritdoc/>
    public virtual void Update(Ui ui)
    {
        _order.Clear();
        _all = 0;
        foreach (var row in Source(ui))
        {
            if (_filter is null || _filter.Matches(row))
            {
                _order.Add(row, _sortColumn.Get(row));
            }

            _all++;
        }

        _order.Sort(_sort, _sortColumn.Unit);
        _rows.Clear();
        for (var i = 0; i < _order.Count; i++)
        {
            Append(_order[i], ui, _rows);
        }

        var place = _hasSelection ? _rows.FindIndex(r => KeyOf(r).Equals(_selectedKey)) : 0;
        _state.Selected = _rows.Count == 0 ? -1 : place >= 0 ? place : Math.Clamp(_state.Selected, 0, _rows.Count - 1);
        if (_marks.Count > 0)
        {
            DropMarks(ui);
        }
    }

    /// <inheritdoc/>
    public virtual void Render(Buffer buffer, Rect area, Ui ui)
    {
        Unicode = ui.Unicode;
        if (_rows.Count == 0 && RenderEmpty(buffer, area, ui))
        {
            Table.Choose(area, _tableColumns, _state);
            return;
        }

        var sorted = Array.IndexOf(_columns, _sortColumn);
        var descending = (_sortColumn.Unit != Unit.Text) ^ _sort.Reversed;
        Table.Render(buffer, area, Headed(ui.Snapshot), this, _state, sorted, descending, ui.Unicode);
    }

    /// <summary>The columns; those whose figures are older than they should be have a mark in their heading.</summary>
    private TableColumn[] Headed(Snapshot snapshot)
    {
        TableColumn[]? marked = null;
        foreach (var source in snapshot.Sources)
        {
            for (var i = 0; source.Status is ReadingStatus.Stale && i < _columns.Length; i++)
            {
                if (_columns[i].Needs.Contains(source.Topic))
                {
                    marked ??= [.. _tableColumns];
                    marked[i] = _tableColumns[i] with { Title = "!" + _tableColumns[i].Title };
                }
            }
        }

        return marked ?? _tableColumns;
    }

    /// <inheritdoc/>
    public virtual bool Handle(InputEvent input, Ui ui)
    {
        switch (input.Key)
        {
            case Tui.Key.Click or Tui.Key.DoubleClick:
                var hit = _state.ClickAt(input.X, input.Y);
                if (hit.Heading >= 0)
                {
                    SortBy(_columns[hit.Heading]);
                    Update(ui);
                }
                else if (hit.Row >= 0 && input.Key == Tui.Key.DoubleClick)
                {
                    Remember();
                    Open(Selected!, ui);
                }

                Remember();
                return hit.Heading >= 0 || hit.Row >= 0;
            case Tui.Key.Enter when HasSelected:
                Open(Selected!, ui);
                return true;
            default:
                if (_state.Handle(input))
                {
                    Remember();
                    return true;
                }

                return false;
        }
    }

    /// <inheritdoc/>
    public virtual void Describe(TextDocument help, Ui ui)
    {
        if (HasSelected)
        {
            ColumnHelp.AddMissing(help, [.. Shown], Selected!);
        }

        help.Add("Columns on the screen", Role.Title);
        Metric<TRow>[] shown = [.. Shown];
        ColumnHelp.Add(help, shown);
        help.Add("More columns (to the right, or F2 chooses)", Role.Title);
        ColumnHelp.Add(help, [.. Metrics.Where(m => !shown.Contains(m))]);
    }

    /// <inheritdoc/>
    public bool IsMarked(int row) => _marks.Count > 0 && _marks.ContainsKey(KeyOf(_rows[row]));

    /// <inheritdoc/>
    public virtual void DrawCell(Buffer buffer, int row, int column, Rect cell, Surface surface)
    {
        var metric = _columns[column];
        var figure = metric.Get(_rows[row]);
        if (column == 0)
        {
            DrawName(buffer, _rows[row], figure, cell, surface);
            return;
        }

        if (DrawOwn(buffer, metric, _rows[row], figure, cell, surface))
        {
            return;
        }

        Span<char> text = stackalloc char[DrawnTextLimit];
        var length = FigureFormat.Format(text, figure, metric.Unit, Math.Min(cell.Width, DrawnTextLimit));
        Table.WriteCell(buffer, cell, text[..length], new Style(FigureRole.Of(figure, metric.Thresholds, Judged(metric, figure, _rows[row])), surface), metric.IsLeftAligned ? Align.Left : Align.Right, Unicode);
    }

    /// <summary>Sorts by a column, or turns the direction round when it is the sort column already.</summary>
    protected void SortBy(Metric<TRow> column) =>
        Sort = column == _sortColumn ? _sort with { Reversed = !_sort.Reversed } : new SortSpec(column.Id, Reversed: false);

    /// <summary>The rows of a snapshot before filtering.</summary>
    protected abstract IEnumerable<TRow> Source(Ui ui);

    /// <summary>What makes a row the same from tick to tick.</summary>
    protected abstract object KeyOf(TRow row);

    /// <summary>The VM that a row is about, and its vCPU where it is about one; null where actions have nothing to do with it.</summary>
    protected virtual (VmInfo Vm, int? Vcpu)? VmOf(TRow row) => null;

    /// <summary>What a search looks in.</summary>
    protected abstract string SearchText(TRow row);

    /// <summary>Opens the row under the cursor.</summary>
    protected abstract void Open(TRow row, Ui ui);

    /// <summary>Puts a row into the list, followed by what is open below it.</summary>
    protected virtual void Append(TRow row, Ui ui, List<TRow> rows) => rows.Add(row);

    /// <summary>Draws the first column.</summary>
    protected virtual void DrawName(Buffer buffer, TRow row, Figure figure, Rect cell, Surface surface) =>
        Table.WriteCell(buffer, cell, figure.Text ?? "-", new Style(Role.Strong, surface), Align.Left, Unicode);

    /// <summary>Draws a cell that is more than a figure, such as a bar; false to have it drawn like all others.</summary>
    protected virtual bool DrawOwn(Buffer buffer, Metric<TRow> metric, TRow row, Figure figure, Rect cell, Surface surface) => false;

    /// <summary>Says what is missing when there is no row at all; false to draw the headings all the same.</summary>
    protected virtual bool RenderEmpty(Buffer buffer, Rect area, Ui ui) => false;

    /// <summary>By which value the thresholds are judged; the figure's own unless a table knows better.</summary>
    protected virtual double Judged(Metric<TRow> metric, Figure figure, TRow row) => figure.Number;

    private string NameOf(TRow row) => VmOf(row) is not { } one ? SearchText(row)
        : one.Vcpu is { } vcpu ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{one.Vm.Name} vCPU {vcpu}")
        : one.Vm.Name;

    /// <summary>A mark is one of a row that is on the screen: one that went takes its mark along, and that is said.</summary>
    private void DropMarks(Ui ui)
    {
        var shown = new HashSet<object>(_rows.Select(KeyOf));
        var dropped = _marks.Where(m => !shown.Contains(m.Key)).ToList();
        foreach (var mark in dropped)
        {
            _ = _marks.Remove(mark.Key);
        }

        if (dropped.Count > 0)
        {
            ui.Message = $"No longer marked, for it is gone or not shown: {string.Join(", ", dropped.Take(5).Select(m => m.Value))}{(dropped.Count > 5 ? ", .." : "")}; {_marks.Count} still marked.";
        }
    }

    private void Remember()
    {
        _hasSelection = HasSelected;
        if (HasSelected)
        {
            _selectedKey = KeyOf(Selected!);
        }
    }

    private FilterPredicate<TRow>? Bind(string text, out string error)
    {
        FilterPredicate<TRow>? predicate = null;
        if (FilterExpression.TryParse(text, out var expression, out var problem))
        {
            predicate = expression!.Bind(Metrics, out problem);
        }

        error = problem.ToString();
        return predicate;
    }
}
