using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.Tui;

public sealed class WidgetTests
{
    [Fact]
    public void Gauge_segments_fill_their_shares()
    {
        var buffer = new Buffer(24, 1);
        Gauge.Render(buffer, buffer.Area, "CPU", [new(0.5, Role.BarGuest), new(0.25, Role.BarUser)], "75%", unicode: true);
        Assert.Equal("CPU ■■■■■■■■■■■■──── 75%", buffer.ToLines()[0]);
        Assert.Equal(Role.BarGuest, buffer[11, 0].Style.Role);
        Assert.Equal(Role.BarUser, buffer[12, 0].Style.Role);
    }

    [Fact]
    public void Gauge_ascii_tells_segments_apart_without_colour()
    {
        var buffer = new Buffer(22, 1);
        Gauge.Render(buffer, buffer.Area, "M", [new(0.5, Role.BarMemory), new(0.25, Role.BarCache)], "x", unicode: false);
        Assert.Equal("M [||||||||####    ] x", buffer.ToLines()[0]);
    }

    [Fact]
    public void Gauge_more_than_the_whole_is_cut_and_nan_is_nothing()
    {
        var buffer = new Buffer(8, 1);
        Gauge.Render(buffer, buffer.Area, "", [new(double.NaN, Role.Good), new(7, Role.Warn), new(1, Role.Critical)], "", unicode: true);
        Assert.Equal("■■■■■■■■", buffer.ToLines()[0]);
        Assert.All(Enumerable.Range(0, 8), x => Assert.Equal(Role.Warn, buffer[x, 0].Style.Role));
    }

    [Fact]
    public void Gauge_too_narrow_keeps_label_and_text()
    {
        var buffer = new Buffer(9, 1);
        Gauge.Render(buffer, buffer.Area, "CPU", [new(1, Role.Good)], "99%", unicode: true);
        Assert.Equal("CPU 99%", buffer.ToLines()[0]);
    }

    [Fact]
    public void Sparkline_blocks_newest_right_gap_and_zero()
    {
        var buffer = new Buffer(6, 1);
        Sparkline.Render(buffer, buffer.Area, [0, double.NaN, 50, 100], 100, Gradient.Cpu, unicode: true, SparklineKind.Blocks);
        Assert.Equal("  ▁ ▄█", buffer.ToLines()[0]);
    }

    [Fact]
    public void Sparkline_braille_packs_two_values_a_cell()
    {
        var buffer = new Buffer(2, 1);
        Sparkline.Render(buffer, buffer.Area, [25, 100, 50, 75], 100, Gradient.Cpu, unicode: true);
        Assert.Equal("⣸⣴", buffer.ToLines()[0]);
    }

    [Fact]
    public void Sparkline_ascii_uses_ascii_only()
    {
        var buffer = new Buffer(8, 1);
        Sparkline.Render(buffer, buffer.Area, [0, 20, 30, 50, 60, 75, 85, 100], 100, Gradient.Cpu, unicode: false);
        Assert.Equal("_.-:=+*#", buffer.ToLines()[0]);
    }

    [Fact]
    public void BrailleChart_filled_with_axis_and_gap()
    {
        var buffer = new Buffer(7, 2);
        BrailleChart.Render(buffer, buffer.Area, [100, 100, double.NaN, double.NaN, 50, 50], new ChartOptions { Max = 100, TopLabel = "9", BottomLabel = "0" }, unicode: true);
        Assert.Equal(["9┤  ⣿", "0┤  ⣿ ⣿"], buffer.ToLines());
    }

    [Fact]
    public void BrailleChart_line_connects_steep_parts()
    {
        var buffer = new Buffer(1, 2);
        BrailleChart.Render(buffer, buffer.Area, [1, 8], new ChartOptions { Max = 8, Filled = false }, unicode: true);
        Assert.Equal(["⢸", "⡸"], buffer.ToLines());
    }

