using KvmTop.Actions;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

public sealed class ModuleActionsTests : IDisposable
{
    private readonly FakeModules _kernel = new();

    public void Dispose() => _kernel.Dispose();

    [Fact]
    public void Load_brings_first_what_it_stands_on_and_undo_takes_all_away()
    {
        Assert.True(_kernel.Do("module load kvm_amd nested=0").IsDone);

        Assert.Equal(["run modprobe irqbypass", "run modprobe kvm", "run modprobe kvm_amd nested=0"], _kernel.Host.Log);
        Assert.Equal("0", _kernel.Parameter("kvm_amd", "nested"));
        Assert.True(_kernel.Undo().IsDone);
        Assert.False(_kernel.IsLoaded("kvm_amd") || _kernel.IsLoaded("kvm") || _kernel.IsLoaded("irqbypass"));
    }

    [Fact]
    public void Load_of_what_is_loaded_does_nothing()
    {
        var plan = _kernel.Loaded("nbd").Plan("module load nbd");

        Assert.Equal((0, 0), (plan.Effects.Count, plan.Obstacles.Count));
    }

    [Fact]
    public void Load_with_another_value_of_what_is_loaded_is_refused() => Refused(_kernel.Loaded("nbd").Plan("module load nbd nbds_max=4"), "nbd is loaded already, and its nbds_max is 16, not 4");

    [Fact]
    public void Load_of_what_there_is_not_is_refused() => Refused(_kernel.Plan("module load nope"), "there is no module nope for this kernel: not in /lib/modules/6.1.0/modules.dep or modules.builtin");

    [Fact]
    public void Load_that_is_kept_away_names_the_line()
    {
        _ = _kernel.Host.With("/etc/modprobe.d/x.conf", "install nbd /bin/false\n");

        Refused(_kernel.Plan("module load nbd"), "nbd is kept from loading by /etc/modprobe.d/x.conf:1: install nbd /bin/false");
    }

    [Fact]
    public void Load_of_a_blacklisted_module_by_name_is_not_refused()
    {
        _ = _kernel.Host.With("/etc/modprobe.d/x.conf", "blacklist nbd\n");

        Assert.True(_kernel.Plan("module load nbd").CanRun);
    }

    [Fact]
    public void Load_that_fails_tells_modprobes_and_the_kernels_words_and_takes_back_what_it_stands_on()
    {
        _kernel.Instead = command =>
        {
            if (command[1] != "kvm_amd")
                return null;
            _ = _kernel.Host.With("/dev/kmsg", "6,1,1,-;booted\n3,2,9,-;kvm_amd: SVM disabled (by BIOS)\n6,3,9,-;eth0 is up\n");
            return FakeModules.Failed("modprobe: ERROR: could not insert 'kvm_amd': Operation not supported");
        };

        var result = _kernel.Do("module load kvm_amd");

        Assert.Equal(JournalState.RolledBack, result.State);
        Assert.Contains("exit code 1: modprobe: ERROR: could not insert 'kvm_amd': Operation not supported; kernel log: kvm_amd: SVM disabled (by BIOS);", result.Problem);
        Assert.False(_kernel.IsLoaded("kvm"));
    }

    [Fact]
    public void Load_that_reports_success_and_did_nothing_is_a_failure()
    {
        _kernel.Instead = _ => new ChildResult(0, [], [], null);

        Assert.Contains("reported success, but nbd is not loaded", _kernel.Do("module load nbd").Problem);
    }

    [Fact]
    public void Load_that_hangs_ends_at_its_deadline_and_is_rolled_back()
    {
        _kernel.Instead = _ => new ChildResult(null, [], [], "modprobe: no answer within 30 s");

        var result = _kernel.Do("module load nbd");

        Assert.Equal((JournalState.RolledBack, true), (result.State, result.Problem!.StartsWith("modprobe: no answer within 30 s", StringComparison.Ordinal)));
    }

    [Fact]
    public void Unload_with_holders_is_refused_and_names_them() =>
        Refused(_kernel.Loaded("irqbypass", "kvm", "kvm_amd").Plan("module unload kvm"), "kvm is in use by the module kvm_amd");

    [Fact]
    public void Unload_while_vms_run_is_refused_and_names_them()
    {
        _kernel.Loaded("irqbypass", "kvm", "kvm_amd").Count("kvm_amd", 2);

        Refused(_kernel.Plan("module unload kvm_amd", FakeModules.WithVm()), "kvm_amd is in use by vm100 (100)");
    }

