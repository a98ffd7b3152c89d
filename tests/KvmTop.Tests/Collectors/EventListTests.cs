using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

/// <summary>One that sends events at the limit hides nobody else's: a monitor that sent 900 a second emptied the list of a thousand, and a VM that started meanwhile was never to be seen.</summary>
public sealed class EventListTests
{
    [Fact]
    public void Flood_of_one_vm_leaves_what_others_said()
    {
        var list = EventList.Empty.Add(Of("vms", "web-1", "VM appeared")).Add(Of("journal", null, "left half-way")).Add(Of("qmp", "quiet", "STOP", "8:1"));
        for (var i = 0; i < 200; i++)
            list = list.AddAll([.. Enumerable.Range(0, 16).Select(n => Of("qmp", "noisy", $"E{i}-{n}", "7:1"))]);
        Assert.Contains(list.Items, e => e.Text == "VM appeared");
        Assert.Contains(list.Items, e => e.Text == "left half-way");
        Assert.Contains(list.Items, e => e.Text == "STOP");
        Assert.Equal(EventList.MostOfOne, list.Items.Count(e => e.Subject == "noisy"));
        Assert.Equal("E199-15", list.Kept[list.Count - 1].Event.Text);
        Assert.Equal((3203, 3202L), (list.Total, list.Kept[list.Count - 1].Number));
    }

    [Fact]
    public void Flood_of_hundreds_of_vms_leaves_other_sources_and_quiet_vms_theirs()
    {
        var list = EventList.Empty;
        for (var i = 0; i < 20; i++)
            list = list.Add(Of("kernel", "oom", $"line {i}"));
        list = list.Add(Of("qmp", "quiet", "STOP", "8:1"));
        for (var i = 0; i < 100; i++)
            list = list.AddAll([.. Enumerable.Range(0, 300).Select(vm => Of("qmp", "noisy", $"E{i}", $"{vm}:9"))]);
        Assert.Equal(EventList.Capacity, list.Count);
        Assert.Equal(20, list.Items.Count(e => e.Source == "kernel"));
        Assert.Contains(list.Items, e => e.Subject == "quiet");
    }

    [Fact]
    public void Name_of_another_vm_does_not_push_out_its_events()
    {
        var list = EventList.Empty.Add(Of("qmp", "victim", "BLOCK_IO_ERROR", "1:1"));
        for (var i = 0; i < 2000; i++)
            list = list.Add(Of("qmp", "victim", $"E{i}", "2:1"));
        Assert.Contains(list.Items, e => e.Text == "BLOCK_IO_ERROR");
    }

    [Fact]
    public void Births_and_deaths_of_one_user_do_not_push_out_those_of_another()
    {
        var list = EventList.Empty.Add(Of("vms", "db", "VM appeared", "user root"));
        for (var i = 0; i < 2000; i++)
            list = list.Add(Of("vms", $"fork-{i}", "VM appeared", "user nobody"));
        Assert.Contains(list.Items, e => e.Subject == "db");
    }

    [Fact]
    public void The_same_again_is_counted_and_another_between_begins_anew()
    {
        var list = EventList.Empty.Add(Of("qmp", "a", "STOP")).Add(Of("qmp", "a", "STOP")).Add(Of("qmp", "b", "STOP")).Add(Of("qmp", "a", "STOP")).Add(Of("qmp", "a", "RESUME")).Add(Of("qmp", "a", "STOP"));
        Assert.Equal(
            [("b", "STOP", 1, 2L), ("a", "STOP", 3, 3L), ("a", "RESUME", 1, 4L), ("a", "STOP", 1, 5L)],
            list.Kept.Select(k => (k.Event.Subject!, k.Event.Text, k.Times, k.Number)));
        Assert.Equal(6, list.Total);
    }

    private static HostEvent Of(string source, string? subject, string text, string? origin = null) =>
        new(DateTimeOffset.UnixEpoch, Severity.Info, source, subject, text) { Origin = origin };
}
