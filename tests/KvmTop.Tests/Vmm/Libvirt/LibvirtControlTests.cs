using System.Diagnostics;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Libvirt;

/// <summary>The library itself, with its driver that has no hypervisor behind it: its one domain is shared by all who connect in this process.</summary>
[Collection("libvirt's test driver")]
public sealed class LibvirtControlTests : IDisposable
{
    private const string Domain = "6695eb01-f6a4-8304-79aa-97f2502e193f";

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    private readonly LibvirtControl _control = new("test:///default");

    public LibvirtControlTests()
    {
        if (LibvirtControl.Absence is { } reason)
            Assert.Skip(reason);
    }

    public void Dispose() => _control.Dispose();

    [Fact]
    public void Suspend_and_resume_are_told_by_get_state()
    {
        Assert.Equal("running", Ask("get-state"));
        _ = Ask("suspend");
        Assert.Equal("paused", Ask("get-state"));
        _ = Ask("resume");
        Assert.Equal("running", Ask("get-state"));
    }

    [Fact]
    public void Destroy_lists_it_among_those_that_do_not_run_until_start()
    {
        _ = Ask("destroy");
        Assert.Equal("off", Ask("get-state"));
        Assert.Equal($"{Domain} test\n", Ask("list"));
        _ = Ask("start");
        Assert.Equal(("running", ""), (Ask("get-state"), Ask("list")));
    }

    [Fact]
    public void Set_memory_is_told_by_get_memory_in_kibibytes()
    {
        _ = Ask("set-memory", "1048576");
        Assert.Equal("1048576", Ask("get-memory"));
        _ = Ask("set-memory", "2097152");
        Assert.Equal("2097152", Ask("get-memory"));
    }

    [Fact]
    public void Call_refused_gives_libvirts_own_words()
    {
        var outcome = _control.Call(Domain, "resume", [], s_deadline);
        Assert.False(outcome.IsOk);
        Assert.Contains("'test' not paused", outcome.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("format-disk", "")]
    [InlineData("suspend", "now")]
    [InlineData("pin-vcpu", "0 all")]
    [InlineData("pin-vcpu", "0 1 forever")]
    [InlineData("set-memory", "-1")]
    public void Call_words_that_make_no_sense_do_nothing(string operation, string arguments)
    {
        var outcome = _control.Call(Domain, operation, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), s_deadline);
        Assert.StartsWith("libvirt: nobody knows what " + operation, outcome.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Call_unknown_domain_is_gone_to_get_state_and_a_failure_to_others()
    {
        var other = Guid.NewGuid().ToString();
        Assert.Equal("gone", _control.Call(other, "get-state", [], s_deadline).Value);
        Assert.Contains("omain not found", _control.Call(other, "suspend", [], s_deadline).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Call_daemon_that_hangs_returns_by_the_deadline_and_says_that_nothing_was_done()
    {
        using var daemon = new HangingDaemon();
        using var control = new LibvirtControl(daemon.Uri);
        // The daemon never answers: that the call returns at all is the proof.
        Assert.Contains("nothing was done", control.Call(Domain, "suspend", [], TimeSpan.FromMilliseconds(300)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Call_daemon_that_hangs_again_and_again_is_not_asked_any_more_until_it_lets_go()
    {
        using var daemon = new HangingDaemon();
        using var control = new LibvirtControl(daemon.Uri);
        for (var i = 0; i < 3; i++)
            _ = control.Call(Domain, "suspend", [], TimeSpan.FromMilliseconds(100));
        Assert.Contains("3 calls have not been answered yet", control.Call(Domain, "suspend", [], s_deadline).Problem, StringComparison.Ordinal);

        daemon.Dispose();
        var clock = Stopwatch.StartNew();
        var said = "";
        while (clock.Elapsed < s_deadline && !(said = control.Call(Domain, "suspend", [], s_deadline).Problem!).Contains("No such file", StringComparison.Ordinal))
            Thread.Sleep(20);
        Assert.Contains("No such file", said, StringComparison.Ordinal);
    }

    private string? Ask(string operation, params string[] arguments)
    {
        var outcome = _control.Call(Domain, operation, arguments, s_deadline);
        Assert.Null(outcome.Problem);
        return outcome.Value;
    }
}
