using System.Globalization;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Vms;

/// <summary>Real guests, acted on by the program; what came of it is asked at another monitor of theirs.</summary>
public sealed class VmControlTests
{
    private const int Stop = 19;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private static readonly string[] s_balloon = ["-device", "virtio-balloon-pci"];

    [Fact]
    public void Pause_and_resume_are_what_the_guests_monitor_tells_and_undo_is_the_other_one()
    {
        using var guest = Guest.Start();

        var paused = ActionOutcome.Of("vm", "pause", guest.Name);
        Assert.True(paused.ExitCode == 0, paused.ToString());
        Assert.Equal(("running", "paused"), (paused.Of(0, "before"), paused.Of(0, "after")));
        Assert.Equal("paused", Status(guest));
        Assert.Equal("nothing to do", ActionOutcome.Of("vm", "pause", guest.Name) is { ExitCode: 0 } again && again.Plan.GetProperty("effects").GetArrayLength() == 0 ? "nothing to do" : "something");

        Assert.Equal(0, paused.Undo().ExitCode);
        Assert.Equal("running", Status(guest));
        Assert.Equal(4, paused.Undo().ExitCode);

        guest.Qmp("stop");
        Assert.Equal(0, ActionOutcome.Of("vm", "resume", guest.Pid.ToString(CultureInfo.InvariantCulture)).ExitCode);
        Assert.Equal("running", Status(guest));
    }

    [Fact]
    public void Screen_that_holds_the_monitor_lends_it_to_the_shell()
    {
        using var guest = Guest.Start();
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 40);
        session.WaitFor(guest.Name);
        session.SendKeys("5");
        session.WaitFor(s => s.Contains("5 I/O", StringComparison.Ordinal), "the pane of disks, which asks the monitor");
        Assert.True(Wait.Until(() => IsConnected(guest.OtherQmpSocket), s_deadline), "the screen did not connect");

        var paused = ActionOutcome.Of("vm", "pause", guest.Name);

