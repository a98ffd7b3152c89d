using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Tests.App;

/// <summary>The screen said "live" in green for half a minute in which nothing was read: no snapshot came that could have said so.</summary>
public sealed class StalledReadingTests
{
    [Theory]
    [InlineData(120, 40)]
    [InlineData(80, 24)]
    [InlineData(40, 10)]
    public void Reading_that_does_not_come_back_shows_its_age_in_red_and_who_holds_it_up(int width, int height)
    {
        using var stage = new AppStage(width, height);
        stage.Tick(4);
        Assert.Equal(Role.Good, stage.RoleOf("● live"));
        string[] hanging = [];
        var role = Role.Text;
        stage.Last.Answer = n =>
        {
            // The collector thread is in here; the screen draws by its own clock.
            stage.Collector.Sleep(TimeSpan.FromSeconds(20));
            hanging = stage.Draw();
            role = stage.RoleOf("● 21 s old");
            return Reading<KvmTop.Tests.Streams.Count>.Ok(new(n));
        };
        stage.Tick();

        Assert.Contains("● 21 s old", hanging[0], StringComparison.Ordinal);
        Assert.DoesNotContain("live", hanging[0], StringComparison.Ordinal);
        Assert.Equal(Role.Critical, role);
        Assert.Contains(hanging, l => l.Contains("no reading for 21 s", StringComparison.Ordinal));
        if (width >= 80)
        {
            Assert.Contains(hanging, l => l.Contains("no reading for 21 s: still reading last", StringComparison.Ordinal));
        }

        stage.Last.Answer = n => Reading<KvmTop.Tests.Streams.Count>.Ok(new(n));
        stage.Tick(2);
        Assert.Contains("● live", stage.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void First_reading_that_does_not_come_back_is_no_live_screen_either()
    {
        using var stage = new AppStage(120, 40);
        string[] hanging = [];
        stage.Last.Answer = n =>
        {
            stage.Collector.Sleep(TimeSpan.FromSeconds(25));
            hanging = stage.Draw();
            return Reading<KvmTop.Tests.Streams.Count>.Ok(new(n));
        };
        stage.Tick();
        Assert.Contains("25 s old", hanging[0], StringComparison.Ordinal);
        Assert.Contains("still reading last", hanging[4], StringComparison.Ordinal);
        Assert.Contains("Reading .. no reading for 25 s", string.Join('\n', hanging), StringComparison.Ordinal);
    }

    [Fact]
    public void Age_grows_on_the_screen_though_nothing_wakes_it()
    {
        using var stage = new AppStage(120, 40);
        stage.Tick(3);
        var waits = new List<double>();
        stage.Last.Answer = n =>
        {
            for (var i = 0; i < 5; i++)
            {
                var next = Freshness.UntilNext(stage.Hub.Progress, TimeSpan.FromSeconds(1));
                waits.Add(next.TotalSeconds);
                stage.Collector.Sleep(next);
            }

            return Reading<KvmTop.Tests.Streams.Count>.Ok(new(n));
        };
        stage.Tick();
        // Once at the end of what is bearable, then every second.
        Assert.Equal(2, waits[0], 0.1);
        Assert.All(waits.Skip(1), w => Assert.InRange(w, 0.001, 1.1));
    }

    [Fact]
    public void Frozen_is_another_word_than_stalled_and_says_how_old_the_picture_is()
    {
        using var stage = new AppStage(120, 40);
        stage.Tick(3).Type("f").Tick(7);
        Assert.Contains("❚❚ frozen 7 s", stage.Lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("live", stage.Lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain(" old", stage.Lines[0], StringComparison.Ordinal);
        string[] hanging = [];
        stage.Last.Answer = n =>
        {
            stage.Collector.Sleep(TimeSpan.FromSeconds(9));
            hanging = stage.Draw();
            return Reading<KvmTop.Tests.Streams.Count>.Ok(new(n));
        };
        stage.Tick();
        Assert.Contains("❚❚ frozen 7 s", hanging[0], StringComparison.Ordinal);
        Assert.Contains("● 10 s old", hanging[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Frozen_picture_that_goes_on_is_the_newest_at_once()
    {
        using var stage = new AppStage(120, 40);
        stage.Tick(3).Type("f").Tick(5).Type("f");
        Assert.Same(stage.Ui.Newest, stage.Ui.Snapshot);
    }

    [Fact]
    public void Sources_name_the_one_that_hangs_and_their_ages_go_on()
    {
        using var stage = new AppStage(120, 40);
        stage.Tick(3).Type("9").Tick();
        string[] hanging = [];
        stage.Last.Answer = n =>
        {
            stage.Collector.Sleep(TimeSpan.FromSeconds(20));
            hanging = stage.Draw();
            return Reading<KvmTop.Tests.Streams.Count>.Ok(new(n));
        };
        stage.Tick();
        Assert.Contains(hanging, l => l.Contains("last ", StringComparison.Ordinal) && l.Contains("hangs", StringComparison.Ordinal));
        Assert.DoesNotContain(hanging, l => l.Contains("all well", StringComparison.Ordinal));
    }
}
