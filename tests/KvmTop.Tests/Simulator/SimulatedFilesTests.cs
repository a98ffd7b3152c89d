using System.Text;
using KvmTop.Linux;
using KvmTop.Simulator;

namespace KvmTop.Tests.Simulator;

/// <summary>The tree of files: what is listed can be opened, what has ended says so, reading costs no garbage.</summary>
public sealed class SimulatedFilesTests
{
    private readonly SteppedTime _time = new();
    private readonly SimulatedHost _host;

    public SimulatedFilesTests() => _host = new(SimulatedHostOptions.Demo with { Time = _time });

    [Fact]
    public void Tree_everything_that_is_listed_exists_and_answers()
    {
        var (files, links, folders) = (0, 0, 0);
        var buffer = new byte[1 << 17];
        Walk("");
        Assert.True(files > 2000 && links > 100 && folders > 200, $"{files} {links} {folders}");

        void Walk(string folder)
        {
            var names = new List<string>();
            Assert.Equal(Errno.None, _host.List(folder.Length == 0 ? "/" : folder, names));
            Assert.Equal(names.Count, names.Distinct().Count());
            foreach (var path in names.Select(n => $"{folder}/{n}"))
            {
                Assert.True(_host.Exists(path), path);
                var listing = _host.List(path, []);
                var link = _host.ReadLink(path, new byte[256], out _);
                if (listing == Errno.None)
                {
                    folders++;
                    Assert.Equal(Errno.EINVAL, link);
                    Assert.Equal(Errno.None, _host.Open(path, out var opened));
                    Assert.Equal(-(int)Errno.EISDIR, opened!.ReadAt(0, new byte[16]));
                    Walk(path);
                }
                else if (link == Errno.None)
                {
                    links++;
                    Assert.Equal(Errno.ENOTDIR, listing);
                }
                else
                {
                    files++;
                    Assert.Equal(Errno.ENOTDIR, listing);
                    Assert.Equal(Errno.EINVAL, link);
                    Assert.Equal(Errno.None, _host.Open(path, out var file));
                    Assert.True(path is "/dev/kvm" or "/dev/net/tun" or "/dev/vhost-net" || file!.ReadAt(0, buffer) >= 0, path);
                }
            }
        }
    }

    [Theory]
    [InlineData("/proc/999999/stat")]
    [InlineData("/proc/1/task/2/stat")]
    [InlineData("/proc/1/nothing")]
    [InlineData("/proc/1/fd/77")]
    [InlineData("/proc/01/stat")]
    [InlineData("/proc/1x/stat")]
    [InlineData("/proc/1/stat/")]
    [InlineData("/sys/kernel/debug/kvm/1-11")]
    [InlineData("")]
    [InlineData("proc/stat")]
    public void Path_unknown_is_missing_everywhere(string path)
    {
        Assert.Equal(Errno.ENOENT, _host.Open(path, out var file));
        Assert.Null(file);
        Assert.False(_host.Exists(path));
        Assert.Equal(Errno.ENOENT, _host.List(path, []));
        Assert.Equal(Errno.ENOENT, _host.ListNumbers(path, []));
        Assert.Equal(Errno.ENOENT, _host.ReadLink(path, new byte[8], out _));
    }

    [Fact]
    public void Recurring_vm_its_open_files_answer_ESRCH_after_its_end_even_when_the_pid_is_reused()
    {
        var lives = new List<(int Pid, string Start, ulong Inode, HostFile File)>();
        var gone = 0;
        for (var second = 0; second < 900; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            var entries = new List<NumberedEntry>();
            _host.ListNumbers("/proc", entries);
            var now = entries.Where(e => e.Number >= 1 << 20).ToArray();
            Assert.InRange(now.Length, 0, 1);
            if (now.Length == 0)
            {
                gone++;
                Assert.All(lives, l => Assert.Equal(-(int)Errno.ESRCH, l.File.ReadAt(0, new byte[512])));
                Assert.All(lives, l => Assert.False(_host.Exists($"/proc/{l.Pid}")));
            }
            else if (lives.Count == 0 || lives[^1].Inode != now[0].Inode)
            {
                Assert.All(lives, l => Assert.Equal(-(int)Errno.ESRCH, l.File.ReadAt(0, new byte[512])));
                _host.Open($"/proc/{now[0].Number}/stat", out var file);
                lives.Add((now[0].Number, _host.Stat($"/proc/{now[0].Number}")[22], now[0].Inode, file!));
                Assert.True(long.Parse(_host.Stat($"/proc/{now[0].Number}")[14]) < 41 * 2 * 100);
            }
        }

        Assert.InRange(lives.Count, 15, 18);
        Assert.InRange(gone, 150, 300);
        Assert.Equal(lives.Count, lives.Select(l => l.Start).Distinct().Count());
        Assert.InRange(lives.Select(l => l.Pid).Distinct().Count(), lives.Count / 2, lives.Count - 1);
    }

