using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>The theme: the one under the cursor is on the screen, and stays only when it is chosen.</summary>
internal sealed class ThemeSection : SetupSection
{
    private const int ListWidth = 24;

    private static readonly KeyHint[] s_keys = [new("Enter", "Choose")];

    private string _chosen;

    /// <summary>The cursor begins at the theme on the screen.</summary>
    public ThemeSection(ISetupTarget target)
        : base("Theme", target)
    {
        _chosen = target.Theme;
        List.Selected = IndexOfChosen();
    }

    /// <inheritdoc/>
    public override int Count => Target.Themes.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Keys => s_keys;

    /// <inheritdoc/>
    public override string HelpOf(int item) => "The screen shows the theme under the cursor; Enter keeps it.";

    /// <inheritdoc/>
    public override void RenderItem(Buffer buffer, Rect line, int item, Surface surface, bool unicode)
    {
        var on = Target.Themes[item] == _chosen;
        buffer.Write(line.X, line.Y, on ? unicode ? "●" : "*" : " ", new Style(Role.Good, surface), line.Width);
        Table.WriteCell(buffer, line.CutLeft(2).Remaining, Target.Themes[item], new Style(on ? Role.Strong : Role.Text, surface), Align.Left, unicode);
    }

    /// <inheritdoc/>
    public override Rect RenderBeside(Buffer buffer, Rect area, bool unicode)
    {
        if (area.Width < ListWidth + 30)
        {
            return area;
        }

        var (list, rest) = area.CutLeft(ListWidth);
        ThemeSample.Render(buffer, rest.CutLeft(1).Remaining.CutTop(ThemeSample.Height + 2).Top, unicode);
        return list;
    }

    /// <inheritdoc/>
    public override string? Choose(int item, Ui ui)
    {
        Target.Theme = _chosen = Target.Themes[item];
        return $"Theme {_chosen}.";
    }

    /// <inheritdoc/>
    public override void Moved(int item) => Target.Theme = Target.Themes[item];

    /// <inheritdoc/>
    public override void Leave()
    {
        if (Target.Theme != _chosen)
        {
            Target.Theme = _chosen;
        }

        List.Selected = IndexOfChosen();
    }

    private int IndexOfChosen()
    {
        for (var i = 0; i < Target.Themes.Count; i++)
        {
            if (Target.Themes[i] == _chosen)
            {
                return i;
            }
        }

        return 0;
    }
}
