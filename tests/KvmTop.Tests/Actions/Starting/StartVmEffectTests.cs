using System.Text;
using KvmTop.Actions;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions.Starting;

public sealed class StartVmEffectTests : IDisposable
{
    private static readonly StartVmEffect s_effect = new("a", ["qemu", "-daemonize"], "/run/kvmtop");

    private readonly FakeControl _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Apply_monitor_greets_is_done_and_protects_its_sockets()
    {
        Starts();

        var result = Apply(s_effect);

        Assert.Equal((true, "pid 7 since 9"), (result.Done, result.After));
        Assert.Equal(["private /run/kvmtop", "run qemu -daemonize", "protect /run/kvmtop/a.qmp", "protect /run/kvmtop/a.console"], _host.Log);
    }

    [Fact]
    public void Apply_qemu_refuses_its_own_words_are_the_problem()
    {
        _host.Programs = command =>
        {
            _ = _host.With("/run/kvmtop/a.qmp", "");
            return new ChildResult(1, [], Encoding.UTF8.GetBytes("qemu: unable to find CPU model 'x'\u001b[2J\n"), null);
        };

        Assert.Equal(new EffectResult(false, null, null, "qemu: unable to find CPU model 'x'·[2J", false), Apply(s_effect));
        Assert.Contains("remove /run/kvmtop/a.qmp", _host.Log);
    }

    [Fact]
    public void Apply_qemu_says_it_in_its_log_that_is_the_problem()
    {
        _ = _host.With("/run/kvmtop/a.log", "no memory\n");
        _host.Programs = _ => new ChildResult(1, [], [], null);

        Assert.Equal("no memory", Apply(s_effect).Problem);
    }

    [Fact]
    public void Apply_nobody_lives_by_the_pid_file_is_a_failure()
    {
        _ = _host.With("/run/kvmtop/a.pid", "7\n");

        Assert.Equal((false, "QEMU ended as soon as it had started"), (Apply(s_effect).Done, Apply(s_effect).Problem));
    }

    [Fact]
    public void Apply_monitor_says_nothing_is_taken_back()
    {
        Starts();
        _host.MonitorProblem = "no answer";
        var result = Apply(s_effect);

        Assert.Equal((false, true), (result.Done, result.Changed));
        var quit = Apply(s_effect.Invert(result.After)!);

        Assert.True(quit.Done);
        Assert.Contains("signal 7 15", _host.Log);
    }

    [Fact]
    public void Quit_pid_that_came_to_mean_another_is_left_alone()
    {
        _host.Started[7] = 10;

        Assert.True(Apply(s_effect.Invert("pid 7 since 9")!).Done);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Quit_nobody_wrote_the_pid_down_the_pid_file_tells()
    {
        Starts();

        Assert.True(Apply(s_effect.Invert(null)!).Done);
        Assert.Equal(["signal 7 15"], _host.Log);
    }

    [Theory]
    [InlineData("sleep\0007\0")]
    [InlineData("qemu\0-name\0guest=b\0-pidfile\0/run/kvmtop/a.pid\0")]
    [InlineData("qemu\0-name\0guest=a\0-pidfile\0/run/kvmtop/b.pid\0")]
    public void Identity_quit_whose_pid_file_is_held_by_somebody_else_is_left_alone(string commandLine)
    {
        Starts();
        _ = _host.With("/proc/7/cmdline", commandLine);

        var result = Apply(s_effect.Invert(null)!);

        Assert.False(result.Done);
        Assert.Contains("cannot be told", result.Problem, StringComparison.Ordinal);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Identity_quit_whose_pid_file_nobody_holds_hits_nobody_though_its_number_lives()
    {
        Starts();
        _host.Locks["/run/kvmtop/a.pid"] = 0;

        Assert.True(Apply(s_effect.Invert(null)!).Done);
        Assert.Empty(_host.Log);
    }

    [Fact]
    public void Identity_quit_whose_pid_file_cannot_be_looked_at_does_nothing()
    {
        Starts();
        _host.Locks["/run/kvmtop/a.pid"] = null;

        Assert.Contains("cannot be told", Apply(s_effect.Invert(null)!).Problem, StringComparison.Ordinal);
        Assert.Empty(_host.Log);
    }

    private void Starts()
    {
        _ = _host.With("/run/kvmtop/a.pid", "7\n").With("/proc/7/cmdline", "qemu\0-name\0guest=a,debug-threads=on\0-pidfile\0/run/kvmtop/a.pid\0");
        _host.Started[7] = 9;
    }

    private EffectResult Apply(Effect effect) => effect.Apply(_host, _ => { });
}
