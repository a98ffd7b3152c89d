using KvmTop.Screen.Overlays;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>What the commands about rows do, in whatever pane is a table.</summary>
internal sealed class TableCommands(App app)
{
    private readonly TextInputState _search = new();
    private readonly TextInputState _filter = new();

    /// <summary>Asks for a name to search.</summary>
    public void Search()
    {
        if (app.CurrentTable is not { } table)
        {
            app.Ui.Message = "Nothing to search in here: / works in tables and in the help.";
            return;
        }

        _search.Text = "";
        app.Ui.Open(new PromptOverlay(
            "Search", _search, static (_, _) => [], text => table.Search(text, next: false) ? null : "not found", changed: null, _ => SearchAgain(next: false), static () => { }));
    }

    /// <summary>The next match of the search.</summary>
    public void SearchAgain(bool next)
    {
        // Enter has put the text into the history.
        var text = _search.Text.Length > 0 ? _search.Text : _search.History.Count > 0 ? _search.History[^1] : "";
        if (app.CurrentTable is { } table && text.Length > 0 && !table.Search(text, next))
        {
            app.Ui.Message = $"Not found: {text}";
        }
    }

    /// <summary>Asks for a filter, which shows as it is typed.</summary>
    public void Filter()
    {
        if (app.CurrentTable is not { } table)
        {
            app.Ui.Message = "Nothing to filter here.";
            return;
        }

        var before = table.Filter;
        _filter.Text = before;
        app.Ui.Open(new PromptOverlay(
            "Filter",
            _filter,
            table.CompleteFilter,
            table.CheckFilter,
            text => _ = table.SetFilter(text),
            text => app.Ui.Message = table.SetFilter(text),
            () => table.SetFilter(""),
            "a text, or rdy>5, mem>=4G, name~web; Esc shows all"));
    }

    /// <summary>Lets a sort column be chosen from all there are.</summary>
    public void SortMenu()
    {
        if (app.CurrentTable is not { } table)
        {
            app.Ui.Message = "Nothing to sort here.";
            return;
        }

        var columns = table.AvailableColumns;
        var items = columns.Select(c => new MenuItem(c.Title, c.Id)).ToArray();
        var current = Math.Max(0, columns.ToList().FindIndex(c => c.Id == table.Sort.Column));
        app.Ui.Open(new MenuOverlay(
            "Sort by",
            items,
            i =>
            {
                table.Sort = new SortSpec(columns[i].Id, Reversed: false);
                app.Refresh();
            },
            current));
    }

    /// <summary>Sorts by a column beside the present one.</summary>
    public void MoveSort(int columns)
    {
        if (app.CurrentTable is { } table)
        {
            table.MoveSort(columns);
            app.Refresh();
        }
    }

    /// <summary>Reverses the order.</summary>
    public void Reverse()
    {
        if (app.CurrentTable is { } table)
        {
            table.Sort = table.Sort with { Reversed = !table.Sort.Reversed };
            app.Refresh();
        }
    }

    /// <summary>Marks the row under the cursor, and goes to the next.</summary>
    public void Mark()
    {
        if (app.CurrentTable is { } table)
        {
            table.ToggleMark();
            _ = table.Handle(new InputEvent(Key.Down), app.Ui);
        }
    }

    /// <summary>Takes all marks away.</summary>
    public void Unmark() => app.CurrentTable?.ClearMarks();
}
