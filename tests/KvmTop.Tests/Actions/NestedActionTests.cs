using KvmTop.Actions;

namespace KvmTop.Tests.Actions;

public sealed class NestedActionTests : IDisposable
{
    private const string Conf = "/etc/modprobe.d/kvmtop.conf";

    private readonly FakeModules _kernel = new FakeModules().Loaded("irqbypass", "kvm", "kvm_amd");

    public NestedActionTests() => MakeReadOnly();

    public void Dispose() => _kernel.Dispose();

    [Fact]
    public void Off_reloads_the_part_of_the_cpu_alone_and_undo_brings_it_back()
    {
        Assert.True(_kernel.Do("nested off").IsDone);

        Assert.Equal(["run rmmod kvm_amd", "run modprobe kvm_amd nested=0"], _kernel.Host.Log);
        Assert.Equal("0", _kernel.Parameter("kvm_amd", "nested"));
        Assert.True(_kernel.Undo().IsDone);
        Assert.Equal("1", _kernel.Parameter("kvm_amd", "nested"));
    }

    [Fact]
    public void Off_keeps_other_parameters_that_are_not_as_they_come()
    {
        _ = _kernel.Set("kvm_amd", "avic", "Y");

        Assert.True(_kernel.Do("nested off").IsDone);

        Assert.Equal("Y", _kernel.Parameter("kvm_amd", "avic"));
    }

    [Fact]
    public void Off_reload_fails_brings_the_old_state_back()
    {
        _kernel.Instead = command => command.Contains("nested=0") ? FakeModules.Failed("modprobe: ERROR: no") : null;

        var result = _kernel.Do("nested off");

        Assert.Equal((JournalState.RolledBack, "1"), (result.State, _kernel.Parameter("kvm_amd", "nested")));
    }

    [Fact]
    public void Off_kernel_does_not_take_the_value_brings_the_old_state_back()
    {
        _kernel.Instead = command =>
        {
            if (!command.Contains("nested=0"))
                return null;
            _kernel.Instead = _ => null;
            return _kernel.Host.Programs(["modprobe", "kvm_amd", "nested=1"]);
        };

        var result = _kernel.Do("nested off");

        Assert.Equal((JournalState.RolledBack, "1"), (result.State, _kernel.Parameter("kvm_amd", "nested")));
        Assert.Contains("its nested is 1, not 0: the CPU or the kernel does not offer it", result.Problem);
    }

    [Fact]
    public void Off_neither_new_nor_old_can_be_loaded_says_what_is_left()
    {
        _kernel.Instead = command => command[0] == "modprobe" ? FakeModules.Failed("modprobe: ERROR: no") : null;

        var result = _kernel.Do("nested off");

        Assert.Equal(JournalState.Broken, result.State);
        Assert.Contains("could not be taken back: run modprobe kvm_amd nested=1", result.Problem);
    }

    [Fact]
    public void Off_killed_while_the_module_was_away_is_undone_by_the_next()
    {
        var plan = _kernel.Plan("nested off");
        _kernel.Host.Started[Environment.ProcessId] = 7;
        var id = _kernel.Journal.Begin(plan, null);
        _kernel.Journal.Starting(id, 0);
        _kernel.Journal.Applied(id, 0, plan.Effects[0].Apply(_kernel.Host, _ => { }));
        _kernel.Journal.Starting(id, 1);
        _kernel.Host.Started[Environment.ProcessId] = 8;

        Assert.True(_kernel.Undo().IsDone);
        Assert.Equal("1", _kernel.Parameter("kvm_amd", "nested"));
    }

    [Fact]
    public void Off_killed_after_the_load_and_before_it_was_written_down_is_undone_by_the_next()
    {
        var plan = _kernel.Plan("nested off");
        _kernel.Host.Started[Environment.ProcessId] = 7;
        var id = _kernel.Journal.Begin(plan, null);
        for (var step = 0; step < 2; step++)
        {
            _kernel.Journal.Starting(id, step);
            _ = plan.Effects[step].Apply(_kernel.Host, _ => { });
        }

        _kernel.Host.Started[Environment.ProcessId] = 8;

        Assert.True(_kernel.Undo().IsDone);
        Assert.Equal("1", _kernel.Parameter("kvm_amd", "nested"));
    }

