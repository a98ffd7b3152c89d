using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>A little of everything that a theme colours.</summary>
internal static class ThemeSample
{
    /// <summary>Rows within its frame.</summary>
    public const int Height = 8;

    private static readonly (string Name, Role Role)[] s_bar =
    [
        ("guest", Role.BarGuest), ("user", Role.BarUser), ("sys", Role.BarSystem), ("wait", Role.BarIoWait), ("ready", Role.BarReady),
    ];

    /// <summary>Draws it into an area.</summary>
    public static void Render(Buffer buffer, Rect area, bool unicode)
    {
        var inner = Box.Render(buffer, area, "Sample", unicode);
        var (line, rest) = inner.CutTop(1);
        RenderBar(buffer, line.Inset(1, 0), unicode);

        (line, rest) = rest.CutTop(1);
        var x = line.X + 1;
        foreach (var (name, role) in s_bar)
        {
            x = buffer.Write(x, line.Y, name, role, line.Right - x) + 1;
        }

        (line, rest) = rest.CutTop(1);
        buffer.Fill(line, new Style(Role.Heading, Surface.Heading));
        buffer.Write(line.X + 1, line.Y, "NAME      STATE     ", new Style(Role.Heading, Surface.Heading), line.Width - 1);
        buffer.Write(line.X + 21, line.Y, "RDY%", new Style(Role.HeadingSorted, Surface.Heading), line.Width - 21);

        rest = Row(buffer, rest, "db1", "running", "12.4", Role.Critical, Surface.Selected);
        rest = Row(buffer, rest, "web3", "running", "6.1", Role.Warn, Surface.Normal);
        rest = Row(buffer, rest, "build", "paused", "0.2", Role.Good, Surface.Marked);
        (line, rest) = rest.CutTop(1);
        RenderGradients(buffer, line.Inset(1, 0), unicode);
        KeyBar.Render(buffer, rest, [new("F1", "Help"), new("F2", "Setup"), new("F10", "Quit")], unicode);
    }

    private static Rect Row(Buffer buffer, Rect area, string name, string state, string ready, Role role, Surface surface)
    {
        var (line, rest) = area.CutTop(1);
        buffer.Fill(line, new Style(Role.Text, surface));
        buffer.Write(line.X + 1, line.Y, name, new Style(Role.Strong, surface), line.Width - 1);
        buffer.Write(line.X + 11, line.Y, state, new Style(Role.Text, surface), line.Width - 11);
        buffer.WriteRight(line.X + 25, line.Y, ready, new Style(role, surface), 4);
        return rest;
    }

    private static void RenderBar(Buffer buffer, Rect line, bool unicode)
    {
        for (var x = 0; x < line.Width; x++)
        {
            var part = x * 8 / line.Width;
            buffer.Set(line.X + x, line.Y, unicode ? '■' : '|', part < s_bar.Length ? s_bar[part].Role : Role.BarEmpty);
        }
    }

    private static void RenderGradients(Buffer buffer, Rect line, bool unicode)
    {
        var gradients = Enum.GetValues<Gradient>();
        var each = line.Width / gradients.Length;
        for (var x = 0; x < each * gradients.Length; x++)
        {
            var fraction = x % each / (double)each;
            buffer.Set(line.X + x, line.Y, unicode ? "▁▂▃▄▅▆▇█"[(int)(fraction * 8)] : '#', Style.Of(gradients[x / each], fraction));
        }
    }
}
