using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>One view of the host that fills the screen below the header. All calls come from the UI thread.</summary>
internal interface IPane
{
    /// <summary>Name on the <c>:</c> line and in configuration.</summary>
    string Id { get; }

    /// <summary>Name on its tab.</summary>
    string Title { get; }

    /// <summary>The key that goes there.</summary>
    char Key { get; }

    /// <summary>What must be read while it is shown. Asked again after each key and each snapshot.</summary>
    IReadOnlyCollection<Topic> Needs { get; }

    /// <summary>Keys that only this pane has, for the footer.</summary>
    IReadOnlyList<KeyHint> Hints { get; }

    /// <summary>What actions apply to here: the marked rows, else the one under the cursor; with rows marked never the one under the cursor.</summary>
    ActionSelection Selection => ActionSelection.Nothing;

    /// <summary>It is about VMs one by one: the footer offers to trace the exits of one.</summary>
    bool IsAboutVms => false;

    /// <summary>Takes a new snapshot, or the same again after a setting changed: filtering and sorting belong here, not in <see cref="Render"/>.</summary>
    void Update(Ui ui);

    /// <summary>Draws itself into an area of a blank buffer, at any size.</summary>
    void Render(Buffer buffer, Rect area, Ui ui);

    /// <summary>Takes a key or a mouse event; false when it has no use for it.</summary>
    bool Handle(InputEvent input, Ui ui);

    /// <summary>Adds what the help says about this pane: keys, and what each column means, its source and thresholds.</summary>
    void Describe(TextDocument help, Ui ui);
}

/// <summary>Something that lies over the pane and gets the keys first: help, a prompt, a menu.</summary>
internal interface IOverlay
{
    /// <summary>Draws itself; <paramref name="screen"/> is the whole screen.</summary>
    void Render(Buffer buffer, Rect screen, Ui ui);

    /// <summary>Takes a key; it closes itself with <see cref="Ui.Close"/>.</summary>
    void Handle(InputEvent input, Ui ui);
}