    [Fact]
    public void ReadAt_in_pieces_gives_the_text_of_one_moment()
    {
        foreach (var path in new[] { "/proc/stat", "/proc/cpuinfo", "/proc/interrupts", "/proc/1/status" })
        {
            var whole = _host.Text(path);
            _host.Open(path, out var file);
            var pieces = new List<byte>();
            var piece = new byte[97];
            int n;
            while ((n = file!.ReadAt(pieces.Count, piece)) > 0)
            {
                pieces.AddRange(piece.AsSpan(0, n));
                _time.Advance(TimeSpan.FromMilliseconds(1));
            }

            Assert.Equal(0, n);
            if (path == "/proc/stat")
            {
                // Time has gone on since the whole was read, and the next reading from the start sees it.
                Assert.Equal(whole, Encoding.UTF8.GetString([.. pieces]));
                _time.Advance(TimeSpan.FromSeconds(1));
                Assert.NotEqual(whole, file.Text());
            }
            else
            {
                Assert.Equal(whole.Length, pieces.Count);
                Assert.EndsWith("\n", Encoding.UTF8.GetString([.. pieces]));
            }
        }
    }

    [Fact]
    public void ReadAt_closed_file_is_bad_descriptor()
    {
        _host.Open("/proc/stat", out var file);
        file!.Dispose();
        Assert.Equal(-(int)Errno.EBADF, file.ReadAt(0, new byte[64]));
    }

    [Fact]
    public void ReadAt_allocates_nothing()
    {
        var pid = _host.Vm("db-primary");
        var paths = new List<string> { "/proc/stat", "/proc/meminfo", "/proc/loadavg", "/proc/pressure/cpu", "/proc/pressure/memory", "/proc/vmstat", "/sys/fs/cgroup/machine.slice/analytics.scope/cpu.stat" };
        paths.AddRange(new[] { "stat", "status", "statm", "schedstat", "io", "cgroup", "comm", "cmdline" }.Select(f => $"/proc/{pid}/{f}"));
        paths.AddRange(new[] { "stat", "status", "schedstat", "syscall", "wchan" }.Select(f => $"/proc/{pid}/task/{pid + 4}/{f}"));
        var files = paths.Select(p => { _host.Open(p, out var f); return f!; }).ToArray();
        var buffer = new byte[1 << 16];
        foreach (var file in files)
        {
            file.ReadAt(0, buffer);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var file in files)
        {
            _time.Advance(TimeSpan.FromMilliseconds(3));
            Assert.True(file.ReadAt(0, buffer) > 0);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Descriptors_tell_the_vm_its_vcpus_and_its_tap()
    {
        var pid = _host.Vm("web02");
        var links = _host.Numbers($"/proc/{pid}/fd").ToDictionary(fd => fd, fd => _host.Link($"/proc/{pid}/fd/{fd}"));
        Assert.Contains("/dev/kvm", links.Values);
        Assert.Contains("anon_inode:kvm-vm", links.Values);
        Assert.Equal(["anon_inode:kvm-vcpu-stats:0", "anon_inode:kvm-vcpu-stats:1", "anon_inode:kvm-vcpu-stats:2", "anon_inode:kvm-vcpu-stats:3"], links.Values.Where(l => l.Contains("stats")).Order());
        Assert.Contains("iff:\tvnet", _host.Text($"/proc/{pid}/fdinfo/{links.Single(l => l.Value == "/dev/net/tun").Key}"));
    }

    [Fact]
    public void Stat_has_the_fields_of_the_kernel()
    {
        var pid = _host.Vm("web01");
        Assert.Equal(53, _host.Stat($"/proc/{pid}").Length);
        Assert.Equal("qemu-system-x86", _host.Stat($"/proc/{pid}")[2]);
        Assert.Equal("17", _host.Stat($"/proc/{pid}")[38]);
        Assert.Equal("-1", _host.Stat($"/proc/{pid}/task/{pid + 3}")[38]);
        Assert.Equal("CPU 0/KVM", _host.Stat($"/proc/{pid}/task/{pid + 3}")[2]);
    }

    [Fact]
    public void Cgroup_of_a_thread_leads_to_its_files()
    {
        foreach (var pid in _host.Vms())
        {
            foreach (var tid in _host.Numbers($"/proc/{pid}/task"))
            {
                var cgroup = _host.Text($"/proc/{pid}/task/{tid}/cgroup").TrimEnd()["0::".Length..];
                Assert.True(_host.Exists($"/sys/fs/cgroup{cgroup}/cpu.stat"), cgroup);
            }
        }
    }

    [Fact]
    public void Topology_every_cpu_is_on_one_node_with_its_sibling()
    {
        var nodes = new[] { 0, 1 }.Select(n => Reading.CpuList(_host.Text($"/sys/devices/system/node/node{n}/cpulist"))).ToArray();
        Assert.Equal(Enumerable.Range(0, 32), nodes[0].Concat(nodes[1]).Order());
        foreach (var cpu in Enumerable.Range(0, 32))
        {
            var folder = $"/sys/devices/system/cpu/cpu{cpu}/topology/";
            var siblings = Reading.CpuList(_host.Text(folder + "thread_siblings_list"));
            Assert.Equal(2, siblings.Count);
            Assert.Contains(cpu, siblings);
            Assert.Subset(nodes[int.Parse(_host.Text(folder + "physical_package_id"))], siblings);
        }
    }

    [Fact]
    public void Scale_makes_as_many_as_asked_for()
    {
        var host = new SimulatedHost(SimulatedHostOptions.Scale(250, 3) with { Time = _time });
        var vms = host.Vms();
        Assert.Equal(250, vms.Count);
        Assert.All(vms, p => Assert.Equal(3, host.Numbers($"/proc/{p}/task").Count(t => host.Text($"/proc/{p}/task/{t}/comm").StartsWith("CPU "))));
    }
}
