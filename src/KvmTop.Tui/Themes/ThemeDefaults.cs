namespace KvmTop.Tui;

/// <summary>
/// What a theme that leaves something out gets. Roles: dim and label are text, dimmed; strong is text in bold; title and key are strong; heading is strong and
/// headingSorted underlined besides; border, disabled and barEmpty are dim; keyLabel is text; good, warn and critical are the terminal's green, yellow and red, critical in bold;
/// accent is key, accent2 accent; the bars are good (guest), accent (user), critical (system), warn (ready), dim (I/O wait), accent2 (memory), label (caches) and strong (hugepages).
/// Gradients: cpu runs from good over warn to critical; the others are cpu. Surfaces: selected and tab are normal, reversed; marked is normal in bold; input is normal, underlined; the others are normal.
/// An empty theme is thus a usable one.
/// </summary>
public static class ThemeDefaults
{
    internal static Theme Complete(string name, Look?[] roles, Color[][] gradients, Look?[] surfaces)
    {
        var text = roles[(int)Role.Text] ?? new Look(Color.Default, Color.Default, TextAttributes.None);
        roles[(int)Role.Text] = text;
        Fill(Role.Dim, With(text, TextAttributes.Dim));
        Fill(Role.Strong, With(text, TextAttributes.Bold));
        Fill(Role.Title, Of(Role.Strong));
        Fill(Role.Border, Of(Role.Dim));
        Fill(Role.Label, Of(Role.Dim));
        Fill(Role.Heading, Of(Role.Strong));
        Fill(Role.HeadingSorted, With(Of(Role.Heading), TextAttributes.Underline));
        Fill(Role.Key, Of(Role.Strong));
        Fill(Role.KeyLabel, text);
        Fill(Role.Good, new(Color.Ansi(2), Color.Default, TextAttributes.None));
        Fill(Role.Warn, new(Color.Ansi(3), Color.Default, TextAttributes.None));
        Fill(Role.Critical, new(Color.Ansi(1), Color.Default, TextAttributes.Bold));
        Fill(Role.Disabled, Of(Role.Dim));
        Fill(Role.Accent, Of(Role.Key));
        Fill(Role.Accent2, Of(Role.Accent));
        Fill(Role.BarGuest, Of(Role.Good));
        Fill(Role.BarUser, Of(Role.Accent));
        Fill(Role.BarSystem, Of(Role.Critical));
        Fill(Role.BarIoWait, Of(Role.Dim));
        Fill(Role.BarReady, Of(Role.Warn));
        Fill(Role.BarMemory, Of(Role.Accent2));
        Fill(Role.BarCache, Of(Role.Label));
        Fill(Role.BarHuge, Of(Role.Strong));
        Fill(Role.BarEmpty, Of(Role.Dim));

        gradients[(int)Gradient.Cpu] ??= Spread([Of(Role.Good).Foreground, Of(Role.Warn).Foreground, Of(Role.Critical).Foreground]);
        for (var i = 0; i < gradients.Length; i++)
        {
            gradients[i] ??= gradients[(int)Gradient.Cpu];
        }

        var normal = surfaces[(int)Surface.Normal] ?? new Look(Color.Default, Color.Default, TextAttributes.None);
        for (var i = 0; i < surfaces.Length; i++)
        {
            surfaces[i] ??= (Surface)i switch
            {
                Surface.Selected or Surface.Tab => With(normal, TextAttributes.Reverse),
                Surface.Marked => With(normal, TextAttributes.Bold),
                Surface.Input => With(normal, TextAttributes.Underline),
                _ => normal,
            };
        }

        return new Theme(name, roles!, gradients, surfaces!);

        Look Of(Role role) => roles[(int)role]!;
        void Fill(Role role, Look look) => roles[(int)role] ??= look;
        static Look With(Look look, TextAttributes attributes) => look with { Attributes = look.Attributes | attributes };
    }

    /// <summary>
    /// Spreads 2 to 16 stops over the steps of a gradient, mixing neighbours. The terminal's own colours cannot be mixed: there the nearer stop stands.
    /// </summary>
    internal static Color[] Spread(IReadOnlyList<Color> stops)
    {
        var steps = new Color[Style.GradientSteps];
        for (var i = 0; i < steps.Length; i++)
        {
            var place = i * (stops.Count - 1) / (double)(steps.Length - 1);
            var low = Math.Min((int)place, stops.Count - 2);
            steps[i] = Mix(stops[low], stops[low + 1], place - low);
        }

        return steps;
    }

    private static Color Mix(Color a, Color b, double part)
    {
        if (a.IsDefault || b.IsDefault || a.IsAnsi || b.IsAnsi)
        {
            return part < 0.5 ? a : b;
        }

        return new Color((Channel(16) << 16) | (Channel(8) << 8) | Channel(0));

        int Channel(int shift)
        {
            var (x, y) = ((a.Value >> shift) & 0xff, (b.Value >> shift) & 0xff);
            return (int)Math.Round(x + ((y - x) * part));
        }
    }
}
