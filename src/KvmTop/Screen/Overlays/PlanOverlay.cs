using KvmTop.Actions;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>A plan to be read and confirmed, then its progress, then what came of it.</summary>
internal sealed class PlanOverlay : IOverlay
{
    private const int Wide = 110;

    private static readonly string[] s_close = ["Close"];
    private static readonly TimeSpan?[] s_keepFor = [null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1)];

    private readonly ActionPlan _plan;
    private readonly ActionBoard _board;
    private readonly ScrollTextState _scroll = new();
    private readonly TextInputState _typed = new(256);
    private readonly List<string> _progress = [];
    private ActionResult? _result;
    private TextDocument? _text;
    private MessageBoxLayout _layout;
    private string[] _buttons = s_close;
    private int _selected;
    private int _keep;
    private bool _running;
    private string? _hint;

    /// <param name="plan">What is shown.</param>
    /// <param name="board">Who carries it out.</param>
    public PlanOverlay(ActionPlan plan, ActionBoard board)
    {
        (_plan, _board) = (plan, board);

        // Enter alone goes ahead only with what nobody will notice.
        _selected = plan.CanRun && plan.Danger == Danger.Low ? 0 : 1;
    }

    private bool MustType => _plan is { CanRun: true, Danger: Danger.Destroys, Confirm: not null } && !_running && _result is null;

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui)
    {
        var before = _result is null && !_running;
        _buttons = before && _plan.CanRun && !ui.ReadOnly
            ? _plan.CanUndo ? ["Do it", "Cancel", $"Keep: {KeepWord}"] : ["Do it", "Cancel"]
            : _running ? ["Leave it running"] : s_close;
        _selected = Math.Clamp(_selected, 0, _buttons.Length - 1);
        _text ??= Text(ui);
        var title = _result is not null ? "Result" : _running ? "Under way" : $"Plan: kvmtop {RunCommandEffect.Quote(_plan.Words)}";
        _layout = MessageBox.Render(buffer, screen, title, _text, _scroll, _buttons, _selected, MustType, ui.Unicode, Wide);
        if (MustType && !_layout.Input.IsEmpty)
        {
            TextInput.Render(buffer, _layout.Input, $" {_hint ?? $"type {_plan.Confirm} to go ahead"}: ", _typed, ui.Unicode);
        }
    }

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        if (OverlayKeys.IsClick(input))
        {
            var hit = MessageBox.HitTest(_layout, _buttons, input.X, input.Y);
            if (hit >= 0)
            {
                Press(hit, ui);
            }
        }
        else if (input.Key is Key.Escape or Key.F10 || input.IsCtrl('C') || (!MustType && input.Is('q')))
        {
            ui.Close();
        }
        else if (input.Key == Key.Enter)
        {
            Press(_selected, ui);
        }
        else if (input.Key is Key.Tab or Key.BackTab or Key.Left or Key.Right)
        {
            var step = input.Key is Key.Tab or Key.Right ? 1 : _buttons.Length - 1;
            _selected = (_selected + step) % _buttons.Length;
        }
        else if (MustType && _typed.Handle(input))
        {
            (_hint, _selected) = (null, _typed.Text == _plan.Confirm ? 0 : 1);
        }
        else
        {
            _scroll.Handle(input);
        }
    }

    private string KeepWord => s_keepFor[_keep] switch { null => "for good", { TotalMinutes: < 60 } time => FormattableString.Invariant($"{time.TotalMinutes:0} min"), _ => "1 h" };

    private void Press(int button, Ui ui)
    {
        if (_buttons.Length == 1 || button == 1)
        {
            ui.Close();
        }
        else if (button == 2)
        {
            _keep = (_keep + 1) % s_keepFor.Length;
            _selected = 2;
        }
        else if (MustType && _typed.Text != _plan.Confirm)
        {
            _hint = $"that is not it; type {_plan.Confirm}";
        }
        else
        {
            Go(ui);
        }
    }

    private void Go(Ui ui)
    {
        (_running, _text) = (true, null);
        _board.Execute(
            _plan,
            s_keepFor[_keep],
            progress =>
            {
                _progress.Add(Vmm.HostileText.Clean(progress, 300));
                _text = null;
            },
            result =>
            {
                (_running, _result, _text, _selected) = (false, result, null, 0);
                if (!ui.Overlays.Contains(this))
                {
                    ui.Message = PlanText.Of(_plan, result)[0].Text;
                }
            });
    }

    private TextDocument Text(Ui ui)
    {
        var text = new TextDocument();
        foreach (var line in _result is { } result ? PlanText.Of(_plan, result) : PlanText.Of(_plan))
        {
            text.Add(line.Text, Style(line.Kind), line.Kind == PlanLineKind.Effect ? 3 : 0);
        }

        if (_result is null && !_running && ui.ReadOnly)
        {
            text.Add("Read-only mode: nothing will be changed. ! arms actions.", Role.Warn);
        }

        if (_running)
        {
            text.Add("");
            foreach (var line in _progress.TakeLast(8))
            {
                text.Add(line, Role.Dim);
            }
        }

        return text;
    }

    private static Role Style(PlanLineKind kind) => kind switch
    {
        PlanLineKind.Title => Role.Title,
        PlanLineKind.Obstacle => Role.Critical,
        PlanLineKind.Disturbs => Role.Warn,
        PlanLineKind.Note => Role.Dim,
        PlanLineKind.Good => Role.Good,
        _ => Role.Text,
    };
}
