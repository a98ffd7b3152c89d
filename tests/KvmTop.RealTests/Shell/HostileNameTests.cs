using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Shell;

/// <summary>A VM's name is written by whoever started it, and it is shown on the terminal of root.</summary>
public sealed class HostileNameTests : IClassFixture<HostileNameTests.HostileGuest>
{
    private readonly Guest _guest;

    public HostileNameTests(HostileGuest hostile) => _guest = hostile.Start();

    [Theory]
    [InlineData("text")]
    [InlineData("csv")]
    [InlineData("json")]
    public void Output_has_the_guest_on_one_line_without_a_control_byte(string format)
    {
        var result = KvmTopProgram.Run("-b", "-n", "1", "-d", "0.2", "-o", format);

        Assert.Equal((0, ""), (result.ExitCode, result.Stderr));
        Assert.DoesNotContain(result.Stdout, c => char.IsControl(c) && c != '\n');
        var line = Assert.Single(result.Stdout.Split('\n'), l => l.Contains("evil", StringComparison.Ordinal));
        Assert.Contains($"{_guest.Pid}", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Screen_draws_no_sequence_of_the_name_and_keeps_its_columns()
    {
        using var workplace = new Workplace();
        using var session = workplace.Start(220, 30, "-d", "0.5", "--filter", "evil");
        var bytes = Path.Combine(workplace.Folder, "bytes");
        session.WaitFor("evil");
        session.RecordTo(bytes);
        // Everything is drawn again: list, tree, vCPUs, the VM's own view, Events.
        session.SendKeys("C-l");
        session.SendKeys("F5");
        session.WaitFor("vcpu 0");
        session.SendKeys("2");
        session.WaitFor("AFFINITY");
        session.SendKeys("9");
        session.WaitFor("TOOK");
        session.SendKeys("1", "Home", "Enter");
        session.WaitFor("Command line");
        session.SendKeys("Escape");
        var screen = session.WaitFor("RDYMX");

        Assert.NotEqual("pwned", session.Title);
        var row = Assert.Single(screen.Split('\n'), l => l.Contains("evil", StringComparison.Ordinal) && l.Contains("running", StringComparison.Ordinal));
        Assert.Equal($"{_guest.Pid}", new ScreenTable(screen, "NAME", "PID").Cell(row, "PID"));
        var raw = File.ReadAllBytes(bytes);
        Assert.True(raw.Length > 1000, "the recording is empty");
        Assert.Equal(-1, raw.AsSpan().IndexOf("\x1b]2;"u8));
        Assert.Equal(-1, raw.AsSpan().IndexOf("\x1b[31;7m"u8));
        Assert.DoesNotContain((byte)7, raw);
        // C1 controls as UTF-8: U+009B is CSI for some terminals.
        Assert.Equal(-1, raw.AsSpan().IndexOf("\u009b"u8));
        // Right-to-left override turns a line round.
        Assert.Equal(-1, raw.AsSpan().IndexOf("\u202E"u8));
    }

    /// <summary>One guest for all tests of this class.</summary>
    public sealed class HostileGuest : IDisposable
    {
        private Guest? _guest;

        public Guest Start()
        {
            Need.Tmux();
            return _guest ??= Guest.Start(new GuestOptions
            {
                Work = GuestWork.Halt,
                Name = "evil\x1b]2;pwned\x07\x1b[31;7m\nsecond line\r\t\u009b5m\u202Eright to left 日本語 🦊",
            });
        }

        public void Dispose() => _guest?.Dispose();
    }
}
