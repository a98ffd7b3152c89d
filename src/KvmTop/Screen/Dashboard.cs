using System.Diagnostics.CodeAnalysis;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.CommandLine;
using KvmTop.Configuration;
using KvmTop.Linux;
using KvmTop.Streams;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>Opens the terminal, runs the application in it, and gives the terminal back on every way out.</summary>
internal static class Dashboard
{
    // The second reading comes soon, so that rates stand on the screen before anybody wonders.
    private static readonly TimeSpan s_firstInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs until the operator leaves. Returns the exit code.</summary>
    public static int Run(Options options, ConfigurationFiles files)
    {
        var directories = ThemeDirectories(files);
        if (Themes.TryOpen(options.Theme, directories, out var problem) is not { } themes)
        {
            return StandardStreams.Print($"kvmtop: theme: {problem}\n", ExitCode.Usage);
        }

        var terminalOptions = new NcursesOptions { MaxColors = options.NoColor ? 0 : null, Unicode = options.Ascii ? false : null, Mouse = !options.NoMouse };
        var environment = EnvironmentBlock.OfProcess();
        using var monitor = new Monitor(options, s_firstInterval, environment);

        // Reading begins while the terminal is being opened; there is nobody to wake before that.
        NcursesTerminal? woken = null;
        var latest = new LatestWins<Snapshot>(() => Volatile.Read(ref woken)?.WakeUp());
        using var ticking = monitor.Hub.Observe(App.Always, App.AtLeisure).Subscribe(latest);
        if (!NcursesTerminal.TryOpen(terminalOptions, out var terminal, out var error))
        {
            return StandardStreams.Print($"kvmtop: {error}\nFor one report without a screen: kvmtop --once\n", ExitCode.Failed);
        }

        Volatile.Write(ref woken, terminal);

        // A crash on another thread ends the process without unwinding this one: the terminal is given back first.
        AppDomain.CurrentDomain.UnhandledException += (_, _) => terminal.Restore();
        Exception? failure = null;
        ActionBoard? board;
        using (terminal)
        {
            failure = Run(options, files, themes, terminal, monitor, latest, out board);
            if (board is { UnderWay: not null })
            {
                terminal.Restore();
                LastAction.Await(board, terminal.TakeLeave);
            }

            LiveControl.ForgetNotes();
            Volatile.Write(ref woken, null);
        }

        if (board is not null)
        {
            LastAction.Tell(board);
        }

        return failure is null ? ExitCode.Success : StandardStreams.Print($"kvmtop: {failure}\n", ExitCode.Failed);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, the terminal is given back before it is printed.")]
    private static Exception? Run(Options options, ConfigurationFiles files, Themes themes, NcursesTerminal terminal, Monitor monitor, LatestWins<Snapshot> latest, out ActionBoard? board)
    {
        board = null;
        try
        {
            Ui? shown = null;
            board = ActionStart.Desk(monitor, EnvironmentBlock.OfProcess(), () => shown?.Snapshot ?? Snapshot.Empty, out _) is { } desk ? new ActionBoard(desk, monitor.Actions, terminal.WakeUp) : null;
            var ui = shown = new Ui(options, files, terminal.Capabilities.Unicode)
            {
                Checks = new CheckBoard(monitor.Host, monitor.Checks, terminal.WakeUp),
                Actions = board,
                StartTrace = (vm, longest) => (Trace.TraceStarter.Start(monitor.Host, vm, null, longest, out var refusal), refusal),
            };
            using var app = new App(terminal, monitor.Hub, latest, ui, themes, SystemInfo.EffectiveUserId == 0);
            app.Run();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    /// <summary>The user's own themes, then those installed beside the program.</summary>
    private static List<string> ThemeDirectories(ConfigurationFiles files)
    {
        var directories = new List<string>();
        if (files.User is { } user && Path.GetDirectoryName(user) is { } own)
        {
            directories.Add(Path.Combine(own, "themes"));
        }

        directories.Add("/etc/kvmtop/themes");
        if (Path.GetDirectoryName(Environment.ProcessPath) is { } bin)
        {
            directories.Add(Path.GetFullPath(Path.Combine(bin, "../share/kvmtop/themes")));
        }

        // What others may write is not even listed: it could hang.
        _ = directories.RemoveAll(d => TrustedFile.CheckFolder(d, groupAbove: true) is { IsMissing: false });
        return directories;
    }
}
