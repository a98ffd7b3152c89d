using System.Globalization;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Actions;

/// <summary>VMs that the program itself defines and starts. As root: definitions in /etc/kvmtop/vms.d, monitors in /run/kvmtop; all is taken away again.</summary>
public sealed class StartingTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private static int s_count;

    private readonly Workplace _place = new();
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"kvmtop-start-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
    private readonly Keeper _keeper;
    private readonly string _rom;
    private readonly string _image;

    public StartingTests()
    {
        // Whatever happens to the test, no guest and no file of it stays.
        _keeper = new Keeper(
            """for n in "$1" "$1-b"; do [ -s "/run/kvmtop/$n.pid" ] && kill -9 "$(cat "/run/kvmtop/$n.pid")" 2>/dev/null; rm -f "/run/kvmtop/$n".* "/etc/kvmtop/vms.d/$n.json"; done""", _name);
        _rom = Path.Combine(_place.Folder, "rom.bin");
        File.WriteAllBytes(_rom, Rom.Build(GuestWork.Halt));
        _image = Path.Combine(_place.Folder, "disk, one.img");
        File.WriteAllBytes(_image, new byte[1 << 20]);
    }

    public void Dispose()
    {
        _keeper.Dispose();
        _place.Dispose();
    }

    [Fact]
    public void Start_defined_vm_outlives_the_program_and_undo_ends_it()
    {
        Needs();
        _ = Run(0, ["vm", "define", _name, .. Guest, "--disk", _image + ",format=raw", "--yes"]);
        Assert.Contains(Run(0, "vm", "list").GetProperty("notes").EnumerateArray(), n => n.GetString()!.StartsWith(_name + ": off", StringComparison.Ordinal));

        var started = Run(0, "vm", "start", _name, "--yes");
        var pid = Pid(_name);

        Assert.Equal("done", started.GetProperty("result").GetString());
        Assert.True(Native.IsAlive(pid));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode($"/run/kvmtop/{_name}.qmp"));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode("/run/kvmtop"));
        var vm = Assert.Single(JsonRecords.Run("-n", "2", "-d", "1")[^1].GetProperty("vms").EnumerateArray(), v => v.GetProperty("pid").GetInt32() == pid);
        Assert.Equal(_name, vm.GetProperty("name").GetString());
        Assert.Contains(Run(4, "vm", "start", _name, "--yes").GetProperty("obstacles").EnumerateArray(), o => o.GetProperty("reason").GetString()!.Contains("runs already", StringComparison.Ordinal));

        _ = Run(0, "undo", started.GetProperty("id").GetString()!, "--yes");

        Assert.True(Wait.Until(() => !Native.IsAlive(pid), s_deadline));
    }

    [Fact]
    public async Task Start_twice_at_once_is_one_vm_whose_monitor_stays_within_reach()
    {
        Needs();
        _ = Run(0, ["vm", "define", _name, .. Guest, "--yes"]);

        // Both plan before either holds the lock, or the second is refused by its plan: in both cases one VM runs, and all of its files are its own.
        var both = new Task<CommandResult>[2];
        for (var i = 0; i < both.Length; i++)
            both[i] = Task.Run(() => KvmTopProgram.Run(["vm", "start", _name, "--yes"], TimeSpan.FromSeconds(60), Surroundings), TestContext.Current.CancellationToken);
        var ends = await Task.WhenAll(both);

        Assert.Single(ends, end => end.ExitCode == 0);
        Assert.True(Native.IsAlive(Pid(_name)));
        Assert.All(["qmp", "console", "pid"], kind => Assert.True(File.Exists($"/run/kvmtop/{_name}.{kind}"), kind));
        _ = Run(0, "vm", "pause", _name, "--yes");
    }

    [Fact]
    public void Start_affinity_holds_for_all_of_its_threads()
    {
        Needs();
        _ = Run(0, ["vm", "run", "--name", _name, .. Guest, "--affinity", "0", "--yes"]);

        foreach (var task in Directory.GetDirectories(FormattableString.Invariant($"/proc/{Pid(_name)}/task")))
            Assert.Contains("Cpus_allowed_list:\t0\n", File.ReadAllText(task + "/status"), StringComparison.Ordinal);
    }

    [Fact]
    public void Start_disk_of_another_vm_is_refused_and_names_it()
    {
        Needs();
        _ = Run(0, ["vm", "run", "--name", _name, .. Guest, "--disk", _image + ",format=raw", "--yes"]);

        var refused = Run(4, ["vm", "run", "--name", _name + "-b", .. Guest, "--disk", _image + ",format=raw", "--yes"]);

        Assert.Contains($"in use by {_name}", Assert.Single(refused.GetProperty("obstacles").EnumerateArray()).GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.False(File.Exists($"/run/kvmtop/{_name}-b.pid"));
    }

    [Fact]
    public void Start_qemu_refuses_its_words_are_shown_and_nothing_is_left()
    {
        Needs();

        var failed = Run(1, "vm", "run", "--name", _name, "--memory", "64M", "--cpu", "no-such-model", "--yes");

        Assert.Equal("rolled_back", failed.GetProperty("result").GetString());
        Assert.Contains("no-such-model", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.False(File.Exists($"/run/kvmtop/{_name}.pid"));
        Assert.False(File.Exists($"/run/kvmtop/{_name}.qmp"));
    }

    [Fact]
    public void Start_hostile_definition_is_a_mistake_that_names_file_and_key()
    {
        Needs();
        var file = _place.Write("vms.d/" + _name + ".json", $$"""{"name": "{{_name}}", "memory": "64M", "vcpus": 1, "disks": [{"path": "/a\u001b]0;x\u0007", "format": "raw"}]}""");

        var result = KvmTopProgram.Run(["vm", "start", _name, "--yes"], s_deadline, Surroundings);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"{file}: disks[0].path: control characters", result.Stdout + result.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Stdout + result.Stderr);
    }

    [Fact]
    public void Start_with_hugepages_takes_them_from_the_pool_and_gives_them_back()
    {
        Needs();
        const int pages = 32;
        using var loan = HugepageLoan.Take(pages);
        var free = HugepageLoan.Read("free_hugepages");

        var started = Run(0, ["vm", "run", "--name", _name, .. Guest, "--hugepages", "--yes"]);

        Assert.Equal(free - pages, HugepageLoan.Read("free_hugepages"));
        Assert.Contains(
            Run(4, ["vm", "run", "--name", _name + "-b", "--memory", "1T", "--firmware", _rom, "--hugepages", "--dry-run"]).GetProperty("obstacles").EnumerateArray(),
            o => o.GetProperty("reason").GetString()!.Contains("hugepages of 2M, and", StringComparison.Ordinal));
        _ = Run(0, "undo", started.GetProperty("id").GetString()!, "--yes");
        Assert.True(Wait.Until(() => HugepageLoan.Read("free_hugepages") == free, s_deadline));
    }

    private string[] Guest => ["--memory", "64M", "--vcpus", "1", "--cpu", "host,-arch-capabilities", "--firmware", _rom];

    private Dictionary<string, string?> Surroundings => _place.Environment.ToDictionary(e => e.Key, e => (string?)e.Value);

    private static void Needs()
    {
        Need.Root();
        Need.Kvm();
        _ = Need.Qemu();
    }

    private static int Pid(string name) => int.Parse(File.ReadAllText($"/run/kvmtop/{name}.pid"), CultureInfo.InvariantCulture);

    private JsonElement Run(int code, params string[] words)
    {
        var result = KvmTopProgram.Run([.. words, "-o", "json"], TimeSpan.FromSeconds(60), Surroundings);
        Assert.True(result.ExitCode == code, $"exit {result.ExitCode}: {result.Stdout}{result.Stderr}");
        return JsonDocument.Parse(result.Stdout).RootElement.Clone();
    }
}
