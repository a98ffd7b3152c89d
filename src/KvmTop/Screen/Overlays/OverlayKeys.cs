using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>Keys that mean the same in every overlay that is not being typed into.</summary>
internal static class OverlayKeys
{
    /// <summary>Takes an overlay away.</summary>
    public static bool Closes(InputEvent input) => input.Key is Key.Escape or Key.F10 || input.Is('q') || input.IsCtrl('C');

    /// <summary>A mouse button, however quickly it was pressed.</summary>
    public static bool IsClick(InputEvent input) => input.Key is Key.Click or Key.DoubleClick;
}