    [Fact]
    public void Unload_while_a_process_has_the_device_open_names_it()
    {
        _kernel.Loaded("irqbypass", "kvm", "kvm_amd").Count("kvm_amd", 1);
        _ = _kernel.Host.With("/proc/77/comm", "trial\n").With("/proc/77/fd/.x", "");
        _ = File.CreateSymbolicLink(_kernel.Host.Map("/proc/77/fd/5"), "/dev/kvm");

        Refused(_kernel.Plan("module unload kvm_amd"), "kvm_amd is in use by trial (77)");
    }

    [Fact]
    public void Unload_in_use_by_nobody_knows_whom_says_so()
    {
        _kernel.Loaded("nbd").Count("nbd", 3);

        Refused(_kernel.Plan("module unload nbd"), "nbd is in use: its reference count is 3; by whom cannot be seen");
    }

    [Fact]
    public void Unload_undone_loads_with_the_parameters_as_they_were()
    {
        _ = _kernel.Loaded("nbd").Set("nbd", "nbds_max", "3");

        Assert.True(_kernel.Do("module unload nbd").IsDone);
        Assert.False(_kernel.IsLoaded("nbd"));
        Assert.True(_kernel.Undo().IsDone);
        Assert.Equal("3", _kernel.Parameter("nbd", "nbds_max"));
    }

    [Fact]
    public void Unload_somebody_came_since_the_plan_changes_nothing()
    {
        var plan = _kernel.Loaded("nbd").Plan("module unload nbd");
        _kernel.Count("nbd", 1);

        var result = _kernel.Desk.Execute(plan, null, _ => { });

        Assert.Equal((JournalState.RolledBack, true), (result.State, _kernel.IsLoaded("nbd")));
        Assert.Contains("Module nbd is in use", result.Problem);
    }

    [Fact]
    public void Unload_whoever_looked_for_a_moment_does_not_stop_it()
    {
        _kernel.Loaded("nbd").Count("nbd", 0);
        var attempts = 0;
        _kernel.Instead = command => command[0] == "rmmod" && ++attempts < 3 ? FakeModules.Failed("rmmod: ERROR: Module nbd is in use") : null;

        Assert.True(_kernel.Do("module unload nbd").IsDone);
    }

    [Fact]
    public void Reload_of_kvm_takes_its_holder_along_and_keeps_the_parameters_of_both()
    {
        _ = _kernel.Loaded("irqbypass", "kvm", "kvm_amd").Set("kvm", "halt_poll_ns", "5").Set("kvm_amd", "nested", "0");

        Assert.True(_kernel.Do("module reload kvm").IsDone);

        Assert.Equal(["run rmmod kvm_amd", "run rmmod kvm", "run modprobe kvm halt_poll_ns=5", "run modprobe kvm_amd nested=0"], _kernel.Host.Log);
    }

    [Fact]
    public void Reload_keeps_what_modprobe_d_sets_with_its_value_of_now_and_leaves_what_is_as_it_comes()
    {
        _ = _kernel.Host.With("/etc/modprobe.d/x.conf", "options kvm_amd avic=1\n");

        var plan = _kernel.Loaded("irqbypass", "kvm", "kvm_amd").Plan("module reload kvm_amd");

        Assert.Equal("run modprobe kvm_amd avic=N", plan.Effects[1].Describe());
    }

    [Fact]
    public void Reload_of_a_module_whose_file_is_gone_is_refused()
    {
        _ = _kernel.Loaded("nbd").Host.With("/lib/modules/6.1.0/modules.dep", "kernel/kvm.ko:\n");

        Refused(_kernel.Plan("module reload nbd"), "the file of nbd is not found: it could not be loaded again");
    }

    [Fact]
    public void Set_what_may_be_written_is_written()
    {
        _ = _kernel.Loaded("irqbypass", "kvm", "kvm_amd");

        Assert.True(_kernel.Do("module set kvm halt_poll_ns=5").IsDone);

        Assert.Equal(["/sys/module/kvm/parameters/halt_poll_ns = 5"], _kernel.Host.Log);
    }

    [Fact]
    public void Set_flag_is_written_as_the_kernel_spells_it()
    {
        _ = _kernel.Loaded("irqbypass", "kvm", "kvm_amd");

        Assert.Equal("write /sys/module/kvm/parameters/tdp_mmu: Y -> N", Assert.Single(_kernel.Plan("module set kvm tdp_mmu=off").Effects).Describe());
    }

    [Fact]
    public void Set_what_may_not_be_written_takes_a_reload_and_undo_another()
    {
        ReadOnly("pause_filter_count");

        Assert.True(_kernel.Do("module set kvm_amd pause_filter_count=9").IsDone);
        Assert.Equal("9", _kernel.Parameter("kvm_amd", "pause_filter_count"));
        Assert.True(_kernel.Undo().IsDone);
        Assert.Equal("3000", _kernel.Parameter("kvm_amd", "pause_filter_count"));
    }

