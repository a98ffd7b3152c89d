using KvmTop.Configuration;
using KvmTop.Screen.Overlays;
using KvmTop.Screen.Panes;

namespace KvmTop.Screen;

/// <summary>What the setup screen changes: the application's settings and the table that is shown.</summary>
internal sealed class SetupTarget(App app) : ISetupTarget
{
    // Read when the terminal is opened; the others show at once.
    private static readonly string[] s_atStart = ["ascii", "no-color", "no-mouse"];

    private readonly ITablePane? _table = app.CurrentTable;

    /// <inheritdoc/>
    public string TableTitle => _table?.Title ?? app.Current.Title;

    /// <inheritdoc/>
    public IReadOnlyList<SetupColumn> Columns => _table?.AvailableColumns ?? [];

    /// <inheritdoc/>
    public IReadOnlyList<string> ChosenColumns
    {
        get => _table?.Columns ?? [];
        set
        {
            if (_table is not null)
            {
                _table.Columns = value;
                app.Refresh();
                if (SavesColumns)
                {
                    app.Ui.Options = app.Ui.Options with { Columns = value };
                }
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> UsualColumns => _table?.UsualColumns ?? [];

    /// <inheritdoc/>
    public bool SavesColumns => _table is VmsPane;

    /// <inheritdoc/>
    public IReadOnlyList<string> Themes => app.ThemeSet.Names;

    /// <inheritdoc/>
    public string Theme
    {
        get => app.Ui.Options.Theme;
        set => app.Apply(app.Ui.Options with { Theme = value });
    }

    /// <inheritdoc/>
    public Options Options
    {
        get => app.Ui.Options;
        set => app.Apply(value);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Setting> Toggles { get; } = [.. Settings.All.Where(s => s is { InSetup: true, Kind: SettingKind.Flag })];

    /// <inheritdoc/>
    public bool AppliesNow(Setting setting) => !s_atStart.Contains(setting.Id);
}
