using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Shell;

/// <summary><c>kvmtop exits</c> as people run it.</summary>
public sealed class ExitsCommandTests
{
    [Fact]
    public void Exits_of_a_guest_names_what_it_does()
    {
        using var tracefs = new MountedTraceFs();
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        var text = KvmTopProgram.Run("exits", guest.Name, "--seconds", "1", "--histograms");
        Assert.Equal((0, ""), (text.ExitCode, text.Stderr));
        Assert.Contains("out 0x80 1B", text.Stdout, StringComparison.Ordinal);
        Assert.Contains("in  0x71 1B", text.Stdout, StringComparison.Ordinal);
        Assert.All(text.Stdout.Split('\n'), line => Assert.InRange(line.Length, 0, 80));

        var json = KvmTopProgram.Run("exits", guest.Pid.ToString(CultureInfo.InvariantCulture), "--seconds", "1", "-o", "json");
        using var document = JsonDocument.Parse(json.Stdout);
        Assert.True(document.RootElement.GetProperty("exits").GetInt64() > 1000);

        var csv = KvmTopProgram.Run("exits", guest.Name, "--seconds", "0.5", "-o", "csv").Stdout.TrimEnd().Split('\n');
        Assert.StartsWith("vm,pid,elapsed_s,", csv[0], StringComparison.Ordinal);
        Assert.All(csv, line => Assert.Equal(csv[0].Count(c => c == ','), line.Count(c => c == ',')));
    }

    [Fact]
    public void Exits_interrupted_prints_what_there_is()
    {
        using var tracefs = new MountedTraceFs();
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        using var program = Process.Start(new ProcessStartInfo(KvmTopProgram.CommandLine[0], [.. KvmTopProgram.CommandLine.Skip(1), "exits", guest.Name, "--seconds", "600", "-o", "json"]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.True(Wait.Until(() => program.HasExited || PerfDescriptors.Count(program.Id) >= 10, TimeSpan.FromSeconds(30)));
            Thread.Sleep(1000);
        }
        finally
        {
            _ = Native.Kill(program.Id, 2);
        }

        using var document = JsonDocument.Parse(program.StandardOutput.ReadToEnd());
        program.WaitForExit();
        Assert.Equal(0, program.ExitCode);
        Assert.True(document.RootElement.GetProperty("exits").GetInt64() > 100);
    }

    [Theory]
    [InlineData("no VM is called", "exits", "no-such-vm")]
    [InlineData("expected one VM", "exits")]
    [InlineData("--seconds: expected", "exits", "x", "--seconds", "0")]
    [InlineData("--vcpu: expected", "exits", "x", "--vcpu", "-1")]
    [InlineData("unknown option", "exits", "x", "--histogram")]
    public void Exits_with_a_mistake_says_what_and_leaves_with_2(string message, params string[] arguments)
    {
        var result = KvmTopProgram.Run(arguments);
        Assert.Equal((2, ""), (result.ExitCode, result.Stdout));
        Assert.True(result.Stderr.Contains(message, StringComparison.Ordinal) || result.Stderr.Contains("no virtual machines", StringComparison.Ordinal), result.Stderr);
    }

    [Fact]
    public void Exits_without_privilege_leaves_with_3_and_says_what_helps()
    {
        using var tracefs = new MountedTraceFs();
        using var guest = Guest.Start();
        var result = Command.Run(Need.Program("setpriv"), ["--reuid=65534", "--regid=65534", "--clear-groups", .. KvmTopProgram.With("exits", guest.Name)]);
        if (result.ExitCode is 126 or 127 or 131)
        {
            Assert.Skip($"nobody cannot run the program from here: {result.Stderr}");
        }

        Assert.Equal((3, ""), (result.ExitCode, result.Stdout));
        Assert.Contains("Run it as root", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void Exits_without_tracefs_says_how_to_mount_it()
    {
        using var tracefs = new MountedTraceFs();
        using var guest = Guest.Start();

        // In a mount namespace of its own: the machine's tracefs stays.
        var result = Command.Run(Need.Program("unshare"), ["-m", "sh", "-c", "umount /sys/kernel/tracing; umount /sys/kernel/debug/tracing /sys/kernel/debug 2>/dev/null; exec \"$@\"", "sh", .. KvmTopProgram.With("exits", guest.Name)]);
        Assert.Equal((1, ""), (result.ExitCode, result.Stdout));
        Assert.Contains("mount -t tracefs nodev /sys/kernel/tracing", result.Stderr, StringComparison.Ordinal);
    }
}