    [Fact]
    public void BrailleChart_ascii_fills_columns()
    {
        var buffer = new Buffer(3, 2);
        BrailleChart.Render(buffer, buffer.Area, [100, 50, 20], new ChartOptions { Max = 100 }, unicode: false);
        Assert.Equal(["#", "##."], buffer.ToLines());
    }

    [Fact]
    public void Box_titles_and_rounded_corners()
    {
        var buffer = new Buffer(20, 3);
        Assert.Equal(new Rect(1, 1, 18, 1), Box.Render(buffer, buffer.Area, "CPU", unicode: true, "max 9"));
        Assert.Equal(["╭─ CPU ──── max 9 ─╮", "│                  │", "╰──────────────────╯"], buffer.ToLines());
    }

    [Fact]
    public void Box_long_title_is_cut()
    {
        var buffer = new Buffer(12, 2);
        Box.Render(buffer, buffer.Area, "a very long title", unicode: false);
        Assert.Equal(["+- a ver~ -+", "+----------+"], buffer.ToLines());
    }

    [Fact]
    public void TabBar_active_tab_stays_when_not_all_fit()
    {
        Tab[] tabs = [new("1", "VMs"), new("2", "vCPUs"), new("3", "Exits"), new("4", "Memory")];
        var buffer = new Buffer(20, 1);
        TabBar.Render(buffer, buffer.Area, tabs, 3, unicode: true);
        Assert.Equal("‹ 3 Exits  4 Memory", buffer.ToLines()[0]);
        Assert.Equal(3, TabBar.HitTest(buffer.Area, tabs, 3, 12, 0));
        TabBar.Render(buffer, buffer.Area, tabs, 0, unicode: true);
        Assert.Equal(" 1 VMs  2 vCPUs    ›", buffer.ToLines()[0]);
        Assert.Equal(1, TabBar.HitTest(buffer.Area, tabs, 0, 9, 0));
        Assert.Equal(Surface.Tab, buffer[2, 0].Style.Surface);
    }

    [Fact]
    public void KeyBar_leaves_out_what_does_not_fit()
    {
        KeyHint[] hints = [new("F1", "Help"), new("F10", "Quit")];
        var buffer = new Buffer(12, 1);
        KeyBar.Render(buffer, buffer.Area, hints, unicode: true);
        Assert.Equal(" F1 Help …", buffer.ToLines()[0]);
        Assert.Equal(0, KeyBar.HitTest(buffer.Area, hints, 3, 0));
        Assert.Equal(-1, KeyBar.HitTest(buffer.Area, hints, 10, 0));
    }

    [Fact]
    public void KeyBar_least_wanted_goes_first_and_clicks_follow()
    {
        KeyHint[] hints = [new("F1", "Help"), new("F2", "Setup", 1), new("N", "Nested"), new("P", "Pin"), new("F10", "Quit", KeyHint.Always)];
        var buffer = new Buffer(38, 1);
        string Drawn(int width)
        {
            buffer = new Buffer(width, 1);
            KeyBar.Render(buffer, buffer.Area, hints, unicode: true);
            return buffer.ToLines()[0];
        }

        Assert.Equal(" F1 Help  F2 Setup  N Nested  P Pin  F10 Quit", Drawn(46));
        Assert.Equal(" F1 Help  N Nested  P Pin  F10 Quit …", Drawn(45));
        Assert.Equal(" F1 Help  N Nested  F10 Quit …", Drawn(35));
        Assert.Equal(" F1 Help  N Nested  P Pin  F10 Quit…", Drawn(36));
        Assert.Equal(" F10 Quit …", Drawn(12));
        Assert.Equal((4, -1), (KeyBar.HitTest(buffer.Area, hints, 2, 0), KeyBar.HitTest(buffer.Area, hints, 10, 0)));
        Assert.Equal("…", Drawn(5));
        Assert.Equal("", Drawn(0).Trim());
    }

    [Fact]
    public void TooSmall_says_what_is_needed()
    {
        var buffer = new Buffer(20, 3);
        Assert.True(TooSmall.Render(buffer, 80, 24));
        Assert.Equal([" terminal too small", "  20x3, need 80x24", ""], buffer.ToLines());
        Assert.False(TooSmall.Render(new Buffer(80, 24), 80, 24));
    }

