using System.Text.RegularExpressions;
using KvmTop.Tui;

namespace KvmTop.Tests.App;

/// <summary>On a narrow screen filter, marks, scale and read-only mode were not to be seen, or cut without a sign: two VMs passed for all.</summary>
public sealed class TabLineTests
{
    public static TheoryData<int, int> Sizes
    {
        get
        {
            var sizes = new TheoryData<int, int> { { 40, 10 }, { 50, 12 }, { 60, 15 }, { 70, 20 }, { 80, 24 }, { 160, 50 } };
            for (var width = 81; width <= 120; width += 3)
            {
                sizes.Add(width, 30);
            }

            return sizes;
        }
    }

    [Fact]
    public void Every_combination_of_states_is_on_the_screen_at_any_size()
    {
        for (var states = 1; states < 16; states++)
        {
            using var stage = new AppStage(120, 40);
            stage.Tick(3);
            stage.Type(((states & 1) != 0 ? "\\mem>1G\n" : "") + ((states & 2) != 0 ? " " : "") + ((states & 4) != 0 ? "i" : "") + ((states & 8) != 0 ? "!" : ""));
            foreach (var size in Sizes)
            {
                var (width, height) = (size.Data.Item1, size.Data.Item2);
                stage.Terminal.ResizeTo(width, height);
                stage.App.Step(TimeSpan.Zero);
                stage.App.Step(TimeSpan.Zero);
                var line = Line(stage, height);
                var (shown, all) = stage.App.CurrentTable!.Rows;
                Assert.True((states & 1) == 0 || Regex.IsMatch(line, $@"\b(filter|flt) (.* )?\(?{shown}/{all}\b"), line);
                Assert.True((states & 2) == 0 || Regex.IsMatch(line, @"\b1 (marked|mk)\b"), line);
                Assert.True((states & 4) == 0 || line.Contains("100%=VM", StringComparison.Ordinal) || line.Contains("%VM", StringComparison.Ordinal), line);
                Assert.True((states & 8) == 0 || Regex.IsMatch(line, @"\b(read-only|r/o)(\s|$)"), line);
                Assert.True(width < 80 || (states & 1) == 0 || line.Contains("mem>1G", StringComparison.Ordinal), line);
                // The tab that is shown stays, too.
                Assert.StartsWith(" 1 ", line, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Whose_page_it_is_is_on_the_screen(int width, int height)
    {
        using var stage = new AppStage(width, height);
        stage.Tick(3).Type("i!");
        stage.Press(new InputEvent(Key.Enter));
        var name = stage.Ui.Snapshot.Get(KvmTop.Collectors.VmsTopic.Instance).Value!.Find(stage.Ui.OpenVm!.Value)!.Info.Name;
        Assert.Matches($@"VM ({Regex.Escape(name)}|{Regex.Escape(name[..5])}.*…)  ?(100%=VM|%VM)  ?(read-only|r/o)", Line(stage, height));
    }

    [Fact]
    public void Long_filter_is_cut_with_a_sign_and_its_count_is_not()
    {
        using var stage = new AppStage(80, 24);
        stage.Tick(3).Type("\\name~web or name~database or name~something-else-that-is-long or cpu>90\n");
        Assert.Matches(@"filter name~web .*… \(\d+/16\)", Line(stage, 24));
    }

    [Fact]
    public void Click_on_a_shortened_tab_goes_there()
    {
        using var stage = new AppStage(80, 24);
        stage.Tick(3).Type("\\rdy>1\n").Type("i!");
        var line = Line(stage, 24);
        stage.Press(new InputEvent(Key.Click, default, line.IndexOf(" 5 ", StringComparison.Ordinal) + 1, KvmTop.Screen.Header.HeightFor(24)));
        Assert.Equal("io", stage.App.Current.Id);
    }

    private static string Line(AppStage stage, int height) => stage.Lines[KvmTop.Screen.Header.HeightFor(height)];
}
