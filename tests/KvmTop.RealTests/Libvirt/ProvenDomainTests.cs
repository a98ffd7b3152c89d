using System.Globalization;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Libvirt;

/// <summary>
/// Class: who is acted on is proved by the side that acts. A process of another user has the UUID or the name of a real domain of libvirt's on its command line; actions on it
/// must not reach the domain, and it must not stand before the domain.
/// </summary>
public sealed class ProvenDomainTests
{
    [Fact]
    public void Process_that_claims_a_domains_uuid_reaches_no_domain_by_any_action()
    {
        using var daemon = LibvirtDaemon.Start(emulates: true);
        daemon.Define("victim", GuestWork.Halt);
        var pid = daemon.Run("victim");
        using var fake = FakeVmm.Start("-name", "guest=scratch", "-uuid", daemon.Virsh("domuuid", "victim").Trim(), "-object", "secret,id=masterKey0", "-m", "64");
        var word = fake.Pid.ToString(CultureInfo.InvariantCulture);
        ActionOutcome Act(params string[] words) => ActionOutcome.Of(["vm", .. words, "--libvirt-uri", daemon.Uri]);

        foreach (var outcome in new[] { Act("kill", word), Act("pause", word), Act("reset", word), Act("stop", word), Act("balloon", word, "32M"), Act("throttle", word, "vda", "--iops", "5") })
        {
            Assert.True(outcome.ExitCode == 4, outcome.ToString());
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"it runs domain victim as process {pid}, not as process {fake.Pid}"), outcome.Obstacle, StringComparison.Ordinal);
            Assert.Equal("running", State(daemon));
        }

        Assert.True(Native.IsAlive(pid));
        Assert.True(fake.IsAlive);
        var signalled = Act("kill", word, "--signal");
        Assert.True(signalled.ExitCode == 0, signalled.ToString());
        Assert.False(fake.IsAlive);
        Assert.Equal("running", State(daemon));
    }

    [Fact]
    public void Process_that_is_called_like_a_domain_keeps_nobody_from_acting_on_it()
    {
        using var daemon = LibvirtDaemon.Start(emulates: true);
        daemon.Define("victim", GuestWork.Halt);
        var pid = daemon.Run("victim");
        var uuid = daemon.Virsh("domuuid", "victim").Trim();
        using var fake = FakeVmm.Start("-name", "guest=vic\u200btim", "-uuid", uuid, "-object", "secret,id=masterKey0");
        using var numbered = FakeVmm.Start("-name", string.Create(CultureInfo.InvariantCulture, $"guest={pid}"));
        ActionOutcome Act(params string[] words) => ActionOutcome.Of(["vm", .. words, "--libvirt-uri", daemon.Uri]);

        var paused = Act("pause", "victim");
        Assert.True(paused.ExitCode == 0, paused.ToString());
        Assert.Equal("paused", State(daemon));
        Assert.Equal(pid, paused.Plan.GetProperty("targets")[0].GetProperty("pid").GetInt32());
        Assert.Contains($"domain victim ({uuid})", paused.Of(0, "text"), StringComparison.Ordinal);

        Assert.Equal(0, Act("resume", uuid).ExitCode);
        Assert.Equal("running", State(daemon));
        Assert.Equal(0, Act("kill", pid.ToString(CultureInfo.InvariantCulture)).ExitCode);
        Assert.False(Native.IsAlive(pid));
        Assert.True(fake.IsAlive && numbered.IsAlive);
    }

    private static string State(LibvirtDaemon daemon) => daemon.Virsh("domstate", "victim").Trim();
}