    [Fact]
    public void ListMenu_disabled_entry_shows_its_reason_when_selected()
    {
        MenuItem[] items = [new("Pin", "P"), new("Balloon", "B", "no balloon device")];
        var buffer = new Buffer(30, 6);
        var state = new ListMenuState();
        ListMenu.Render(buffer, buffer.Area, "Actions", items, state, unicode: true);
        Assert.DoesNotContain("no balloon", string.Join('\n', buffer.ToLines()), StringComparison.Ordinal);
        state.Handle(new(Key.Down));
        ListMenu.Render(buffer, buffer.Area, "Actions", items, state, unicode: true);
        Assert.Contains("│ no balloon device", string.Join('\n', buffer.ToLines()), StringComparison.Ordinal);
    }

    [Fact]
    public void ListMenu_longer_than_the_screen_scrolls_to_the_cursor_and_clicks()
    {
        var items = Enumerable.Range(0, 50).Select(i => new MenuItem($"item {i}")).ToArray();
        var buffer = new Buffer(30, 8);
        var state = new ListMenuState();
        ListMenu.Render(buffer, buffer.Area, "t", items, state, unicode: true);
        state.Handle(new(Key.End));
        var place = ListMenu.Render(buffer, buffer.Area, "t", items, state, unicode: true);
        Assert.Contains("item 49", buffer.ToLines()[^2], StringComparison.Ordinal);
        Assert.Equal(44, state.ClickAt(place.X + 2, place.Y + 1));
    }

    [Fact]
    public void ScrollText_wraps_at_words_with_hanging_indent()
    {
        var buffer = new Buffer(12, 4);
        ScrollText.Render(buffer, buffer.Area, new TextDocument().Add("RDY waits for a CPU", Role.Text, 4), new ScrollTextState(), unicode: true);
        Assert.Equal(["RDY waits", "    for a", "    CPU", ""], buffer.ToLines());
    }

    [Fact]
    public void ScrollText_breaks_a_word_longer_than_the_line()
    {
        var buffer = new Buffer(4, 3);
        ScrollText.Render(buffer, buffer.Area, new TextDocument().Add("abcdefghij"), new ScrollTextState(), unicode: true);
        Assert.Equal(["abcd", "efgh", "ij"], buffer.ToLines());
    }

    [Fact]
    public void ScrollText_find_scrolls_and_highlights()
    {
        var document = new TextDocument();
        for (var i = 0; i < 30; i++)
        {
            document.Add($"line {i}");
        }

        var state = new ScrollTextState();
        var buffer = new Buffer(20, 4);
        ScrollText.Render(buffer, buffer.Area, document, state, unicode: true);
        Assert.True(state.Find("LINE 17"));
        ScrollText.Render(buffer, buffer.Area, document, state, unicode: true);
        Assert.StartsWith("line 17", buffer.ToLines()[0], StringComparison.Ordinal);
        Assert.Equal(Surface.Selected, buffer[0, 0].Style.Surface);
        Assert.Equal(Surface.Normal, buffer[8, 0].Style.Surface);
        Assert.False(state.Find("nowhere"));
    }

    [Fact]
    public void MessageBox_buttons_can_be_hit()
    {
        var buffer = new Buffer(80, 12);
        string[] buttons = ["Yes", "No"];
        var layout = MessageBox.Render(buffer, buffer.Area, "Sure?", new TextDocument().Add("Shut down db1."), new ScrollTextState(), buttons, 1, withInput: true, unicode: true);
        Assert.False(layout.Input.IsEmpty);
        var row = buffer.ToLines()[layout.Buttons.Y];
        Assert.Contains("  Yes   [ No ]", row, StringComparison.Ordinal);
        Assert.Equal(0, MessageBox.HitTest(layout, buttons, row.IndexOf("Yes", StringComparison.Ordinal), layout.Buttons.Y));
        Assert.Equal(1, MessageBox.HitTest(layout, buttons, row.IndexOf("No", StringComparison.Ordinal), layout.Buttons.Y));
        Assert.Equal(-1, MessageBox.HitTest(layout, buttons, layout.Buttons.Right - 1, layout.Buttons.Y));
    }

