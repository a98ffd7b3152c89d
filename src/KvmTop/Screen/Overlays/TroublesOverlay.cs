using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>All VMs in trouble, the worst first, as they are now: it goes on with every reading, and the cursor stays on its VM. Enter opens one.</summary>
internal sealed class TroublesOverlay : IOverlay
{
    private readonly ListMenuState _state = new();
    private VmKey? _selected;
    private Rect _place;

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui)
    {
        var troubles = ui.Troubles.Vms;
        var items = new List<MenuItem>(troubles.Count + 2);
        for (var i = 0; i < troubles.Count; i++)
        {
            if (troubles[i].Vm == _selected)
            {
                _state.Selected = i;
            }

            items.Add(new MenuItem($"{troubles[i].Name}  {troubles[i].Words}", string.Create(CultureInfo.InvariantCulture, $"{troubles[i].LostPct:0.0} % lost")));
        }

        if (items.Count == 0)
        {
            items.Add(new MenuItem(ui.Troubles.IsEmptyHost ? "There is no VM." : ui.Troubles.Verdict, null, "Nothing to open"));
        }

        foreach (var gap in ui.Troubles.Gaps)
        {
            items.Add(new MenuItem(gap, null, "What is not known is not judged: F1 in a pane says why for each figure"));
        }

        if (ui.Freshness.IsOld)
        {
            items.Add(new MenuItem(ui.Freshness.Words, null, "All figures are as of then"));
        }

        _place = ListMenu.Render(buffer, screen, Title(ui), items.ToArray(), _state, ui.Unicode);
    }

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        if (OverlayKeys.IsClick(input))
        {
            if (!_place.Contains(input.X, input.Y))
            {
                ui.Close();
            }
            else if (_state.ClickAt(input.X, input.Y) >= 0)
            {
                Open(ui);
            }
        }
        else if (OverlayKeys.Closes(input) || input.Is('e'))
        {
            ui.Close();
        }
        else if (input.Key == Key.Enter)
        {
            Open(ui);
        }
        else if (_state.Handle(input))
        {
            _selected = _state.Selected < ui.Troubles.Vms.Count ? ui.Troubles.Vms[_state.Selected].Vm : null;
        }
    }

    private static string Title(Ui ui) => ui.Troubles.Vms.Count == 0 ? "VMs in trouble"
        : string.Create(CultureInfo.InvariantCulture, $"VMs in trouble: {ui.Troubles.Vms.Count} of {ui.Troubles.Judged}, the most time lost first");

    private void Open(Ui ui)
    {
        if (_state.Selected < ui.Troubles.Vms.Count)
        {
            ui.Close();
            ui.OpenTrace = null;
            ui.OpenVm = ui.Troubles.Vms[_state.Selected].Vm;
        }
    }
}
