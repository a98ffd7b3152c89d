using System.Diagnostics;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Shell;

/// <summary><c>kvmtop check</c> on this machine: what it says is true, and its guests run.</summary>
public sealed class CheckTests
{
    [Fact]
    public void Json_is_one_object_whose_counts_and_exit_code_agree()
    {
        var (result, root) = Run("-o", "json");
        var levels = root.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("level").GetString()).ToList();
        var (failures, warnings) = (levels.Count(l => l == "failure"), levels.Count(l => l == "warning"));
        Assert.Equal((failures, warnings), (root.GetProperty("failures").GetInt32(), root.GetProperty("warnings").GetInt32()));
        Assert.Equal(failures > 0 ? 2 : warnings > 0 ? 1 : 0, result.ExitCode);
        Assert.DoesNotContain("this check failed", result.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public void Evidence_of_small_files_is_what_the_files_say()
    {
        var (_, root) = Run("-o", "json");
        var compared = 0;
        foreach (var finding in root.GetProperty("findings").EnumerateArray())
        {
            var evidence = finding.GetProperty("evidence").GetString();
            var parts = evidence?.Split(": ", 2) ?? [];
            if (parts.Length == 2 && parts[0].StartsWith("/proc/sys/", StringComparison.Ordinal) && File.Exists(parts[0]))
            {
                Assert.Equal(File.ReadAllText(parts[0]).Trim(), parts[1]);
                compared++;
            }
        }

        Assert.True(compared > 0 || !File.Exists("/proc/sys/vm/zone_reclaim_mode"));
    }

    [Fact]
    public void Run_makes_a_guest_of_its_own_and_one_through_qemu()
    {
        Need.Kvm();
        Need.Qemu();
        var (_, root) = Run("--run", "-o", "json");
        var findings = root.GetProperty("findings").EnumerateArray().ToList();
        var own = Assert.Single(findings, f => f.GetProperty("check").GetString() == "run-guest");
        // Slow exits are a finding of their own on a machine whose CPU is taken away.
        Assert.Contains(own.GetProperty("level").GetString(), new[] { "ok", "warning" });
        Assert.Contains("20000 exits", own.GetProperty("evidence").GetString(), StringComparison.Ordinal);
        var qemu = Assert.Single(findings, f => f.GetProperty("check").GetString() == "run-qemu");
        Assert.Contains(qemu.GetProperty("level").GetString(), new[] { "ok", "info" });
        Assert.DoesNotContain(Process.GetProcessesByName("qemu-system-x86_64"), p => File.ReadAllText($"/proc/{p.Id}/cmdline").Contains("isa-debug-exit,iobase=0xf4,iosize=0x04", StringComparison.Ordinal));
    }

    [Fact]
    public void Disk_tablet_and_clock_of_a_running_qemu_are_told_and_one_without_them_has_none()
    {
        var image = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(image, new byte[1 << 20]);
            using var costly = Guest.Start(new GuestOptions
            {
                Work = GuestWork.Halt,
                ExtraArguments =
                [
                    "-blockdev", $$"""{"driver":"file","filename":"{{image}}","node-name":"s"}""", "-blockdev", """{"driver":"raw","file":"s","node-name":"f"}""", "-device", """{"driver":"virtio-blk-pci","drive":"f"}""",
                    "-device", "piix3-usb-uhci", "-device", "usb-tablet", "-rtc", "base=localtime,clock=vm",
                ],
            });
            using var plain = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
            var found = Found(costly.Name);
            Assert.Contains(("vm-disks", "its disk goes through the host's page cache"), found);
            Assert.Contains(("vm-display", "a USB tablet"), found);
            Assert.Contains(("vm-clock", "its RTC runs on virtual time"), found);
            Assert.Contains(("vm-clock", "it looks like Windows, and has no Hyper-V enlightenments"), found);
            Assert.DoesNotContain(Found(plain.Name), f => f.Check is "vm-disks" or "vm-display" or "vm-clock" or "vm-nested");
        }
        finally
        {
            File.Delete(image);
        }

        static List<(string? Check, string? What)> Found(string vm) => [.. Run(vm, "-o", "json").Root.GetProperty("findings").EnumerateArray().Select(f => (f.Text("check"), f.Text("what")))];
    }

    [Fact]
    public void Vm_that_is_not_there_is_said_on_standard_error()
    {
        var result = KvmTopProgram.Run("check", "no-such-vm");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("no-such-vm", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void User_without_privilege_is_told_what_cannot_be_seen()
    {
        Need.Root();
        var setpriv = Need.Program("setpriv");
        if (KvmTopProgram.CommandLine.Any(a => a.StartsWith("/root/", StringComparison.Ordinal)))
        {
            Assert.Skip("the program lies below /root, where no other user can run it");
        }

        var result = Command.Run(setpriv, ["--reuid=65534", "--regid=65534", "--clear-groups", .. KvmTopProgram.With("check", "-o", "json")], TimeSpan.FromSeconds(60), new Dictionary<string, string?> { ["HOME"] = "/tmp" });
        using var document = JsonDocument.Parse(result.Stdout);
        Assert.Contains(document.RootElement.GetProperty("findings").EnumerateArray(), f => f.GetProperty("level").GetString() == "unknown");
    }

    private static (CommandResult Result, JsonElement Root) Run(params string[] arguments)
    {
        var result = KvmTopProgram.Run(["check", .. arguments], TimeSpan.FromSeconds(90));
        using var document = JsonDocument.Parse(result.Stdout);
        return (result, document.RootElement.Clone());
    }
}
