using System.Diagnostics;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Libvirt;

/// <summary>The library itself, with its driver that has no hypervisor behind it. One process runs one connection at a time, so these are one class.</summary>
[Collection("libvirt's test driver")]
public sealed class LibvirtSessionTests
{
    [Fact]
    public void Session_of_the_test_driver_tells_its_domain()
    {
        using var session = Answered("test:///default");
        var domain = Assert.Single(session.Latest!.Domains);
        Assert.Equal(("test", LibvirtState.Running, true, true), (domain.Name, domain.State, domain.Persistent, domain.IsActive));
        Assert.Equal(Guid.Parse("6695eb01-f6a4-8304-79aa-97f2502e193f"), domain.Uuid);
        Assert.Equal((LibvirtStatus.Ready, null), (session.Status, session.Reason));
    }

    [Fact]
    public void Session_that_is_asked_again_answers_anew()
    {
        using var session = Answered("test:///default");
        var first = session.Latest!.At;
        Assert.True(Until(session, () => session.Latest!.At > first));
    }

    [Fact]
    public void Session_without_a_daemon_says_why_and_comes_back_to_it()
    {
        using var session = new LibvirtSession("qemu+unix:///system?socket=/nonexistent/sock", TimeProvider.System);
        SkipWithout(session);
        Assert.True(Until(session, () => session.Status == LibvirtStatus.Failed));
        Assert.Contains("No such file", session.Reason, StringComparison.Ordinal);
        Assert.Null(session.Latest);
    }

    [Fact]
    public void Session_that_nobody_asks_does_nothing()
    {
        using var session = new LibvirtSession("test:///default", TimeProvider.System);
        Assert.Equal((LibvirtStatus.Connecting, null), (session.Status, session.Latest));
    }

    [Fact]
    public void Dispose_does_not_wait_for_a_daemon_that_never_answers()
    {
        using var daemon = new HangingDaemon();
        var session = new LibvirtSession(daemon.Uri, TimeProvider.System);
        session.Ask();
        session.Dispose();
        Assert.Null(session.Latest);
    }

    [Fact]
    public void Dispose_lets_the_next_one_in()
    {
        Answered("test:///default").Dispose();
        using var next = Answered("test:///default");
        Assert.NotNull(next.Latest);
    }

    private static LibvirtSession Answered(string uri)
    {
        var session = new LibvirtSession(uri, TimeProvider.System);
        SkipWithout(session);
        Assert.True(Until(session, () => session.Latest is not null), session.Reason);
        return session;
    }

    private static void SkipWithout(LibvirtSession session)
    {
        Until(session, () => session.Status != LibvirtStatus.Connecting || session.Latest is not null);
        if (session.Status == LibvirtStatus.Absent)
            Assert.Skip(session.Reason!);
    }

    private static bool Until(LibvirtSession session, Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(30))
                return false;
            session.Ask();
            Thread.Sleep(20);
        }

        return true;
    }
}
