using System.Globalization;
using KvmTop.RealTests.Harness;
using KvmTop.Vmm;

namespace KvmTop.RealTests.Libvirt;

/// <summary>Guests of a real libvirtd, acted on by the program; virsh says what became of them.</summary>
public sealed class LibvirtControlTests
{
    private const int Stop = 19;
    private const int Continue = 18;

    [Fact]
    public void Pause_resume_reset_and_kill_are_what_virsh_tells()
    {
        using var daemon = LibvirtDaemon.Start();
        daemon.Define("lv-ctl", GuestWork.Halt);
        var pid = daemon.Run("lv-ctl");
        ActionOutcome Act(params string[] words) => ActionOutcome.Of(["vm", .. words, "--libvirt-uri", daemon.Uri]);

        var paused = Act("pause", "lv-ctl");
        Assert.True(paused.ExitCode == 0, paused.ToString());
        Assert.Equal("paused", State(daemon));
        var undone = paused.Undo("--libvirt-uri", daemon.Uri);
        Assert.True(undone.ExitCode == 0, undone.ToString());
        Assert.Equal("running", State(daemon));

        daemon.Virsh("suspend", "lv-ctl");
        Assert.Equal(0, Act("resume", "lv-ctl").ExitCode);
        Assert.Equal("running", State(daemon));
        Assert.Equal(0, Act("reset", "lv-ctl").ExitCode);
        Assert.Equal("running", State(daemon));

        var stopped = Act("stop", "lv-ctl", "--timeout", "2s");
        Assert.Equal((1, "running"), (stopped.ExitCode, State(daemon)));

        var killed = Act("kill", "lv-ctl");
        Assert.True(killed.ExitCode == 0, killed.ToString());
        Assert.Equal("shut off", State(daemon));
        Assert.False(Native.IsAlive(pid));
    }

    [Fact]
    public void Throttle_is_what_blkdeviotune_tells_and_undo_brings_back_what_was_before()
    {
        using var daemon = LibvirtDaemon.Start();
        daemon.Define("lv-ctl", GuestWork.Halt);
        daemon.Run("lv-ctl");
        daemon.Virsh("blkdeviotune", "lv-ctl", "vda", "--read-bytes-sec", "1000000", "--live");

        var outcome = ActionOutcome.Of("vm", "throttle", "lv-ctl", "vda", "--bps", "10M", "--iops", "100", "--libvirt-uri", daemon.Uri);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Equal((10 << 20, 0, 100), (Tune(daemon, "total_bytes_sec"), Tune(daemon, "read_bytes_sec"), Tune(daemon, "total_iops_sec")));

        var undone = outcome.Undo("--libvirt-uri", daemon.Uri);
        Assert.True(undone.ExitCode == 0, undone.ToString());
        Assert.Equal((0, 1000000, 0), (Tune(daemon, "total_bytes_sec"), Tune(daemon, "read_bytes_sec"), Tune(daemon, "total_iops_sec")));
    }

    [Fact]
    public void Balloon_without_a_driver_in_the_guest_is_told_and_taken_back()
    {
        using var daemon = LibvirtDaemon.Start();
        daemon.Define("lv-ctl", GuestWork.Halt);
        daemon.Run("lv-ctl");

        var outcome = ActionOutcome.Of("vm", "balloon", "lv-ctl", "32M", "--libvirt-uri", daemon.Uri);

        Assert.Equal((1, "rolled_back"), (outcome.ExitCode, outcome.Plan.GetProperty("result").GetString()));
        Assert.Contains("no balloon driver", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("65536", daemon.Virsh("qemu-monitor-command", "lv-ctl", "--hmp", "info balloon").Replace("actual=64", "65536", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Daemon_that_hangs_is_a_reason_by_the_deadline_and_the_signal_ends_the_guest_all_the_same()
    {
        using var daemon = LibvirtDaemon.Start();
        daemon.Define("lv-ctl", GuestWork.Halt);
        var pid = daemon.Run("lv-ctl");
        daemon.Signal(Stop);
        try
        {
            var outcome = ActionOutcome.Of("vm", "pause", "lv-ctl", "--libvirt-uri", daemon.Uri);
            Assert.Equal(4, outcome.ExitCode);
            Assert.Contains("does not answer", outcome.Obstacle, StringComparison.Ordinal);

            var killed = ActionOutcome.Of("vm", "kill", pid.ToString(CultureInfo.InvariantCulture), "--signal", "--libvirt-uri", daemon.Uri);
            Assert.True(killed.ExitCode == 0, killed.ToString());
            Assert.False(Native.IsAlive(pid));
        }
        finally
        {
            daemon.Signal(Continue);
        }
    }

    [Fact]
    public void Connection_that_may_only_look_is_not_permitted_or_refused_and_changes_nothing()
    {
        using var daemon = LibvirtDaemon.Start();
        daemon.Define("lv-ctl", GuestWork.Halt);
        daemon.Run("lv-ctl");

        var outcome = ActionOutcome.Of("vm", "pause", "lv-ctl", "--libvirt-uri", daemon.ReadOnlyUri);

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Equal("running", State(daemon));
    }

    [Fact]
    public void Pins_are_what_virsh_tells_in_the_definition_too_when_asked()
    {
        Need.Cpus(2);
        using var daemon = LibvirtDaemon.Start();
        daemon.Define("lv-ctl", GuestWork.Halt);
        daemon.Run("lv-ctl");
        var uuid = daemon.Virsh("domuuid", "lv-ctl").Trim();
        using var control = new LibvirtControl(daemon.Uri);
        string? Ask(string operation, params string[] arguments)
        {
            var outcome = control.Call(uuid, operation, arguments, TimeSpan.FromSeconds(30));
            Assert.Null(outcome.Problem);
            return outcome.Value;
        }

        _ = Ask("pin-vcpu", "1", "1");
        _ = Ask("pin-vcpu", "0", "0", "persist");
        _ = Ask("pin-emulator", "1");

        Assert.Equal(("0", "1", "1"), (Ask("get-vcpu-pin", "0"), Ask("get-vcpu-pin", "1"), Ask("get-emulator-pin")));
        Assert.Equal(["0", "1"], Pins(daemon, "--live"));
        Assert.Equal("0", Pins(daemon, "--config")[0]);
        Assert.NotEqual("1", Pins(daemon, "--config")[1]);
        Assert.Equal("1", daemon.Virsh("emulatorpin", "lv-ctl", "--live").Trim()[^1..]);

        _ = Ask("destroy");
        Assert.Equal(("off", $"{uuid} lv-ctl\n"), (Ask("get-state"), Ask("list")));
        _ = Ask("start");
        Assert.Equal(("running", "running"), (Ask("get-state"), State(daemon)));
    }

    private static string[] Pins(LibvirtDaemon daemon, string which) =>
        [.. daemon.Virsh("vcpupin", "lv-ctl", which).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split((char[])[' ', ':'], StringSplitOptions.RemoveEmptyEntries)[^1])];

    private static string State(LibvirtDaemon daemon) => daemon.Virsh("domstate", "lv-ctl").Trim();

    private static int Tune(LibvirtDaemon daemon, string name) => int.Parse(
        daemon.Virsh("blkdeviotune", "lv-ctl", "vda", "--live").Split('\n').Single(l => l.StartsWith(name + " ", StringComparison.Ordinal) || l.StartsWith(name + ":", StringComparison.Ordinal)).Split(':')[1],
        CultureInfo.InvariantCulture);
}
