using System.Globalization;
using KvmTop.Configuration;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>The delay, and what is on or off.</summary>
internal sealed class GeneralSection(ISetupTarget target) : SetupSection("General", target)
{
    private static readonly double[] s_delays = [0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 15, 30, 60];
    private static readonly KeyHint[] s_keys = [new("Space", "Change"), new("<", "Less"), new(">", "More")];
    private static readonly Setting s_delay = Settings.Of("delay");

    private readonly TextInputState _typed = new(16);

    /// <summary>The settings that were switched here.</summary>
    public HashSet<Setting> Changed { get; } = [];

    /// <inheritdoc/>
    public override int Count => Target.Toggles.Count + 1;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Keys => s_keys;

    /// <inheritdoc/>
    public override string HelpOf(int item) => item == 0
        ? $"{s_delay.Help} Enter asks for {s_delay.Expected}."
        : Target.Toggles[item - 1].Help + (Target.AppliesNow(Target.Toggles[item - 1]) ? "" : " Save it: it holds from the next start.");

    /// <inheritdoc/>
    public override void RenderItem(Buffer buffer, Rect line, int item, Surface surface, bool unicode)
    {
        if (item == 0)
        {
            var label = line.CutLeft(4).Remaining;
            Table.WriteCell(buffer, label, s_delay.Id, new Style(Role.Strong, surface), Align.Left, unicode);
            Table.WriteCell(buffer, label.CutLeft(14).Remaining, $"< {s_delay.Format(Target.Options)} s >", new Style(Role.Accent, surface), Align.Left, unicode);
            return;
        }

        var setting = Target.Toggles[item - 1];
        var on = setting.Format(Target.Options) == "true";
        var text = RenderCheck(buffer, line, on, surface);
        Table.WriteCell(buffer, text, setting.Id, new Style(on ? Role.Strong : Role.Text, surface), Align.Left, unicode);
        Table.WriteCell(buffer, text.CutLeft(14).Remaining, setting.Help, new Style(Role.Dim, surface), Align.Left, unicode);
    }

    /// <inheritdoc/>
    public override string? Choose(int item, Ui ui)
    {
        if (item == 0)
        {
            AskForDelay(ui);
            return null;
        }

        var setting = Target.Toggles[item - 1];
        Apply(setting, setting.Format(Target.Options) == "true" ? "false" : "true");
        Changed.Add(setting);
        return Target.AppliesNow(setting) ? null : "This holds from the next start: save it with s.";
    }

    /// <inheritdoc/>
    public override void Shift(int item, int direction)
    {
        if (item > 0)
        {
            return;
        }

        var now = Target.Options.Delay.TotalSeconds;
        var next = direction > 0 ? s_delays.FirstOrDefault(d => d > now, now) : s_delays.LastOrDefault(d => d < now, now);
        Apply(s_delay, next.ToString("R", CultureInfo.InvariantCulture));
    }

    private void AskForDelay(Ui ui)
    {
        _typed.Text = s_delay.Format(Target.Options);
        ui.Open(new PromptOverlay(
            "Delay in seconds:",
            _typed,
            (_, _) => [],
            text => s_delay.TryApply(Target.Options, text, out _, out var problem) ? null : problem,
            changed: null,
            text => Apply(s_delay, text),
            () => { },
            s_delay.Expected));
    }

    private void Apply(Setting setting, string text)
    {
        if (setting.TryApply(Target.Options, text, out var changed, out _))
        {
            Target.Options = changed;
        }
    }
}
