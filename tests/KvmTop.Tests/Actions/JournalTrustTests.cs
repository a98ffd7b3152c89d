using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Actions;
using KvmTop.Linux;

namespace KvmTop.Tests.Actions;

/// <summary>
/// A journal is a file like any other: what makes no sense is passed over with a word, and one that others could have written is neither read nor undone. Broke when: a
/// lone surrogate ended audit and undo with an exception, half a line took the next one along, a pipe was waited for, a stranger's journal had commands run as root.
/// </summary>
public sealed partial class JournalTrustTests : IDisposable
{
    private const string First = "/sys/first";

    private readonly FakeControl _host = new();
    private readonly Journal _journal;

    public JournalTrustTests()
    {
        _journal = new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host);
        _ = _host.With(First, "a\n");
    }

    private ActionDesk Desk => new(_host, _journal);

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("{\"id\":\"\\ud800\"}")]
    [InlineData("{\"id\":\"\\udc00\\ud800\"}")]
    [InlineData("{\"id\":\"x\",\"event\":\"begin\",\"title\":\"\\udfff\"}")]
    [InlineData("{\"\\ud800\":1,\"id\":\"x\",\"event\":\"begin\"}")]
    [InlineData("{\"id\":\"x\",\"event\":\"begin\",\"words\":[\"\\ud83d \\ude00\"]}")]
    [InlineData("{\"id\":\"x\",\"event\":\"begin\",\"effects\":[{\"kind\":\"replace-file\",\"path\":\"/etc/\\ud800\"}]}")]
    [InlineData("no JSON at all")]
    [InlineData("[1]")]
    [InlineData("\"text\"")]
    [InlineData("{\"id\":\"x\",\"ev")]
    [InlineData("\0\0\0\0")]
    public void Line_that_makes_no_sense_is_passed_over_and_counted(string line)
    {
        _ = Execute();
        Add(line + "\n");
        _ = Execute("b", "a");

        var entries = _journal.Read(out var errno, out var skipped);

        Assert.Equal((Errno.None, 1), (errno, skipped));
        Assert.Equal([JournalState.Done, JournalState.Done], entries.Select(e => e.State));
        Assert.True(Desk.PlanUndo(null).CanRun);
    }

    [Theory]
    [InlineData("\"time\":5,\"user\":[],\"sudo_user\":{},\"action\":null,\"title\":1e999,\"words\":[1],\"pid\":\"x\",\"pid_start\":-1,\"undoes\":7,\"reverts_at\":\"never\"")]
    [InlineData("\"pid\":99999999999999999999999,\"pid_start\":1.5,\"time\":\"0001-01-01T00:00:00+14:00\",\"reverts_at\":\"9999-12-31T23:59:59-14:00\"")]
    [InlineData("\"effects\":7")]
    [InlineData("\"effects\":[null,1,\"x\",[],{},{\"kind\":5},{\"kind\":\"run\",\"command\":[],\"undo\":[1]},{\"kind\":\"set-affinities\",\"threads\":[{\"tid\":-1}]}]")]
    [InlineData("\"effects\":[{\"kind\":\"replace-file\",\"path\":\"\",\"new\":\"x\"},{\"kind\":\"replace-file\",\"path\":\"a\\u0000b\",\"new\":\"x\"},{\"kind\":\"write-file\",\"path\":\"x\",\"old\":\"a\",\"new\":\"b\",\"check\":\"9\"}]")]
    [InlineData("\"effects\":[{\"kind\":\"start-vm\",\"name\":\"a\",\"command\":[\"x\"],\"directory\":\"\\u0000\"},{\"kind\":\"quit-vm\",\"name\":\"a\",\"directory\":\"\",\"process\":\"pid 99999999999 since -1\"}]")]
    [InlineData("\"effects\":[{\"kind\":\"run\",\"command\":[\"\\u0000\"],\"undo\":[\"\"],\"deadline_s\":-5,\"expect_path\":\"\\u001b\",\"expect_of\":\"77\"}]")]
    public void Values_of_other_types_and_absurd_sizes_end_nothing(string properties)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(_journal.Path)!);
        Add($"{{\"id\":\"x\",\"event\":\"begin\",{properties}}}\n{{\"id\":\"x\",\"event\":\"start\",\"step\":0}}\n{{\"id\":\"x\",\"event\":\"effect\",\"step\":99999999999,\"done\":\"yes\"}}\n{{\"id\":\"x\",\"event\":\"end\",\"state\":\"77\"}}\n");

        var entry = Assert.Single(_journal.Read(out _));

        _ = entry.Describe();
        Assert.All(entry.Steps, s => _ = s.Effect?.Describe());
        var plan = Desk.PlanUndo("x");
        _ = PlanText.Of(plan);
        _ = Desk.Execute(plan, null, _ => { });
    }

    [Fact]
    public void Half_a_line_from_a_loss_of_power_takes_no_other_along()
    {
        _ = Execute();
        Add("{\"time\":\"2026-12-01T00:00:00Z\",\"id\":\"cut");

        _ = Execute("b", "a");

        Assert.Equal(2, _journal.Read(out _, out var skipped).Count);
        Assert.Equal(1, skipped);
    }

    [Fact]
    public void Pipe_in_its_place_is_not_waited_for()
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(_journal.Path)!);
        Assert.Equal(0, mkfifo(_journal.Path, 0x180));

        Assert.Empty(_journal.Read(out var errno));
        Assert.NotEqual(Errno.None, errno);
        Assert.Null(Execute().Id);
        Assert.Equal("a\n", _host.TextOf(First));
    }

    [Theory]
    [InlineData("file writable by its group")]
    [InlineData("folder writable by all")]
    [InlineData("file of another user")]
    [InlineData("folder of another user")]
    public void Journal_that_others_could_have_written_is_not_trusted(string how)
    {
        Assert.SkipWhen(how.EndsWith("another user", StringComparison.Ordinal) && SystemInfo.EffectiveUserId != 0, "only root gives files away");
        _ = Execute();
        var folder = Path.GetDirectoryName(_journal.Path)!;
        switch (how)
        {
            case "file writable by its group":
                File.SetUnixFileMode(_journal.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
                break;
            case "folder writable by all":
                File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
                break;
            default:
                Assert.Equal(0, chown(how.StartsWith("file", StringComparison.Ordinal) ? _journal.Path : folder, 65534, 65534));
                break;
        }

        Assert.Empty(_journal.Read(out var errno));
        Assert.Equal(Errno.EPERM, errno);
        Assert.NotNull(_journal.Distrust);
        var plan = Desk.PlanUndo(null);
        Assert.False(plan.CanRun);
        Assert.Contains("is not trusted", plan.Obstacles[0].Reason);
    }

    [Fact]
    public void Note_of_a_run_that_was_killed_is_swept_and_that_of_one_that_lives_stays()
    {
        var folder = Directory.CreateTempSubdirectory("kvmtop-notes").FullName;
        var live = new LiveControl(new DirectoryHost(), static _ => null, null);
        try
        {
            File.WriteAllText(folder + "/wanted-1", "2147483646 5\n");
            File.WriteAllText(folder + "/wanted-2", "1 5\n");
            File.WriteAllText(folder + "/wanted-3", "");
            File.WriteAllText(folder + "/wanted-4", FormattableString.Invariant($"1 {live.StartTimeOf(1)}\n"));
            File.WriteAllText(folder + "/a.log", "");

            using (MonitorNote.Leave(live, folder, 7))
            {
                Assert.Equal(["a.log", "wanted-4", "wanted-7"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            }

            Assert.False(File.Exists(folder + "/wanted-7"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private ActionResult Execute(string from = "a", string to = "b") => Desk.Execute(
        new ActionPlan { Action = "test", Title = "Test", Words = ["test"], Effects = [new WriteFileEffect(First, from, to)] }, null, _ => { });

    private void Add(string text)
    {
        using var file = new FileStream(_journal.Path, FileMode.Append);
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint uid, uint gid);
}
