using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Load;

public sealed class StatesTests : IClassFixture<MixedHost>
{
    private readonly MixedHost _host;

    public StatesTests(MixedHost host)
    {
        _host = host;
        host.Start();
    }

    [Fact]
    public void State_of_a_guest_that_never_started_is_paused() => Assert.Equal("paused", Vm(_host.Paused).Text("state"));

    [Fact]
    public void State_of_an_idle_halted_guest_is_running() => Assert.Equal("running", Vm(_host.Halted).Text("state"));

    [Fact]
    public void State_of_a_guest_under_SIGSTOP_is_stopped() => Assert.Equal("stopped", Vm(_host.Stopped).Text("state"));

    [Fact]
    public void Accel_tells_kvm_from_tcg()
    {
        Assert.Equal("tcg", Vm(_host.Tcg).Text("accel"));
        Assert.Equal("kvm", Vm(_host.Halted).Text("accel"));
    }

    [Fact]
    public void Vcpus_of_a_guest_without_thread_names_are_found_in_their_order() =>
        Assert.Equal(_host.Unnamed.VcpuTids, Vm(_host.Unnamed).GetProperty("vcpus").EnumerateArray().Select(v => v.GetProperty("tid").GetInt32()));

    [Fact]
    public void Facts_of_the_command_line_are_those_that_the_guest_was_started_with()
    {
        var vm = Vm(_host.Paused);

        Assert.Equal((_host.Paused.Name, 2, 64L << 20, "qemu"),
            (vm.Text("name"), vm.GetProperty("vcpu_count").GetInt32(), vm.GetProperty("mem_configured_bytes").GetInt64(), vm.Text("vmm")));
    }

    [Fact]
    public void Nobody_gets_exit_0_and_a_record_that_names_all_guests()
    {
        var (result, record) = Nobody();

        Assert.Equal(0, result.ExitCode);
        Assert.Equal("", result.Stderr);
        Assert.All(_host.All, guest => Assert.Equal(guest.Name, record.Vm(guest.Pid).Text("name")));
    }

    [Fact]
    public void Nobody_sees_null_where_reading_is_denied_and_never_0()
    {
        var (_, record) = Nobody();

        Assert.All(_host.All, guest =>
        {
            var vm = record.Vm(guest.Pid);
            Assert.Equal(JsonValueKind.Null, vm.GetProperty("read_bytes_per_s").ValueKind);
            Assert.Equal(JsonValueKind.Null, vm.GetProperty("write_bytes_per_s").ValueKind);
        });
        // What anybody may read is there all the same.
        Assert.False(double.IsNaN(record.Vm(_host.Halted.Pid).Number("cpu_pct")));
    }

    [Fact]
    public void Nobody_is_told_in_the_report_that_the_list_is_unconfirmed()
    {
        var (_, record) = Nobody();

        var vms = record.GetProperty("sources").EnumerateArray().Single(s => s.Text("topic") == "vms");
        Assert.Contains("needs root", vms.Text("reason"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_gets_no_emulator_load_and_no_state_for_a_guest_whose_vcpus_cannot_be_told()
    {
        // Its threads have no names and its descriptors are closed to others: which thread is a vCPU is not known.
        var vm = Nobody().Record.Vm(_host.Unnamed.Pid);

        Assert.Equal(JsonValueKind.Null, vm.GetProperty("emulator_pct").ValueKind);
        Assert.Equal(JsonValueKind.Null, vm.GetProperty("state").ValueKind);
        Assert.Equal(JsonValueKind.Number, vm.GetProperty("cpu_pct").ValueKind);
    }

    private JsonElement Vm(Guest guest) => _host.Record.Vm(guest.Pid);

    private (CommandResult Result, JsonElement Record) Nobody()
    {
        var result = _host.AsNobody();
        Assert.True(result.Stdout.Length > 0, $"exit {result.ExitCode}, no output: {result.Stderr}");
        return (result, JsonRecords.Parse(result.Stdout)[^1]);
    }
}
