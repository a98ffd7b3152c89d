using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

/// <summary>Which processes are VMs, and what is known of them.</summary>
public sealed class FindingVmsTests : IDisposable
{
    private readonly VmHost _host = new();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("/usr/bin/qemu-system-x86_64", VmmKind.Qemu)]
    [InlineData("/usr/bin/firecracker", VmmKind.Firecracker)]
    [InlineData("/opt/cloud-hypervisor (deleted)", VmmKind.CloudHypervisor)]
    [InlineData("/usr/bin/crosvm", VmmKind.Crosvm)]
    [InlineData("/usr/bin/lkvm", VmmKind.Kvmtool)]
    [InlineData("/home/me/my-own-vmm", VmmKind.Unknown)]
    public void Process_with_a_kvm_vm_descriptor_is_a_vm_whatever_its_program(string program, VmmKind vmm)
    {
        _host.Files.Write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
        _host.Process(4000, program);
        var info = _host.One().Info;
        Assert.Equal((4000, vmm, "kvm", true, "root"), (info.Pid, info.Vmm, info.Accelerator, info.Confirmed, info.User));
    }

    [Theory]
    [InlineData("/usr/bin/bash")]
    [InlineData("/usr/bin/crosvm")]
    [InlineData("/usr/bin/firecracker")]
    public void Process_without_the_descriptor_that_cannot_emulate_is_no_vm(string program)
    {
        _host.Process(4000, program, kvm: false);
        Assert.Empty(_host.Tick());
    }

    [Fact]
    public void Young_qemu_without_the_descriptor_becomes_tcg_after_its_start()
    {
        _host.Process(4000, kvm: false, start: 500_000);
        var young = _host.One().Info;
        Assert.Equal((null, true), (young.Accelerator, young.Confirmed));
        Assert.Equal("it has just started", _host.Figure("accel").MissingReason);
        _host.Tick();
        Assert.Equal("tcg", _host.One(3).Info.Accelerator);
    }

    [Fact]
    public void Old_qemu_without_the_descriptor_is_tcg_at_first_sight()
    {
        _host.Process(4000, kvm: false);
        Assert.Equal("tcg", _host.One().Info.Accelerator);
        Assert.Equal("under TCG an idle guest looks like a paused one", _host.Figure("state").MissingReason);
    }

    [Fact]
    public void Qemu_that_opens_kvm_late_becomes_kvm()
    {
        _host.Process(4000, kvm: false, start: 500_000);
        _host.Tick();
        _host.Files.Link("/proc/4000/fd/12", "anon_inode:kvm-vm");
        Assert.Equal("kvm", _host.One(1.5).Info.Accelerator);
    }

    [Fact]
    public void Young_process_is_looked_at_again_and_found()
    {
        _host.Process(4000, "/usr/bin/wrapper", kvm: false, start: 500_000);
        Assert.Empty(_host.Tick());
        _host.Files.Link("/proc/4000/fd/12", "anon_inode:kvm-vm");
        Assert.Single(_host.Tick(2));
    }

    [Fact]
    public void Old_process_is_looked_at_once_a_minute()
    {
        _host.Process(4000, "/usr/bin/bash", kvm: false);
        for (var i = 0; i < 59; i++)
            _host.Tick();
        Assert.Equal(1, _host.Files.Listed["/proc/4000/fd"]);
        _host.Tick(5);
        Assert.Equal(2, _host.Files.Listed["/proc/4000/fd"]);
    }

    [Fact]
    public void Guest_is_not_looked_for_again()
    {
        _host.Qemu(4000);
        for (var i = 0; i < 30; i++)
            _host.Tick(10);
        Assert.Equal(1, _host.Files.Listed["/proc/4000/fd"]);
    }

    [Fact]
    public void Denied_descriptors_leave_it_unconfirmed_with_the_reason()
    {
        _host.Qemu(4000).Fail("/proc/4000/fd").Fail("/proc/4000/io").Fail("/proc/4000/exe");
        foreach (var tid in new[] { 4000, 4001, 4002 })
            _host.Fail($"/proc/4000/task/{tid}/syscall");
        var vm = _host.One();
        Assert.Equal((false, null, VmState.Unknown), (vm.Info.Confirmed, vm.Info.Accelerator, vm.State));
        Assert.Equal(1, ((VmsModel)_host.State.Value!).Unconfirmed);
        Assert.Contains("needs root", _host.State.Reason);
        Assert.Contains("needs root", _host.Figure("accel").MissingReason);
        Assert.Contains("needs root", _host.Figure("state").MissingReason);
        Assert.Contains("needs root", _host.Figure("read_bytes_per_s").MissingReason);
        Assert.Equal("no", _host.Figure("confirmed").Text);
    }

    [Fact]
    public void Denied_descriptors_of_another_program_are_no_vm()
    {
        _host.Process(4000, "/usr/bin/bash").Fail("/proc/4000/fd");
        Assert.Empty(_host.Tick());
        Assert.Equal(0, ((VmsModel)_host.State.Value!).Unconfirmed);
    }

    [Fact]
    public void Vm_comes_and_goes_with_events()
    {
        Assert.Empty(_host.Tick());
        _host.Qemu(4000);
        _host.Tick();
        Assert.Contains("VM appeared: pid 4000", Assert.Single(_host.Events).Text);
        _host.Files.Remove("/proc/4000");
        Assert.Empty(_host.Tick());
        Assert.Equal(("VM gone: pid 4000", "vm4000"), (Assert.Single(_host.Events).Text, _host.Events[0].Subject));
    }

    [Fact]
    public void Vm_that_vanishes_between_listing_and_reading_is_left_out()
    {
        _host.Qemu(4000).Qemu(5000);
        _host.Tick();
        _host.Files.AfterListing = path =>
        {
            if (path == "/proc")
                _host.Files.Remove("/proc/4000");
        };
        Assert.Equal(5000, _host.One().Info.Pid);
    }

    [Fact]
    public void New_vm_that_vanishes_before_the_first_look_is_left_out()
    {
        _host.Qemu(4000);
        _host.Files.AfterListing = path =>
        {
            if (path is "/proc" or "/proc/4000/fd")
                _host.Files.Remove("/proc/4000");
        };
        Assert.Empty(_host.Tick());
    }

    [Fact]
    public void Pid_reused_by_another_vm_starts_anew()
    {
        _host.Qemu(4000).Ran(4000, 4001, 10, 0, 1);
        _host.Tick();
        _host.Tick();
        _host.Files.Remove("/proc/4000");
        _host.Qemu(4000, start: 490_000, commandLine: "qemu\0-name\0second\0").Ran(4000, 4001, 11, 0, 1);
        var vm = _host.One();
        Assert.Equal(("second", 490_000ul, double.NaN), (vm.Info.Name, vm.Info.Key.StartTimeTicks, vm.CpuPct));
        Assert.Equal(2, _host.Events.Count);
    }

    [Fact]
    public void Pid_reused_by_another_program_is_gone()
    {
        _host.Qemu(4000);
        _host.Tick();
        _host.Files.Remove("/proc/4000");
        _host.Process(4000, "/usr/bin/bash", kvm: false, start: 490_000);
        Assert.Empty(_host.Tick());
    }

    [Fact]
    public void Kernel_thread_of_vhost_belongs_to_its_vm()
    {
        _host.Qemu(4000).Process(4500, "vhost-4000", kvm: false).Stat(4500, "vhost-4000", flags: 0x00200000).Ran(4500, 4500, 1, 0, 1);
        _host.Tick();
        _host.Tick();
        _host.Ran(4500, 4500, 1.3, 0, 2);
        var vm = _host.One();
        Assert.Contains(vm.Info.Threads, t => t is { Tid: 4500, Role: ThreadRole.Vhost });
        Assert.Equal(30, vm.EmulatorPct, 3);
    }

    [Theory]
    [InlineData("\u001b[2J\u001b]0;owned\u0007evil")]
    [InlineData("日本語の名前")]
    [InlineData("a\u202egnp.exe")]
    [InlineData("two\nlines\tand\ttabs")]
    public void Hostile_name_is_cleaned(string name)
    {
        _host.Qemu(4000, commandLine: $"qemu-system-x86_64\0-name\0{name}\0");
        var shown = _host.One().Info.Name;
        Assert.DoesNotContain(shown, c => char.IsControl(c) || c is '\u202e');
        Assert.InRange(shown.Length, 3, 128);
    }

    [Fact]
    public void Name_of_4_kB_is_cut()
    {
        _host.Qemu(4000, commandLine: $"qemu-system-x86_64\0-name\0{new string('x', 4096)}\0");
        Assert.InRange(_host.One().Info.Name.Length, 100, 128);
    }

    [Fact]
    public void Invalid_utf8_is_shown_harmlessly()
    {
        _host.Qemu(4000);
        _host.Files.Write("/proc/4000/cmdline", [.. "qemu-system-x86_64\0-name\0a"u8, 0xff, 0xc0, 0x80, .. "b\0"u8]);
        Assert.Matches("^a.+b$", _host.One().Info.Name);
    }

    [Fact]
    public void Command_line_of_2_MB_is_bounded()
    {
        _host.Qemu(4000, commandLine: "qemu-system-x86_64\0-name\0big\0-append\0" + new string('y', 2 << 20) + "\0" + string.Concat(Enumerable.Repeat("-x\0", 10_000)));
        var info = _host.One().Info;
        Assert.Equal("big", info.Name);
        Assert.InRange(info.Arguments.Count, 4, 4096);
        Assert.All(info.Arguments, a => Assert.InRange(a.Length, 0, 8192));
    }

    [Fact]
    public void Command_line_that_hangs_is_given_up_and_the_others_complete_also_later()
    {
        using var release = new ManualResetEventSlim();
        _host.Qemu(4000).Qemu(5000);
        _host.Files.Hang("/proc/4000/cmdline", release);
        try
        {
            // More ticks than reads may hang; a healthy one can be late on a busy machine, so it is waited for.
            for (var i = 0; i < 12; i++)
                Assert.Equal(2, _host.Tick().Count);
            _host.Qemu(6000);
            Assert.True(SpinWait.SpinUntil(() => _host.Tick()[^1].Info.Name == "vm6000", TimeSpan.FromSeconds(10)));
            Assert.Equal(["qemu-system-x86-4000", "vm5000", "vm6000"], _host.Tick().Select(v => v.Info.Name));
        }
        finally
        {
            release.Set();
        }

        Assert.True(SpinWait.SpinUntil(() => _host.Tick()[0].Info.Name == "vm4000", TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Empty_command_line_is_asked_for_again()
    {
        _host.Qemu(4000, commandLine: "");
        Assert.Equal("qemu-system-x86-4000", _host.One().Info.Name);
        _host.Files.Write("/proc/4000/cmdline", "qemu\0-name\0late\0");
        Assert.Equal("late", _host.One().Info.Name);
    }

    [Fact]
    public void Proc_that_cannot_be_listed_is_denied()
    {
        using var services = new CollectorServices();
        using var reader = VmsTopic.Instance.CreateReader(new CollectorContext(_host.Files, services));
        _host.Files.Fail("/proc");
        var state = reader.Read();
        Assert.Equal((ReadingStatus.Denied, "/proc: permission denied"), (state.Status, state.Reason));
    }
}
