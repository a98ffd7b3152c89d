using KvmTop.Actions;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

/// <summary>What VMs have: plans of balloons, limits of disks and pictures, and what becomes of those.</summary>
public sealed class VmResourceActionTests : VmActionStage
{
    [Fact]
    public void Balloon_is_followed_and_undone_to_the_size_before()
    {
        Add("db1", Pid);

        Assert.True(Execute(Plan("vm balloon db1 512M")).IsDone);
        Assert.Equal(512L << 20, Actual);
        Assert.True(Undo().IsDone);
        Assert.Equal(1L << 30, Actual);
    }

    [Fact]
    public void Balloon_guest_that_does_not_follow_is_told_and_its_target_taken_back()
    {
        Add("db1", Pid);
        Driver = false;

        var result = Execute(Plan("vm balloon db1 512M"));

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Contains("no balloon driver", result.Problem, StringComparison.Ordinal);
        Assert.Contains("qmp balloon {\"value\":1073741824}", Host.Log);
    }

    [Fact]
    public void Balloon_without_a_device_is_refused()
    {
        Add("db1", Pid);
        Host.Monitor = (command, _) => new QmpReply(QmpReplyStatus.Error, default, $"QMP: {command}: No balloon device has been activated", default, default);

        var obstacle = Assert.Single(Plan("vm balloon db1 512M").Obstacles);

        Assert.Equal(ObstacleKind.Refused, obstacle.Kind);
        Assert.Contains("it has no balloon device", obstacle.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2G", ObstacleKind.Refused)]
    [InlineData("64M", ObstacleKind.Refused)]
    [InlineData("0", ObstacleKind.Mistake)]
    [InlineData("much", ObstacleKind.Mistake)]
    public void Balloon_size_out_of_bounds_is_refused(string size, object kind)
    {
        Add("db1", Pid);

        Assert.Equal(kind, Assert.Single(Plan($"vm balloon db1 {size}").Obstacles).Kind);
    }

    [Fact]
    public void Throttle_puts_totals_in_place_of_parts_and_undo_brings_the_parts_back()
    {
        Add("db1", Pid);
        var limits = "\"bps\":0,\"bps_rd\":1000,\"bps_wr\":2000,\"iops\":7,\"iops_rd\":0,\"iops_wr\":0,\"bps_rd_max\":5000,\"bps_rd_max_length\":2";
        Host.Monitor = (command, arguments) =>
        {
            if (command == "block_set_io_throttle")
                limits = arguments!.Split(',', 2)[1].TrimEnd('}');
            return Json($$$"""[{"device":"drive0","inserted":{"file":"/a/disk.img",{{{limits}}}}},{"device":"cd0"}]""");
        };
        _ = Plan("vm throttle db1 drive0 --bps 1M");

        var plan = Plan("vm throttle db1 disk.img --bps 1M");

        Assert.Equal("QMP to db1: block_set_io_throttle drive0: bps_rd=1000 bps_rd_max=5000 bps_rd_max_length=2 bps_wr=2000 iops=7 -> bps=1048576 iops=7", Assert.Single(plan.Effects).Describe());
        Assert.True(Execute(plan).IsDone);
        Assert.Contains("\"bps_rd\":0", limits, StringComparison.Ordinal);
        Assert.True(Undo().IsDone);
        Assert.Contains("\"bps_rd\":1000", limits, StringComparison.Ordinal);
        Assert.Contains("\"bps_rd_max_length\":2", limits, StringComparison.Ordinal);
        Assert.DoesNotContain("1048576", limits, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm throttle db1 drive0", "expected --iops or --bps")]
    [InlineData("vm throttle db1 drive0 --iops many", "--iops: expected a number")]
    [InlineData("vm throttle db1 sda --iops 5", "has no disk sda, but drive0, cd0")]
    public void Throttle_mistakes_are_told(string words, string reason)
    {
        Add("db1", Pid);
        Host.Monitor = (_, _) => Json("""[{"device":"drive0","inserted":{"file":"a"}},{"device":"cd0"}]""");

        var obstacle = Assert.Single(Plan(words).Obstacles);

        Assert.Equal(ObstacleKind.Mistake, obstacle.Kind);
        Assert.Contains(reason, obstacle.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Throttle_of_libvirts_sets_what_goes_to_0()
    {
        Add("db1", Pid, libvirt: true);
        var limits = "read_bytes_sec=1000 total_iops_sec=7";
        Host.Domains = request =>
        {
            if (request.Operation == "set-throttle")
                limits = string.Join(' ', request.Arguments.Skip(1).Where(a => !a.EndsWith("=0", StringComparison.Ordinal)));
            return new LibvirtReply(true, limits, null);
        };

        Assert.True(Execute(Plan("vm throttle db1 vda --bps 1M --iops 0")).IsDone);

        Assert.Contains("libvirt set-throttle vda read_bytes_sec=0 total_iops_sec=0 total_bytes_sec=1048576", Host.Log);
    }

    [Theory]
    [InlineData("shot.jpg", ObstacleKind.Mistake)]
    [InlineData("/nonexistent/folder/shot.png", ObstacleKind.Refused)]
    [InlineData("a\nb.png", ObstacleKind.Mistake)]
    public void Screenshot_file_that_will_not_do_is_told(string file, object kind)
    {
        Add("db1", Pid);

        Assert.Equal(kind, Assert.Single(Plan("vm", "screenshot", "db1", file).Obstacles).Kind);
    }

    [Fact]
    public void Screenshot_link_is_not_followed()
    {
        Add("db1", Pid);
        var link = Host.Map("/link.png");
        _ = File.CreateSymbolicLink(link, "/nonexistent");

        Assert.Contains("is there already", Assert.Single(Plan("vm", "screenshot", "db1", link).Obstacles).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Screenshot_that_qemu_did_not_write_is_a_failure_and_leaves_nothing()
    {
        Add("db1", Pid);
        Host.Monitor = (_, _) => Json("""{"qemu":{"major":10,"minor":0}}""");

        var result = Execute(Plan("vm", "screenshot", "db1", Host.Map("/shot.png")));

        Assert.Contains("there is no file", result.Problem, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Host.Map("/"), "*.png").Concat(Directory.GetFileSystemEntries(Host.Map("/"), ".kvmtop*")));
    }

    [Fact]
    public void Screenshot_qemu_without_png_is_refused()
    {
        Add("db1", Pid);
        Host.Monitor = (_, _) => Json("""{"qemu":{"major":7,"minor":0}}""");

        Assert.Contains("writes no PNG", Assert.Single(Plan("vm", "screenshot", "db1", Host.Map("/shot.png")).Obstacles).Reason, StringComparison.Ordinal);
    }
}