    [Fact]
    public void Every_widget_at_any_size_and_place_neither_throws_nor_leaves_its_area()
    {
        var random = new Random(42);
        for (var i = 0; i < 3000; i++)
        {
            var buffer = new Buffer(random.Next(0, 40), random.Next(0, 14));
            var area = i % 3 == 0
                ? new Rect(0, 0, random.Next(0, 3), random.Next(0, 3)).Intersect(buffer.Area)
                : new Rect(random.Next(0, 20), random.Next(0, 8), random.Next(0, 40), random.Next(0, 14)).Intersect(buffer.Area);
            buffer.Fill(buffer.Area, default, '\u00b7');
            DrawOne(buffer, area, i, random.Next(2) == 0, random);
            for (var y = 0; y < buffer.Height; y++)
            {
                for (var x = 0; x < buffer.Width; x++)
                {
                    Assert.True(area.Contains(x, y) || buffer[x, y].Rune == '\u00b7', $"widget {i % 12} drew outside {area} at {x},{y}");
                }
            }
        }
    }

    private static void DrawOne(Buffer buffer, Rect area, int which, bool unicode, Random random)
    {
        var values = Enumerable.Range(0, random.Next(0, 60)).Select(n => n % 7 == 0 ? double.NaN : random.NextDouble() * 200 - 50).ToArray();
        var hostile = new string('\u6f22', random.Next(0, 9)) + "\u001b[31m\u202ee\u0301" + '\ud800';
        var document = new TextDocument().Add(hostile + " some words to wrap").Add("").Add(99, new TextSpan("a", Role.Good), new TextSpan(hostile, Role.Warn));
        switch (which % 12)
        {
            case 0:
                Gauge.Render(buffer, area, hostile, [new(random.NextDouble(), Role.Good), new(random.NextDouble(), Role.Warn)], "text", unicode);
                break;
            case 1:
                Gauge.Render(buffer, area, "CPU", random.NextDouble() * 3 - 1, Gradient.Cpu, hostile, unicode);
                break;
            case 2:
                Sparkline.Render(buffer, area, values, random.Next(-1, 200), Gradient.Io, unicode, (SparklineKind)random.Next(2));
                break;
            case 3:
                BrailleChart.Render(buffer, area, values, new ChartOptions { Max = random.Next(-1, 200), Filled = random.Next(2) == 0, TopLabel = random.Next(2) == 0 ? "100%" : null, BottomLabel = "0" }, unicode);
                break;
            case 4:
                Box.Render(buffer, area, hostile, unicode, "right");
                break;
            case 5:
                TabBar.Render(buffer, area, [new("1", hostile), new("2", "b"), new("3", "c")], random.Next(-1, 4), unicode);
                break;
            case 6:
                KeyBar.Render(buffer, area, [new("F1", hostile), new("F2", "b")], unicode);
                break;
            case 7:
                TextInput.Render(buffer, area, ": ", new TextInputState { Text = hostile + hostile, Completions = [hostile, "b"] }, unicode);
                break;
            case 8:
                ListMenu.Render(buffer, area, hostile, [new(hostile, "k"), new("b", null, hostile)], new ListMenuState { Selected = random.Next(-5, 5) }, unicode);
                break;
            case 9:
                var state = new ScrollTextState { Offset = random.Next(-5, 50) };
                state.Find("e");
                ScrollText.Render(buffer, area, document, state, unicode);
                break;
            case 10:
                MessageBox.Render(buffer, area, hostile, document, new ScrollTextState(), ["Yes", hostile], 1, random.Next(2) == 0, unicode);
                break;
            default:
                TableTests.DrawRandom(buffer, area, random, unicode);
                break;
        }
    }
}
