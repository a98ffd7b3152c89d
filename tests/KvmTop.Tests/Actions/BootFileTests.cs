using System.Runtime.InteropServices;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Tests.Actions;

/// <summary>
/// Files for every boot are never rewritten cut or damaged. Broke when: what was longer than the buffer was put back cut, what was not UTF-8 with question marks in its
/// place, a symbolic link as a file, and the owner, group and attributes of the old file were lost.
/// </summary>
public sealed partial class BootFileTests : IDisposable
{
    private const string Rules = "/etc/udev/rules.d/65-kvm.rules", Definition = "/etc/kvmtop/vms.d/a.json";

    private readonly FakeControl _host = new();

    public BootFileTests()
    {
        _ = _host.With("/proc/sys/vm/swappiness", "60\n").With("/sys/module/kvm/parameters/halt_poll_ns", "200000\n").With("/dev/kvm", "");
        File.SetUnixFileMode(_host.Map("/dev/kvm"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        foreach (var file in new[] { BootFile.Sysctl, BootFile.Tmpfiles, Rules, Definition })
            _ = Directory.CreateDirectory(_host.Map(Path.GetDirectoryName(file)!));
    }

    public static TheoryData<string, string, string> Files
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var kind in new[] { "long", "latin1", "zero", "return", "link", "pipe", "folder" })
            {
                data.Add(BootFile.Sysctl, "swappiness 10 --persist", kind);
                data.Add(BootFile.Tmpfiles, "halt-poll 0 --persist", kind);
                data.Add(Rules, "fix kvm-device --persist", kind);
                if (kind != "return")
                    data.Add(Definition, "vm define a --memory 64M", kind);
            }

            return data;
        }
    }

    public void Dispose() => _host.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public void File_that_could_not_be_put_back_whole_is_refused(string file, string line, string kind)
    {
        Make(_host.Map(file), kind);
        var before = Bytes(_host.Map(file), kind);

        var plan = Plan(line);

        Assert.False(plan.CanRun);
        Assert.Contains(plan.Obstacles, o => o.Reason.Contains(file, StringComparison.Ordinal));
        _ = new PlanExecutor(_host, new Journal(_host.Map("/log/audit.jsonl"), _host)).Execute(plan, null, _ => { });
        Assert.Equal(before, Bytes(_host.Map(file), kind));
    }

    [Theory]
    [InlineData("long")]
    [InlineData("latin1")]
    [InlineData("zero")]
    [InlineData("link")]
    [InlineData("pipe")]
    public void File_that_came_to_be_so_after_the_plan_is_left_alone(string kind)
    {
        var effect = Assert.IsType<ReplaceFileEffect>(Plan("swappiness 10 --persist").Effects[^1]);
        Make(_host.Map(BootFile.Sysctl), kind);
        var before = Bytes(_host.Map(BootFile.Sysctl), kind);

        Assert.Equal((false, false), effect.Apply(_host, _ => { }) is var result ? (result.Done, result.Changed) : default);
        Assert.Equal(before, Bytes(_host.Map(BootFile.Sysctl), kind));
    }

    [Fact]
    public void Other_lines_and_those_in_other_languages_are_kept()
    {
        _ = _host.With(BootFile.Sysctl, "# früher: 60\nnet.ipv4.ip_forward = 1\n\n");

        Assert.True(Execute("swappiness 10 --persist").IsDone);

        Assert.Equal("# früher: 60\nnet.ipv4.ip_forward = 1\nvm.swappiness = 10\n", _host.TextOf(BootFile.Sysctl));
    }

    [Fact]
    public void Owner_mode_and_attributes_are_kept()
    {
        _ = _host.With(BootFile.Sysctl, "vm.swappiness = 60\n");
        var path = _host.Map(BootFile.Sysctl);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var isRoot = SystemInfo.EffectiveUserId == 0;
        if (isRoot)
            Assert.Equal(0, chown(path, 0, 65534));
        var keepsAttributes = setxattr(path, "user.kvmtop", "kept"u8.ToArray(), 4, 0) == 0;

        Assert.True(Execute("swappiness 10 --persist").IsDone);

        Assert.Equal("vm.swappiness = 10\n", _host.TextOf(BootFile.Sysctl));
        _ = _host.Files.Stat(BootFile.Sysctl, out var facts);
        Assert.Equal("0640", facts.ModeNumber);
        if (isRoot)
            Assert.Equal(65534u, facts.Gid);
        var value = new byte[16];
        if (keepsAttributes)
            Assert.Equal("kept"u8, value.AsSpan(0, (int)getxattr(path, "user.kvmtop", value, value.Length)));
    }

    [Fact]
    public void Disk_that_is_full_leaves_the_old_file_and_nothing_beside_it()
    {
        _ = _host.With(BootFile.Sysctl, "vm.swappiness = 60\n");
        var folder = _host.Map("/etc/sysctl.d");

        // A folder stands where the new file would be written to.
        _ = Directory.CreateDirectory($"{_host.Map(BootFile.Sysctl)}.kvmtop-{Environment.ProcessId}/x");

        Assert.NotNull(AtomicFile.Replace(_host.Map(BootFile.Sysctl), "new\n"));
        Assert.Equal("vm.swappiness = 60\n", _host.TextOf(BootFile.Sysctl));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder).Length);
    }

    private static void Make(string path, string kind)
    {
        byte[] text = kind switch
        {
            "long" => [.. "# "u8, .. Enumerable.Repeat((byte)'x', 300 << 10), (byte)'\n'],
            "latin1" => [.. "# fr"u8, 0xFC, .. "her\n"u8],
            "zero" => [.. "# a"u8, 0, .. "b\n"u8],
            "return" => [.. "# a\r\n"u8],
            _ => [],
        };
        if (kind == "folder")
        {
            _ = Directory.CreateDirectory(path);
        }
        else if (kind == "pipe")
        {
            Assert.Equal(0, mkfifo(path, 0x180));
        }
        else if (kind == "link")
        {
            File.WriteAllText(path + ".real", "# elsewhere\n");
            _ = File.CreateSymbolicLink(path, path + ".real");
        }
        else
        {
            using var file = new FileStream(path, FileMode.Create);
            file.Write(text);
        }
    }

    private static string Bytes(string path, string kind) => kind switch
    {
        "folder" => Directory.Exists(path) ? kind : "gone",
        "pipe" => FileMark.Of(path)?.ToString() ?? "gone",
        "link" => new FileInfo(path).LinkTarget + File.ReadAllText(path),
        _ => Convert.ToHexString(File.ReadAllBytes(path)),
    };

    private ActionPlan Plan(string line) => new ActionDesk(_host, new Journal(_host.Map("/log/audit.jsonl"), _host)).Plan(new ActionContext(Snapshot.Empty, _host), line.Split(' '));

    private ActionResult Execute(string line) => new ActionDesk(_host, new Journal(_host.Map("/log/audit.jsonl"), _host)).Execute(Plan(line), null, _ => { });

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint uid, uint gid);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setxattr(string path, string name, byte[] value, nint size, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getxattr(string path, string name, [Out] byte[] value, nint size);
}
