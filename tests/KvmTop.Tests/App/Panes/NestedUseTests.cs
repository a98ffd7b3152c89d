using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Screen;
using KvmTop.Screen.Panes;
using KvmTop.Tests.Collectors;
using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.App.Panes;

/// <summary>Pane 6: which VMs run guests of their own.</summary>
public sealed class NestedUseTests
{
    private const string Counter = "/sys/kernel/debug/kvm/4711-11/nested_run";
    private const string Parameter = "/sys/module/kvm_amd/parameters/nested";

    [Fact]
    public void Summary_vm_that_enters_guests_is_named_with_its_rate()
    {
        var host = Host("500\n");
        Assert.Contains("nested  on, used by web1 250/s", Draw(host, h => h.Write(Counter, "1000\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void Summary_vm_that_did_once_is_named_too() => Assert.Contains("used by web1 earlier, not now", Draw(Host("500\n"), _ => { }), StringComparison.Ordinal);

    [Fact]
    public void Summary_vm_that_never_did_is_not() => Assert.Contains("nested  on, used by none", Draw(Host("0\n"), _ => { }), StringComparison.Ordinal);

    [Fact]
    public void Summary_kernel_without_the_counter_says_why() =>
        Assert.Contains("of 1 VMs not known (this kernel does not count nested_run)", Draw(Host(null), _ => { }), StringComparison.Ordinal);

    [Fact]
    public void Summary_counters_that_may_not_be_read_say_why()
    {
        var host = Host("500\n");
        foreach (var file in host.Files.Where(f => f.StartsWith("/sys/kernel/debug/kvm/", StringComparison.Ordinal)))
        {
            host.Fail(file, KvmTop.Linux.Errno.EPERM);
        }

        var text = Draw(host, _ => { });
        Assert.Contains("of 1 VMs not known (", text, StringComparison.Ordinal);
        Assert.DoesNotContain("does not count", text, StringComparison.Ordinal);
        Assert.DoesNotContain("used by", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Needs_counters_only_while_nested_is_on()
    {
        var pane = new ModulesPane();
        Assert.DoesNotContain(KvmStatsTopic.Instance, pane.Needs);
        _ = Draw(Host("500\n"), _ => { }, pane);
        Assert.Contains(KvmStatsTopic.Instance, pane.Needs);
        var off = Host("500\n");
        off.Write(Parameter, "0\n");
        Assert.Contains("nested  off", Draw(off, _ => { }, pane), StringComparison.Ordinal);
        Assert.DoesNotContain(KvmStatsTopic.Instance, pane.Needs);
    }

    [Fact]
    public void Detail_of_the_vendor_module_goes_through_the_vms()
    {
        var stage = new PaneStage(3);
        var pane = new ModulesPane();
        _ = stage.Draw(pane, 120, 60);
        Assert.True(pane.Handle(new InputEvent(Key.Down), stage.Ui));
        Assert.True(pane.Handle(new InputEvent(Key.Enter), stage.Ui));
        Assert.True(pane.Handle(new InputEvent(Key.End), stage.Ui));
        var text = string.Join('\n', stage.DrawAgain(pane, 120, 40));
        Assert.Contains("ci-runner  entered guests of its own", text, StringComparison.Ordinal);
        Assert.Contains("VMs have never run a guest of their own", text, StringComparison.Ordinal);
        Assert.DoesNotContain("riscv-dev", text, StringComparison.Ordinal);
    }

    private static FakeHost Host(string? runs)
    {
        var host = FakeHost.Captured();
        host.Write(Parameter, "1\n");
        if (runs is null)
        {
            host.Remove(Counter);
        }
        else
        {
            host.Write(Counter, runs);
        }

        return host;
    }

    private static string Draw(FakeHost host, Action<FakeHost> between, ModulesPane? pane = null)
    {
        using var run = new AllTopics(host);
        run.Tick();
        run.Tick();
        between(host);
        run.Tick(2);
        var ui = new Ui(new Options(), new ConfigurationFiles("/nonexistent", null), true);
        ui.Accept(run.Snapshot);
        pane ??= new ModulesPane();
        pane.Update(ui);
        var buffer = new Buffer(160, 30);
        pane.Render(buffer, buffer.Area, ui);
        return string.Join('\n', buffer.ToLines());
    }
}