    [Fact]
    public void Set_parameter_that_there_is_not_lists_those_there_are()
    {
        var plan = _kernel.Loaded("nbd").Plan("module set nbd nbds=3");

        Assert.Equal((ObstacleKind.Mistake, "nbd has no parameter nbds, but nbds_max"), (plan.Obstacles[0].Kind, plan.Obstacles[0].Reason));
    }

    [Fact]
    public void Set_of_what_is_not_loaded_is_refused_unless_for_every_boot()
    {
        Refused(_kernel.Plan("module set nbd nbds_max=3"), "nbd is not loaded");
        Assert.Equal("create /etc/modprobe.d/kvmtop.conf: + options nbd nbds_max=3", Assert.Single(_kernel.Plan("module set nbd nbds_max=3 --persist").Effects).Describe());
    }

    [Fact]
    public void Set_of_what_is_built_in_and_fixed_names_the_kernel_command_line()
    {
        _ = _kernel.Host.With("/sys/module/crc32/parameters/x", "1\n");
        File.SetUnixFileMode(_kernel.Host.Map("/sys/module/crc32/parameters/x"), UnixFileMode.UserRead);

        var plan = _kernel.Plan("module set crc32 x=2");

        Assert.Equal("add crc32.x=2 to the kernel command line, and reboot", Assert.Single(plan.Obstacles).Remedy);
    }

    [Theory]
    [InlineData("module load ../kvm")]
    [InlineData("module load kvm/x")]
    [InlineData("module load ..")]
    [InlineData("module load -r")]
    [InlineData("module load -- -r")]
    [InlineData("module unload -- --force")]
    [InlineData("module load nbd nbds_max=1;reboot")]
    [InlineData("module load nbd nbds_max=\"1\"")]
    [InlineData("module load nbd nbds_max=$(id)")]
    [InlineData("module load nbd nbds_max=1\noptions")]
    [InlineData("module load nbd -r=1")]
    [InlineData("module load nbd nbds_max")]
    [InlineData("module load nbd nbds_max=1 nbds_max=2")]
    [InlineData("module set nbd nbds_max=1\\")]
    [InlineData("module load ")]
    [InlineData("module unload")]
    [InlineData("module reload a b")]
    public void Plan_words_that_could_mean_something_else_are_a_mistake(string line) => Assert.Equal(ObstacleKind.Mistake, Assert.Single(_kernel.Plan(line).Obstacles).Kind);

    [Fact]
    public void Plan_name_with_a_blank_is_a_mistake() =>
        Assert.Equal(ObstacleKind.Mistake, _kernel.Desk.Plan(new ActionContext(KvmTop.Collectors.Snapshot.Empty, _kernel.Host), ["module", "load", "nbd -r"]).Obstacles[0].Kind);

    [Theory]
    [InlineData("module load nbd")]
    [InlineData("module unload nbd")]
    [InlineData("module reload nbd")]
    [InlineData("module set nbd nbds_max=3 --persist")]
    public void Plan_kernel_without_modules_says_so(string line)
    {
        File.Delete(_kernel.Host.Map("/proc/modules"));
        Directory.Delete(_kernel.Host.Map("/lib"), recursive: true);

        Assert.Contains("this kernel was built without loadable modules", Assert.Single(_kernel.Plan(line).Obstacles).Reason);
    }

    [Fact]
    public void Plan_without_the_capability_is_a_matter_of_privilege()
    {
        _ = _kernel.Host.With("/proc/self/status", "Name:\tx\nCapEff:\t000001fffffeffff\n");

        var obstacle = Assert.Single(_kernel.Plan("module load nbd").Obstacles);
        Assert.Equal(ObstacleKind.Privilege, obstacle.Kind);
        Assert.Contains("CAP_SYS_MODULE", obstacle.Reason);
    }

    [Fact]
    public void Plan_modules_switched_off_until_reboot_is_refused()
    {
        _ = _kernel.Host.With("/proc/sys/kernel/modules_disabled", "1\n");

        Refused(_kernel.Plan("module load nbd"), "kernel.modules_disabled is 1: no module can be loaded or unloaded until the next boot");
    }

    private void ReadOnly(string parameter)
    {
        _ = _kernel.Loaded("irqbypass", "kvm", "kvm_amd");
        File.SetUnixFileMode(_kernel.Host.Map("/sys/module/kvm_amd/parameters/" + parameter), UnixFileMode.UserRead);
    }

    private static void Refused(ActionPlan plan, string reason)
    {
        Assert.Equal((ObstacleKind.Refused, reason), (plan.Obstacles[0].Kind, plan.Obstacles[0].Reason));
        Assert.False(plan.CanRun);
    }
}
