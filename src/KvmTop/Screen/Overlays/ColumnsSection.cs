using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>Which columns the table shows, and in which order.</summary>
internal sealed class ColumnsSection : SetupSection
{
    private const int TitleWidth = 10;

    private static readonly KeyHint[] s_keys = [new("Space", "Show"), new("<", "Earlier"), new(">", "Later"), new("d", "Usual")];

    private readonly List<Entry> _entries = [];

    /// <summary>Those that are shown come first, in their order.</summary>
    public ColumnsSection(ISetupTarget target)
        : base("Columns", target)
    {
        Fill(target.ChosenColumns);
    }

    /// <inheritdoc/>
    public override int Count => _entries.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Keys => s_keys;

    /// <inheritdoc/>
    public override string Empty => "What is shown now has no columns to choose.";

    /// <inheritdoc/>
    public override string HelpOf(int item) => $"{_entries[item].Column.Id}: {_entries[item].Column.Help}{(Target.SavesColumns ? "" : " (Columns of this table are kept for this session.)")}";

    /// <inheritdoc/>
    public override void RenderItem(Buffer buffer, Rect line, int item, Surface surface, bool unicode)
    {
        var (column, shown) = _entries[item];
        var text = RenderCheck(buffer, line, shown, surface);
        Table.WriteCell(buffer, text, column.Title, new Style(shown ? Role.Strong : Role.Text, surface), Align.Left, unicode);
        Table.WriteCell(buffer, text.CutLeft(Math.Max(TitleWidth, CellWidth.Of(column.Title) + 1)).Remaining, column.Help, new Style(Role.Dim, surface), Align.Left, unicode);
    }

    /// <inheritdoc/>
    public override string? Choose(int item, Ui ui)
    {
        var entry = _entries[item];
        if (entry.Shown && _entries.Count(e => e.Shown) == 1)
        {
            return "A table needs at least one column.";
        }

        // It stays where it is: an entry that jumps away cannot be switched back with the same key.
        _entries[item] = entry with { Shown = !entry.Shown };
        Apply();
        return null;
    }

    /// <inheritdoc/>
    public override void Shift(int item, int direction)
    {
        var other = item + direction;
        if (other >= 0 && other < _entries.Count)
        {
            (_entries[item], _entries[other]) = (_entries[other], _entries[item]);
            List.Selected = other;
            Apply();
        }
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        Fill(Target.UsualColumns);
        Apply();
    }

    private void Apply() => Target.ChosenColumns = [.. _entries.Where(e => e.Shown).Select(e => e.Column.Id)];

    private void Fill(IReadOnlyList<string> shown)
    {
        _entries.Clear();
        foreach (var id in shown)
        {
            _entries.AddRange(Target.Columns.Where(c => c.Id == id && !_entries.Any(e => e.Column.Id == id)).Select(c => new Entry(c, true)));
        }

        _entries.AddRange(Target.Columns.Where(c => !shown.Contains(c.Id)).Select(c => new Entry(c, false)));
    }

    private sealed record Entry(SetupColumn Column, bool Shown);
}
