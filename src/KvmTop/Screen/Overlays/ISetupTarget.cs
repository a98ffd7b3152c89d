using KvmTop.Collectors;
using KvmTop.Configuration;

namespace KvmTop.Screen.Overlays;

/// <summary>A column that a table could show.</summary>
/// <param name="Id">As the configuration calls it.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Help">What it means.</param>
internal sealed record SetupColumn(string Id, string Title, string Help)
{
    /// <summary>The columns that figures make.</summary>
    public static IReadOnlyList<SetupColumn> Of<TRow>(IReadOnlyList<Metric<TRow>> metrics) => [.. metrics.Select(m => new SetupColumn(m.Id, m.Title, m.Help))];
}

/// <summary>What the setup screen changes. Every change shows at once.</summary>
internal interface ISetupTarget
{
    /// <summary>The table whose columns are set up, "VMs".</summary>
    string TableTitle { get; }

    /// <summary>All columns that the table could show; empty when what is shown is no table.</summary>
    IReadOnlyList<SetupColumn> Columns { get; }

    /// <summary>The ids of those that it shows, in order.</summary>
    IReadOnlyList<string> ChosenColumns { get; set; }

    /// <summary>The ids of those that it shows when nobody chooses.</summary>
    IReadOnlyList<string> UsualColumns { get; }

    /// <summary>True when the <c>columns</c> setting is about this table; for any other the choice lasts for this session.</summary>
    bool SavesColumns { get; }

    /// <summary>The names of the themes.</summary>
    IReadOnlyList<string> Themes { get; }

    /// <summary>The theme on the screen.</summary>
    string Theme { get; set; }

    /// <summary>The other settings, <c>delay</c> among them.</summary>
    Options Options { get; set; }

    /// <summary>The settings that are on or off and can be set here.</summary>
    IReadOnlyList<Setting> Toggles { get; }

    /// <summary>True when a change of the setting shows at once; false when it waits for the next start.</summary>
    bool AppliesNow(Setting setting);
}
