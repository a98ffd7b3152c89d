using System.Globalization;

namespace KvmTop.RealTests.Harness;

/// <summary>A program in a real terminal: a tmux server of its own with one pane, which stays after the program ended.</summary>
public sealed class TmuxSession : IDisposable
{
    private const string Configuration = """
        set -g status off
        set -g remain-on-exit on
        set -g mouse off
        set -s escape-time 0
        set -g default-terminal "tmux-256color"

        """;

    private readonly string _tmux;
    private readonly string _folder;
    private readonly Keeper _keeper;

    private TmuxSession(string tmux, string folder)
    {
        (_tmux, _folder) = (tmux, folder);
        _keeper = new Keeper("""tmux -S "$1" kill-server 2>/dev/null; rm -rf -- "$2" """, Socket, folder);
    }

    /// <summary>The process that tmux started: the program itself, for it is started without a shell in between.</summary>
    public int Pid => int.Parse(Query("#{pane_pid}"), CultureInfo.InvariantCulture);

    /// <summary>True when the program has ended; its last screen is still there to capture.</summary>
    public bool HasEnded => Query("#{pane_dead}") == "1";

    /// <summary>The exit code of a program that has ended; null when it runs or a signal killed it.</summary>
    public int? ExitCode => int.TryParse(Query("#{pane_dead_status}"), CultureInfo.InvariantCulture, out var code) ? code : null;

    /// <summary>Whether the program has the alternate screen, as full-screen programs do and should give back.</summary>
    public bool IsAlternateScreen => Query("#{alternate_on}") == "1";

    /// <summary>Whether the terminal is asked to report the mouse.</summary>
    public bool IsMouseOn => Query("#{mouse_any_flag}") == "1";

    private string Socket => Path.Combine(_folder, "tmux");

    /// <summary>Starts <paramref name="command"/> (program and arguments) at the given size; skips the test where there is no tmux.</summary>
    public static TmuxSession Start(
        int width, int height, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var session = new TmuxSession(Need.Tmux(), Directory.CreateTempSubdirectory("kvmtop-tmux-").FullName);
        try
        {
            var configuration = Path.Combine(session._folder, "conf");
            File.WriteAllText(configuration, Configuration);
            var settings = new Dictionary<string, string>(environment ?? new Dictionary<string, string>());
            settings.TryAdd("LANG", "C.UTF-8");
            settings.TryAdd("LC_ALL", settings["LANG"]);
            // `env` becomes the program: tmux itself would hand the command to a shell.
            session.Tmux(
            [
                "-f", configuration, "new-session", "-d", "-x", $"{width}", "-y", $"{height}",
                "--", "/usr/bin/env", .. settings.Select(pair => $"{pair.Key}={pair.Value}"), .. command,
            ]);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Presses keys by tmux's names (<c>F5</c>, <c>Enter</c>, <c>C-c</c>, <c>q</c>).</summary>
    public void SendKeys(params string[] keys) => Tmux(["send-keys", .. keys]);

    /// <summary>Sends bytes to the program as a terminal would: mouse reports, pasted text.</summary>
    public void SendBytes(ReadOnlySpan<byte> bytes)
    {
        var keys = new List<string> { "send-keys", "-H" };
        foreach (var b in bytes) keys.Add(b.ToString("x2", CultureInfo.InvariantCulture));
        Tmux(keys);
    }

    /// <summary>Presses and releases the left button on a cell (0-based), in X10 encoding, which tmux's terminfo entry announces (kmous). Beyond
    /// column 93 that takes bytes which send-keys cannot send.</summary>
    public void Click(int x, int y)
    {
        var (column, row) = ((byte)(33 + x), (byte)(33 + y));
        SendBytes([0x1B, (byte)'[', (byte)'M', 32, column, row]);
        SendBytes([0x1B, (byte)'[', (byte)'M', 35, column, row]);
    }

    /// <summary>Every byte that the program writes from now on goes to a file as well, before tmux makes a screen of it.</summary>
    public void RecordTo(string file) => Tmux(["pipe-pane", "-o", $"cat > '{file}'"]);

    /// <summary>The title that the program gave the terminal.</summary>
    public string Title => Query("#{pane_title}");

    /// <summary>Types text as it stands.</summary>
    public void SendText(string text) => Tmux(["send-keys", "-l", text]);

    /// <summary>
    /// The screen, one line per row, without trailing spaces; with colours as escape sequences when asked. After the program's end
    /// one line more: tmux scrolls by one to write "Pane is dead" below.
    /// </summary>
    public string Capture(bool withEscapes = false) =>
        Tmux(["capture-pane", "-p", .. withEscapes ? ["-e"] : Array.Empty<string>(), .. HasEnded ? ["-S", "-1"] : Array.Empty<string>()]);

    public void Resize(int width, int height) => Tmux(["resize-window", "-x", $"{width}", "-y", $"{height}"]);

    /// <summary>Sends a signal to the program.</summary>
    public void Signal(int signal)
    {
        if (Native.Kill(Pid, signal) != 0) throw new InvalidOperationException($"kill({Pid}, {signal}) failed");
    }

    /// <summary>Waits for text on the screen and gives the screen that has it; fails with the last screen when it does not come.</summary>
    public string WaitFor(string text, TimeSpan? deadline = null) =>
        WaitFor(screen => screen.Contains(text, StringComparison.Ordinal), $"\"{text}\"", deadline);

    /// <summary>The same for any condition; <paramref name="what"/> names it in the failure.</summary>
    public string WaitFor(Func<string, bool> condition, string what, TimeSpan? deadline = null)
    {
        var screen = "";
        var limit = deadline ?? TimeSpan.FromSeconds(30);
        if (!Wait.Until(() => condition(screen = Capture()), limit))
            Assert.Fail($"{what} did not come within {limit.TotalSeconds:F0} s. The screen (ended: {HasEnded}, exit {ExitCode}):\n{screen}");
        return screen;
    }

    /// <summary>Waits for the program's end and gives its exit code; null when a signal killed it.</summary>
    public int? WaitForEnd(TimeSpan? deadline = null)
    {
        WaitFor(_ => HasEnded, "the program's end", deadline);
        // The terminal is closed a moment before its process can be waited for, and tmux 3.3 at times does not look again, whatever the
        // program: another child's end makes it.
        Wait.Until(HasStatus, TimeSpan.FromSeconds(5));
        return ExitCode;
    }

    public void Dispose() => _keeper.Dispose();

    private bool HasStatus()
    {
        if (Query("#{pane_dead_status}#{pane_dead_signal}").Length > 0) return true;
        Tmux(["run-shell", "-b", "true"]);
        return false;
    }

    private string Query(string format) => Tmux(["display-message", "-p", format]).TrimEnd('\n');

    private string Tmux(IEnumerable<string> arguments)
    {
        // TMUX is unset: a test run inside tmux must not reach its own session.
        var result = Command.Run(
            _tmux, ["-S", Socket, .. arguments], TimeSpan.FromSeconds(30), new Dictionary<string, string?> { ["TMUX"] = null });
        if (result.ExitCode != 0) throw new InvalidOperationException($"tmux {string.Join(' ', arguments)}: {result.Stderr.Trim()}");
        return result.Stdout;
    }
}
