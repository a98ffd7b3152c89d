using System.Globalization;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>The box above a prompt with what could be typed there.</summary>
internal sealed class CandidateList
{
    private const int MostRows = 8;
    private const int LongestHelp = 56;

    private IReadOnlyList<Candidate> _candidates = [];
    private bool _begun;
    private int _cellsBefore;
    private int _selected = -1;
    private int _offset;
    private Rect _rows;

    /// <summary>The whole line as each candidate would make it.</summary>
    public IReadOnlyList<string> Texts { get; private set; } = [];

    /// <summary>Where the box was drawn; empty when it was not.</summary>
    public Rect Place { get; private set; }

    /// <summary>What the candidate that was reached means, or null.</summary>
    public string? Help => _selected >= 0 && _selected < _candidates.Count && _candidates[_selected].Help is { Length: > 0 } help ? help : null;

    /// <summary>Takes the candidates for a text and a cursor in it.</summary>
    public void Show(IReadOnlyList<Candidate> candidates, string text, int cursor)
    {
        _candidates = candidates;
        var texts = new string[candidates.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = string.Concat(text.AsSpan(0, StartOf(candidates[i], cursor)), candidates[i].Text, text.AsSpan(cursor));
        }

        Texts = texts;
        _selected = -1;

        // An empty word could become anything: a box over half of the screen helps only when it is asked for with Tab.
        _begun = candidates.Count > 0 && StartOf(candidates[0], cursor) < cursor && !(texts.Length == 1 && texts[0] == text);
        _cellsBefore = candidates.Count > 0 ? CellWidth.Of(text.AsSpan(0, StartOf(candidates[0], cursor))) : 0;
    }

    /// <summary>Draws the box at the bottom of an area, its text above the word that it completes.</summary>
    public void Render(Buffer buffer, Rect area, int inputColumn, TextInputState state, bool unicode)
    {
        _selected = state.SelectedCompletion;
        Place = _rows = default;
        var rows = Math.Min(Math.Min(_candidates.Count, MostRows), area.Height - 2);
        if (rows < 1 || area.Width < 8 || !(_begun || _selected >= 0))
        {
            return;
        }

        _offset = Math.Clamp(_offset, Math.Max(_selected - rows + 1, 0), Math.Max(Math.Min(Math.Max(_selected, 0), _candidates.Count - rows), 0));
        var (words, helps) = (0, 0);
        foreach (var candidate in _candidates)
        {
            words = Math.Max(words, CellWidth.Of(candidate.Text));
            helps = Math.Max(helps, Math.Min(CellWidth.Of(candidate.Help), LongestHelp));
        }

        var width = Math.Min(words + (helps > 0 ? helps + 2 : 0) + 4, area.Width);
        var x = Math.Clamp(inputColumn + _cellsBefore - 1, area.X, Math.Max(area.Right - width, area.X));
        Place = new Rect(x, area.Bottom - rows - 2, width, rows + 2);
        var count = _candidates.Count > rows ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(_selected + 1, 0)}/{_candidates.Count}") : "";
        _rows = Box.Render(buffer, Place, default, unicode, count, Surface.Popup);
        for (var i = 0; i < _rows.Height; i++)
        {
            RenderRow(buffer, new Rect(_rows.X, _rows.Y + i, _rows.Width, 1), _offset + i, words, unicode);
        }
    }

    /// <summary>The candidate at a place; -1 for none.</summary>
    public int CandidateAt(int x, int y) => _rows.Contains(x, y) ? _offset + y - _rows.Y : -1;

    private static int StartOf(Candidate candidate, int cursor) => Math.Clamp(candidate.Start, 0, cursor);

    private void RenderRow(Buffer buffer, Rect row, int candidate, int words, bool unicode)
    {
        var surface = candidate == _selected ? Surface.Selected : Surface.Popup;
        buffer.Fill(row, new Style(Role.Text, surface));
        var text = row.Inset(1, 0);
        Table.WriteCell(buffer, text, _candidates[candidate].Text, new Style(Role.Text, surface), Align.Left, unicode);
        Table.WriteCell(buffer, text.CutLeft(words + 2).Remaining, _candidates[candidate].Help, new Style(Role.Dim, surface), Align.Left, unicode);
    }
}
