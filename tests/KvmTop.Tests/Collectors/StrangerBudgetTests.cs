using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

/// <summary>What a stranger's processes may take is bounded in sum: any number of them called as QEMU is was looked into, and each kept megabytes of its arguments twice.</summary>
public sealed class StrangerBudgetTests : IDisposable
{
    private readonly VmHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void So_many_look_alikes_of_a_stranger_are_looked_into_and_the_rest_is_told()
    {
        _host.Files.Write("/etc/passwd", "nobody:x:65534:65534::/:/bin/false\n");
        for (var i = 0; i < 100; i++)
            Stranger(4000 + i, kvm: false);
        Stranger(9000, kvm: true);
        _host.Process(9001, kvm: false);
        var vms = _host.Tick();
        Assert.Equal(StrangerBudget.MostOfUser + 2, vms.Count);
        Assert.Contains(vms, v => v.Info.Pid == 9000);
        Assert.Contains(vms, v => v.Info.Pid == 9001);
        Assert.Equal("36 more of user nobody without KVM are not looked into", _host.State.Reason);

        // Those that are shown stay, whoever comes.
        var shown = vms.Select(v => v.Info.Pid).ToList();
        Stranger(3000, kvm: false);
        Assert.Equal(shown, _host.Tick().Select(v => v.Info.Pid));
        _host.Files.Remove($"/proc/{shown[0]}");
        Assert.Equal(StrangerBudget.MostOfUser + 2, _host.Tick(11).Count);
    }

    [Fact]
    public void Many_users_have_a_limit_together()
    {
        for (var i = 0; i < 400; i++)
            Stranger(4000 + i, kvm: false, uid: 100_000 + i);
        Assert.Equal(StrangerBudget.MostOfAll, _host.Tick().Count);
    }

    [Fact]
    public void Command_lines_are_kept_up_to_a_size_and_in_sum()
    {
        var line = "/usr/bin/qemu-system-x86_64\0-name\0long\0" + string.Concat(Enumerable.Repeat("-device\0virtio-blk-pci,drive=d0,bootindex=1,iothread=x\0", 10_000));
        for (var i = 0; i < 40; i++)
            Stranger(4000 + i, kvm: false, line);
        _host.Process(9000, kvm: false, commandLine: line);
        var vms = _host.Tick();
        long Kept(VmModel vm) => vm.Info.Arguments.Sum(a => a.Length + 1L);
        Assert.InRange(Kept(vms[^1]), 50_000, StrangerBudget.LongestCommandLine + 1);
        Assert.True(vms.Take(40).Sum(Kept) <= (1 << 20) + (40 * (16 << 10)) + 40, $"{vms.Take(40).Sum(Kept)}");
        Assert.All(vms, vm => Assert.Equal("long", vm.Info.Name));
    }

    [Fact]
    public void Threads_of_one_without_kvm_have_a_limit()
    {
        Stranger(4000, kvm: false);
        for (var i = 1; i < 1000; i++)
            _host.Thread(4000, 4000 + i, $"t{i}");
        _host.Stat(4000, "qemu-system-x86", threads: 1000);
        Assert.InRange(_host.One().Threads.Length, 1, 256);
    }

    [Fact]
    public void Arguments_are_cleaned_when_they_are_looked_at()
    {
        var list = new ArgumentList("a\0\u001b[2Jb\0\0last"u8.ToArray(), 10, 100);
        Assert.Equal(["a", "·[2Jb", "", "last"], list);
        Assert.Equal((4, "last"), (list.Count, list[3]));
    }

    private void Stranger(int pid, bool kvm, string? commandLine = null, int uid = 65534)
    {
        _host.Process(pid, kvm: kvm, commandLine: commandLine);
        _host.Files.Write($"/proc/{pid}/status", $"Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nVmRSS:\t 2048 kB\nVmSwap:\t 0 kB\n");
    }
}