    [Fact]
    public void Off_while_a_vm_runs_is_refused_and_names_it()
    {
        _kernel.Count("kvm_amd", 2);

        var plan = _kernel.Plan("nested off", FakeModules.WithVm());

        Assert.Equal((ObstacleKind.Refused, "kvm_amd is in use by vm100 (100)"), (plan.Obstacles[0].Kind, plan.Obstacles[0].Reason));
    }

    [Fact]
    public void Off_parameter_that_may_be_written_is_written_while_vms_run()
    {
        File.SetUnixFileMode(_kernel.Host.Map("/sys/module/kvm_amd/parameters/nested"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _kernel.Count("kvm_amd", 2);

        Assert.Equal("write /sys/module/kvm_amd/parameters/nested: 1 -> 0", Assert.Single(_kernel.Plan("nested off", FakeModules.WithVm()).Effects).Describe());
    }

    [Fact]
    public void On_when_it_is_on_is_nothing_to_do()
    {
        var plan = _kernel.Plan("nested on");

        Assert.Equal((0, 0), (plan.Effects.Count, plan.Obstacles.Count));
    }

    [Fact]
    public void Off_built_in_names_the_kernel_command_line()
    {
        File.Delete(_kernel.Host.Map("/sys/module/kvm_amd/refcnt"));
        File.Delete(_kernel.Host.Map("/sys/module/kvm_amd/initstate"));

        Assert.Equal("add kvm_amd.nested=0 to the kernel command line, and reboot", Assert.Single(_kernel.Plan("nested off").Obstacles).Remedy);
    }

    [Fact]
    public void On_part_of_the_cpu_does_not_offer_it_is_refused()
    {
        File.Delete(_kernel.Host.Map("/sys/module/kvm_amd/parameters/nested"));

        Assert.Contains("kvm_amd does not offer it", Assert.Single(_kernel.Plan("nested on").Obstacles).Reason);
    }

    [Fact]
    public void On_cpu_without_virtualisation_is_refused()
    {
        using var bare = new FakeModules();
        _ = bare.Host.With("/proc/cpuinfo", "flags\t\t: fpu\n");

        Assert.Contains("neither vmx nor svm", Assert.Single(bare.Plan("nested on").Obstacles).Reason);
    }

    [Fact]
    public void On_module_not_loaded_is_refused_and_says_how_to_load_it()
    {
        using var bare = new FakeModules();

        Assert.Equal("kvmtop module load kvm_amd nested=1", Assert.Single(bare.Plan("nested on").Obstacles).Remedy);
    }

    [Fact]
    public void Persist_writes_the_file_first_and_undo_takes_it_away()
    {
        Assert.True(_kernel.Do("nested off --persist").IsDone);

        Assert.Equal([$"replace {Conf}", "run rmmod kvm_amd", "run modprobe kvm_amd nested=0"], _kernel.Host.Log);
        Assert.EndsWith("\noptions kvm_amd nested=0\n", _kernel.Host.TextOf(Conf), StringComparison.Ordinal);
        Assert.True(_kernel.Undo().IsDone);
        Assert.Null(_kernel.Host.TextOf(Conf));
    }

    [Fact]
    public void Persist_disk_full_leaves_the_old_file_whole_and_reloads_nothing()
    {
        _ = _kernel.Host.With(Conf, "options nbd nbds_max=3\n");
        _kernel.Host.DiskProblem = "No space left on device";

        var result = _kernel.Do("nested off --persist");

        Assert.Equal((JournalState.RolledBack, "options nbd nbds_max=3\n", "1"), (result.State, _kernel.Host.TextOf(Conf), _kernel.Parameter("kvm_amd", "nested")));
        Assert.Empty(_kernel.Host.Log);
    }

    [Fact]
    public void Persist_reload_fails_takes_the_file_back()
    {
        _ = _kernel.Host.With(Conf, "options nbd nbds_max=3\n");
        _kernel.Instead = command => command.Contains("nested=0") ? FakeModules.Failed("no") : null;

        Assert.Equal(JournalState.RolledBack, _kernel.Do("nested off --persist").State);
        Assert.Equal("options nbd nbds_max=3\n", _kernel.Host.TextOf(Conf));
    }

    [Fact]
    public void Persist_line_that_is_read_before_is_named()
    {
        _ = _kernel.Host.With("/etc/modprobe.d/kvm.conf", "options kvm_amd nested=1\n");

        var plan = _kernel.Plan("nested off --persist");

        Assert.True(plan.CanRun);
        Assert.Contains($"/etc/modprobe.d/kvm.conf:1 says nested=1; {Conf} is read after it and wins.", plan.Notes);
    }

    [Theory]
    [InlineData("/usr/lib/modprobe.d/qemu.conf", "options kvm_amd nested=1\n", "/usr/lib/modprobe.d/qemu.conf:1")]
    [InlineData("/proc/cmdline", "quiet kvm_amd.nested=1\n", "kernel command line")]
    public void Persist_setting_that_would_win_is_refused(string file, string text, string where)
    {
        _ = _kernel.Host.With(file, text);

        Assert.StartsWith($"it would not hold at the next boot: {where} says nested=1", Assert.Single(_kernel.Plan("nested off --persist").Obstacles).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Persist_file_that_is_no_text_is_left_alone()
    {
        using (var file = new FileStream(_kernel.Host.Map(Conf), FileMode.Create))
            file.Write([(byte)'#', 0xFF, 0xFE, (byte)'\n']);

        Assert.Contains("is too long, or no text", Assert.Single(_kernel.Plan("nested off --persist").Obstacles).Reason);
    }

    [Fact]
    public void Persist_said_by_another_file_already_writes_none()
    {
        _ = _kernel.Host.With("/etc/modprobe.d/kvm.conf", "options kvm_amd nested=0\n");

        Assert.DoesNotContain(_kernel.Plan("nested off --persist").Effects, e => e is ReplaceFileEffect);
    }

    [Fact]
    public void Status_tells_value_setting_and_who_blocks_and_changes_nothing()
    {
        _ = _kernel.Host.With("/etc/modprobe.d/kvm.conf", "\noptions kvm_amd nested=0\n");
        _kernel.Count("kvm_amd", 2);

        var plan = _kernel.Plan("nested status", FakeModules.WithVm());

        Assert.Equal((0, 0), (plan.Effects.Count, plan.Obstacles.Count));
        Assert.Equal(
            [
                "Nested virtualisation is on: /sys/module/kvm_amd/parameters/nested says 1.",
                "At the next load or boot it is off: /etc/modprobe.d/kvm.conf:2 says 0.",
                "A change takes a reload of kvm_amd, which cannot be now: kvm_amd is in use by vm100 (100).",
            ],
            plan.Notes);
    }

    [Fact]
    public void Status_of_a_host_that_cannot_be_changed_is_told()
    {
        _kernel.Host.RefusalText = "this is no running machine";

        Assert.Empty(_kernel.Plan("nested status").Obstacles);
    }

    [Fact]
    public void Choices_while_a_vm_runs_are_greyed_out_with_its_name()
    {
        _kernel.Count("kvm_amd", 2);

        var choices = new NestedAction().Choices(new ActionContext(FakeModules.WithVm(), _kernel.Host)).ToList();

        Assert.Equal("kvm_amd is in use by vm100 (100)", choices.Single(c => c.Words([]).SequenceEqual(["nested", "off"])).DisabledReason);
        Assert.Equal("it is so already", choices.Single(c => c.Words([]).SequenceEqual(["nested", "on"])).DisabledReason);
    }

    // As the kernel has it on x86; what loads the module again makes files of the usual mode.
    private void MakeReadOnly()
    {
        foreach (var file in Directory.GetFiles(_kernel.Host.Map("/sys/module/kvm_amd/parameters")))
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
    }
}
