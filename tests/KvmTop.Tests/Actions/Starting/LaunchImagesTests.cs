using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Tests.Vmm.Launching;

namespace KvmTop.Tests.Actions.Starting;

/// <summary>"What a guest can write never decides what the host opens": a plan goes by what the definition says of images, and names every file.</summary>
public sealed class LaunchImagesTests : IDisposable
{
    private readonly FakeControl _host = new();

    public LaunchImagesTests() => _ = _host.With("/dev/kvm", "").With("/proc/meminfo", "MemTotal: 1048576 kB\nMemAvailable: 524288 kB\n").With("/sys/devices/system/cpu/online", "0-3\n").With("/base.img", "plain");

    public void Dispose() => _host.Dispose();

    [Fact]
    public void A_raw_disk_with_a_header_of_its_guests_is_raw_and_that_is_said()
    {
        Write("/d.img", Qcow2File.Make("/etc/shadow"));

        var plan = Plan("vm", "run", "--name", "a", "--memory", "64M", "--network", "none", "--disk", "/d.img,format=raw");

        Assert.Empty(plan.Obstacles);
        var node = Node(plan);
        Assert.StartsWith("""{"driver":"raw",""", node, StringComparison.Ordinal);
        Assert.DoesNotContain("shadow", node, StringComparison.Ordinal);
        Assert.Contains("QEMU opens /d.img (raw).", plan.Notes);
        Assert.Contains(plan.Notes, n => n.Contains("its guest may have written", StringComparison.Ordinal));
        Assert.DoesNotContain(PlanText.Of(plan), l => l.Text.Contains("say \"format\": \"qcow2\"", StringComparison.Ordinal));
    }

    [Fact]
    public void A_disk_whose_format_is_not_said_is_a_mistake_that_tells_what_may_be_said()
    {
        Write("/d.img", Qcow2File.Make("/etc/shadow"));

        var obstacle = Assert.Single(Plan("vm", "run", "--name", "a", "--disk", "/d.img").Obstacles);

        Assert.Equal(ObstacleKind.Mistake, obstacle.Kind);
        Assert.Contains("/d.img,format=raw or ,format=qcow2", obstacle.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/shadow", null, false, null, null, "/d.img lies over /etc/shadow by its header, and no backing image is said for it")]
    [InlineData(null, "/root/x", true, null, null, "/d.img keeps its data in /root/x by its header, and no data file is said for it")]
    [InlineData("/etc/shadow", null, false, "/base.img", null, "/d.img lies over /etc/shadow by its header, and /base.img is said to be its backing image")]
    [InlineData("json:{}", null, false, "/base.img", null, "/d.img lies over json:{} by its header, and /base.img is said to be its backing image")]
    [InlineData(null, null, false, "/base.img", null, "/d.img has no backing image by its header, and /base.img is said to be it")]
    [InlineData(null, null, false, null, "/base.img", "/d.img has no data file by its header, and /base.img is said to be it")]
    [InlineData("base.img", null, false, "/base.img", null, null)]
    [InlineData("/base.img", null, false, "/base.img", null, null)]
    [InlineData(null, "base.img", true, null, "/base.img", null)]
    public void A_header_must_name_what_the_definition_names(string? backing, string? data, bool hasData, string? saidBacking, string? saidData, string? expected)
    {
        Write("/d.img", Qcow2File.Make(backing, data, hasData));
        Define(saidBacking, saidData);

        var obstacles = Plan("vm", "start", "a").Obstacles;

        Assert.Equal(expected, obstacles.Count == 0 ? null : Assert.Single(obstacles).Reason);
    }

    [Fact]
    public void Every_file_is_named_and_qemu_is_told_to_open_no_other()
    {
        Write("/d.img", Qcow2File.Make("/base.img"));
        Define("/base.img", null);

        var plan = Plan("vm", "start", "a");

        Assert.Contains("QEMU opens /d.img (qcow2) over /base.img (raw).", plan.Notes);
        Assert.Contains("\"backing\":{\"driver\":\"raw\",\"read-only\":true", Node(plan), StringComparison.Ordinal);
        Write("/d.img", Qcow2File.Make());
        Define(null, null);
        Assert.EndsWith("\"backing\":null}", Node(Plan("vm", "start", "a")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_that_changes_between_plan_and_start_is_not_started()
    {
        Write("/d.img", Qcow2File.Make());
        Define(null, null);
        var effect = Assert.Single(Plan("vm", "start", "a").Effects);
        Write("/d.img", Qcow2File.Make(dataFile: "/etc/shadow", hasDataFile: true));

        var result = effect.Apply(_host, _ => { });

        Assert.False(result.Done);
        Assert.Contains("keeps its data in /etc/shadow", result.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(_host.Log, l => l.StartsWith("run ", StringComparison.Ordinal));
    }

    private static string Node(ActionPlan plan)
    {
        var command = Assert.IsType<StartVmEffect>(Assert.Single(plan.Effects)).Command;
        return command[command.ToList().IndexOf("-blockdev") + 1];
    }

    private void Write(string path, byte[] bytes) => File.WriteAllBytes(_host.Map(path), bytes);

    private void Define(string? backing, string? data) => _ = _host.With(
        "/etc/kvmtop/vms.d/a.json",
        $$"""
        {"name": "a", "memory": "64M", "vcpus": 1, "disks": [{"path": "/d.img", "format": "qcow2"
        {{(backing is null ? "" : $", \"backing\": {{\"path\": \"{backing}\", \"format\": \"raw\"}}")}}
        {{(data is null ? "" : $", \"data-file\": \"{data}\"")}}}]}
        """);

    private ActionPlan Plan(params string[] words) =>
        new ActionDesk(_host, new Journal(_host.Map("/j/audit.jsonl"), _host)).Plan(new ActionContext(Snapshot.Empty, _host), words);
}