        Assert.True(paused.ExitCode == 0, paused.ToString());
        Assert.Equal("paused", Status(guest));
    }

    [Fact]
    public void Reset_restarts_the_guest()
    {
        using var guest = Guest.Start();

        var reset = ActionOutcome.Of("vm", "reset", guest.Name);

        Assert.True(reset.ExitCode == 0, reset.ToString());
        Assert.Equal("running", Status(guest));
    }

    [Fact]
    public void Name_of_two_guests_is_a_usage_error_and_touches_neither()
    {
        using var one = Guest.Start(new GuestOptions { Name = "kvmtop-twin" });
        using var other = Guest.Start(new GuestOptions { Name = "kvmtop-twin" });

        var outcome = ActionOutcome.Of("vm", "kill", "kvmtop-twin");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains($"kvmtop-twin ({one.Pid})", outcome.Obstacle, StringComparison.Ordinal);
        Assert.Contains($"kvmtop-twin ({other.Pid})", outcome.Obstacle, StringComparison.Ordinal);
        Assert.Equal(("running", "running"), (Status(one), Status(other)));
    }

    [Fact]
    public void Balloon_without_a_driver_in_the_guest_is_told_and_taken_back()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt, ExtraArguments = s_balloon });

        var outcome = ActionOutcome.Of("vm", "balloon", guest.Name, "32M");

        Assert.Equal((1, "rolled_back"), (outcome.ExitCode, outcome.Plan.GetProperty("result").GetString()));
        Assert.Contains("no balloon driver", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(64L << 20, guest.Qmp("query-balloon").GetProperty("actual").GetInt64());
    }

    [Fact]
    public void Balloon_without_a_device_or_beyond_the_memory_is_refused()
    {
        using var without = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        using var with = Guest.Start(new GuestOptions { Work = GuestWork.Halt, ExtraArguments = s_balloon });

        var missing = ActionOutcome.Of("vm", "balloon", without.Name, "32M");
        var beyond = ActionOutcome.Of("vm", "balloon", with.Name, "65M");

        Assert.Equal((4, 4), (missing.ExitCode, beyond.ExitCode));
        Assert.Contains("no balloon device", missing.Obstacle, StringComparison.Ordinal);
        Assert.Contains("16M to 64M, not 65M", beyond.Obstacle, StringComparison.Ordinal);
    }

    [Fact]
    public void Throttle_sets_limits_that_query_block_tells_and_undo_takes_them_away()
    {
        var image = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(image, new byte[1 << 20]);
            using var guest = Guest.Start(new GuestOptions
            {
                Work = GuestWork.Halt,
                ExtraArguments = ["-drive", $"file={image},format=raw,if=none,id=drive0", "-device", "virtio-blk-pci,drive=drive0,id=vd0"],
            });

            var outcome = ActionOutcome.Of("vm", "throttle", guest.Name, "vd0", "--iops", "100", "--bps", "10M");

            Assert.True(outcome.ExitCode == 0, outcome.ToString());
            Assert.Equal((100, 10 << 20), Limits(guest));
            Assert.Equal(0, outcome.Undo().ExitCode);
            Assert.Equal((0, 0), Limits(guest));
        }
        finally
        {
            File.Delete(image);
        }
    }

    [Fact]
    public void Throttle_of_a_disk_that_is_a_block_node_goes_by_its_device()
    {
        var image = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(image, new byte[1 << 20]);
            using var guest = Guest.Start(new GuestOptions
            {
                Work = GuestWork.Halt,
                ExtraArguments = ["-blockdev", $"driver=raw,node-name=n0,file.driver=file,file.filename={image}", "-device", "virtio-blk-pci,drive=n0,id=vd0"],
            });

            var outcome = ActionOutcome.Of("vm", "throttle", guest.Name, "vd0", "--iops", "50");

            Assert.True(outcome.ExitCode == 0, outcome.ToString());
            Assert.Equal((50, 0), Limits(guest));
        }
        finally
        {
            File.Delete(image);
        }
    }

    [Fact]
    public void Screenshot_is_a_png_and_never_written_over_anything()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt, ExtraArguments = ["-device", "VGA"] });
        var folder = Directory.CreateTempSubdirectory("kvmtop-shot-").FullName;
        try
        {
            var file = Path.Combine(folder, "screen.png");
            var outcome = ActionOutcome.Of("vm", "screenshot", guest.Name, file);
            if (outcome.Obstacle.Contains("writes no PNG", StringComparison.Ordinal)) Assert.Skip(outcome.Obstacle);

            Assert.True(outcome.ExitCode == 0, outcome.ToString());
            var picture = File.ReadAllBytes(file);
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
            Assert.Equal([file], Directory.GetFileSystemEntries(folder));

            Assert.Equal(4, ActionOutcome.Of("vm", "screenshot", guest.Name, file).ExitCode);
            Assert.Equal(picture, File.ReadAllBytes(file));
            var link = Path.Combine(folder, "link.png");
            File.CreateSymbolicLink(link, Path.Combine(folder, "elsewhere"));
            Assert.Equal(4, ActionOutcome.Of("vm", "screenshot", guest.Name, link).ExitCode);
            Assert.False(File.Exists(Path.Combine(folder, "elsewhere")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Stop_of_a_guest_that_does_not_listen_waits_then_names_what_ends_it_and_kill_does()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });

        var stopped = ActionOutcome.Of("vm", "stop", guest.Name, "--timeout", "2s");
        Assert.Equal(1, stopped.ExitCode);
        Assert.Contains($"kvmtop vm kill {guest.Pid}", stopped.Error, StringComparison.Ordinal);
        Assert.True(Native.IsAlive(guest.Pid));

        var killed = ActionOutcome.Of("vm", "kill", guest.Name);
        Assert.True(killed.ExitCode == 0, killed.ToString());
        Assert.False(Native.IsAlive(guest.Pid));
    }

    [Fact]
    public void Kill_of_a_process_that_was_stopped_ends_it()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        Assert.Equal(0, Native.Kill(guest.Pid, Stop));

        var outcome = ActionOutcome.Of("vm", "kill", guest.Pid.ToString(CultureInfo.InvariantCulture));

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.StartsWith("by SIGKILL", outcome.Of(0, "problem"), StringComparison.Ordinal);
        Assert.False(Native.IsAlive(guest.Pid));
    }

    [Fact]
    public void Monitor_that_does_not_answer_is_refused_by_a_deadline_and_its_stopped_process_goes_on()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        Assert.Equal(0, Native.Kill(guest.Pid, Stop));

        // Resetting asks nothing beforehand: it is the command itself that hears no answer.
        var reset = KvmTopProgram.Run("vm", "reset", guest.Pid.ToString(CultureInfo.InvariantCulture), "--yes");
        Assert.Equal(1, reset.ExitCode);
        Assert.Contains("QMP: no greeting", reset.Stderr, StringComparison.Ordinal);

        var resumed = ActionOutcome.Of("vm", "resume", guest.Pid.ToString(CultureInfo.InvariantCulture));
        Assert.True(resumed.ExitCode == 0, resumed.ToString());
        Assert.Equal(("stopped", "running"), (resumed.Of(0, "before"), resumed.Of(0, "after")));
        Assert.Equal("running", Status(guest));
    }

    [Fact]
    public void Pause_by_signal_stops_the_process_and_undo_lets_it_go_on()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });

        var outcome = ActionOutcome.Of("vm", "pause", guest.Pid.ToString(CultureInfo.InvariantCulture), "--signal");

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Equal('T', State(guest.Pid));
        Assert.Equal(0, outcome.Undo().ExitCode);
        Assert.NotEqual('T', State(guest.Pid));
    }

    [Fact]
    public void Undo_after_the_guest_has_gone_is_refused()
    {
        var guest = Guest.Start();
        ActionOutcome paused;
        using (guest)
            paused = ActionOutcome.Of("vm", "pause", guest.Name);

        var outcome = paused.Undo();

        Assert.Equal(4, outcome.ExitCode);
        Assert.Contains("is gone", outcome.Obstacle, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_show_the_plan_and_carry_it_out()
    {
        using var guest = Guest.Start(new GuestOptions { Name = $"kvmtop-keys-{Environment.ProcessId}", Work = GuestWork.Halt });
        using var place = new Workplace();
        using var screen = place.Start(120, 40, "--filter", $"name~{guest.Name}");
        screen.WaitFor(s => s.Contains($"{guest.Pid}", StringComparison.Ordinal) || s.Split('\n').Count(l => l.Contains("kvmtop-keys", StringComparison.Ordinal)) > 1, "the guest");

        screen.SendKeys("Z");
        screen.WaitFor("Pause " + guest.Name);
        screen.SendKeys("Enter");
        screen.WaitFor($"QMP to {guest.Name}: stop");
        screen.SendKeys("Left", "Enter");
        screen.WaitFor("Done: Pause");
        Assert.Equal("paused", Status(guest));
        screen.SendKeys("Enter");

        // Enter alone destroys nothing: it is on Cancel until the name has been typed.
        OpenKill(screen, guest);
        screen.SendKeys("Enter");
        screen.WaitFor(s => !s.Contains("to go ahead", StringComparison.Ordinal), "the plan's end");
        Assert.True(Native.IsAlive(guest.Pid));
        OpenKill(screen, guest);
        screen.SendText(guest.Name);
        screen.SendKeys("Enter");
        Assert.True(Wait.Until(() => !Native.IsAlive(guest.Pid), s_deadline), screen.Capture());
    }

    private static void OpenKill(TmuxSession screen, Guest guest)
    {
        screen.SendKeys("K");
        screen.WaitFor("Kill " + guest.Name);
        screen.SendKeys("Down", "Enter");
        screen.WaitFor($"type {guest.Name} to go ahead");
    }

    private static string Status(Guest guest) => guest.Qmp("query-status").GetProperty("status").GetString()!;

    private static char State(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }

    /// <summary>A socket that somebody has connected to stands twice in the kernel's list: listening, and accepted.</summary>
    private static bool IsConnected(string socket) => File.ReadLines("/proc/net/unix").Count(l => l.EndsWith(socket, StringComparison.Ordinal)) > 1;

    private static (int Iops, int Bps) Limits(Guest guest)
    {
        var inserted = guest.Qmp("query-block").EnumerateArray().Single(d => d.TryGetProperty("inserted", out _)).GetProperty("inserted");
        return (inserted.GetProperty("iops").GetInt32(), inserted.GetProperty("bps").GetInt32());
    }
}
