using System.Globalization;
using System.Reactive.Linq;
using System.Text;
using System.Text.Json;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Configuration;

namespace KvmTop.CommandLine.Subcommands;

/// <summary>The shell's side of all actions whose names begin with one word: shows the plan, asks, carries it out, tells what came of it.</summary>
/// <param name="word">The word.</param>
internal sealed class ActionCommand(string word) : ISubcommand
{
    // In the list of all commands; their own help has it whole.
    private const int LongestUsage = 60;

    private readonly IReadOnlyList<HostAction> _actions = [.. ActionCatalog.All.Where(a => a.Name.Split(' ')[0] == word)];

    /// <summary>One for each first word there is.</summary>
    public static IEnumerable<ISubcommand> All => ActionCatalog.All.Select(a => a.Name.Split(' ')[0]).Distinct().Select(w => new ActionCommand(w));

    /// <inheritdoc/>
    public string Name => word;

    private bool IsOne => _actions.Count == 1 && _actions[0].Name == word;

    /// <inheritdoc/>
    public string Usage => !IsOne ? "COMMAND [ARGUMENT]..." : _actions[0].Usage is { Length: <= LongestUsage } usage ? usage : "ARGUMENT...";

    /// <inheritdoc/>
    public string Summary => IsOne ? _actions[0].Summary : $"{string.Join(", ", _actions.Select(a => a.Name[word.Length..].Trim()))}.";

    /// <inheritdoc/>
    public string Help
    {
        get
        {
            var text = new StringBuilder();
            foreach (var action in _actions)
            {
                text.Append(CultureInfo.InvariantCulture, $"{(text.Length == 0 ? "Usage: " : "       ")}{$"kvmtop {action.Name} {action.Usage}".TrimEnd()}\n");
            }

            foreach (var action in _actions)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n{action.Name}: {action.Summary}\n");
                if (action.Details.Length > 0)
                {
                    text.Append(action.Details.TrimEnd()).Append('\n');
                }

                text.Append(CultureInfo.InvariantCulture, $"  Writes: {action.Writes}\n");
            }

            return text.Append(ActionRun.OptionsHelp).ToString();
        }
    }

    /// <inheritdoc/>
    public int Run(IReadOnlyList<string> arguments, EnvironmentBlock environment)
    {
        if (!ActionRun.TryParse(arguments, environment, out var run, out var rest, out var text))
        {
            return StandardStreams.Print(text.Length > 0 ? text : Help, text.Length > 0 ? ExitCode.Usage : ExitCode.Success);
        }

        IReadOnlyList<string> words = [word, .. rest];
        return run.With(environment, (desk, context) => desk.Plan(context, words), ActionCatalog.Find(words, out _)?.Topics);
    }
}

/// <summary>What all actions have in common on the shell: <c>--dry-run</c>, <c>--yes</c>, <c>-o json</c>, <c>--for</c>, and the exit codes.</summary>
internal sealed class ActionRun
{
    /// <summary>The end of every action's help.</summary>
    public const string OptionsHelp =
        """

        Options
          --dry-run       Show the plan, and do nothing.
          --yes           Go ahead without asking.
          --for TIME      Take it back after this time (90s, 10m, 1h) unless kept with
                          'kvmtop undo ID --keep'.
          -o text|json    How the plan and its result are printed.
          --config FILE, --path.procfs DIR, --path.sysfs DIR: as for kvmtop.

        Exit status
          0  Done, or nothing to do.   3  Not permitted; nothing was tried.
          1  Failed, and rolled back.  4  Refused: the host is not in a state for it.
          2  A mistake in the words.

        """;

    // At ten a second.
    private const int MostReadings = 30;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    // What is done sooner is told by its result alone.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private Options _options = new();
    private bool _dryRun;
    private bool _yes;
    private bool _json;
    private TimeSpan? _keepFor;

    /// <summary>Takes the common options out of the words. False with a mistake, or with an empty text when help was asked for.</summary>
    public static bool TryParse(IReadOnlyList<string> arguments, EnvironmentBlock environment, out ActionRun run, out IReadOnlyList<string> rest, out string text)
    {
        (run, text) = (new ActionRun(), "");
        var (words, settings) = (new List<string>(), new List<string>());
        rest = words;
        for (var i = 0; i < arguments.Count; i++)
        {
            var word = arguments[i];
            var value = i + 1 < arguments.Count ? arguments[i + 1] : null;
            switch (word)
            {
                case "--":
                    words.AddRange(arguments.Skip(i));
                    i = arguments.Count;
                    break;
                case "--help" or "-h":
                    return false;
                case "--dry-run":
                    run._dryRun = true;
                    break;
                case "--yes" or "-y":
                    run._yes = true;
                    break;
                case "-o" or "--output":
                    (run._json, i) = (value == "json", i + 1);
                    if (value is not ("json" or "text"))
                    {
                        text = $"{word}: expected text or json\n";
                        return false;
                    }

                    break;
                case "--for":
                    if (!TrySpan(value, out var time))
                    {
                        text = "--for: expected a time such as 90s, 10m or 1h, a day at most\n";
                        return false;
                    }

                    (run._keepFor, i) = (time, i + 1);
                    break;
                case "--config" or "--path.procfs" or "--path.sysfs" or "--root" or "--libvirt-uri" or "--qmp":
                    settings.Add(word);
                    settings.AddRange(value is null ? [] : [value]);
                    i++;
                    break;
                case "--demo":
                    settings.Add(word);
                    break;
                default:
                    words.Add(word);
                    break;
            }
        }

        var startup = CommandLineParser.Parse(settings, environment);
        if (startup.Options is null)
        {
            text = startup.Text;
            return false;
        }

        startup.TellNotices();
        run._options = startup.Options;
        return true;
    }

    /// <summary>Makes the plan, shows it, asks, carries it out. Returns the exit code.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="plan">Makes the plan.</param>
    /// <param name="topics">What it reads of the moment besides the machine and the VMs.</param>
    public int With(EnvironmentBlock environment, Func<ActionDesk, ActionContext, ActionPlan> plan, IReadOnlyList<Topic>? topics = null)
    {
        using var monitor = new Monitor(_options, TimeSpan.FromMilliseconds(100));
        using var signals = new DeferredSignals(LiveControl.ForgetNotes);

        // The second reading has the vCPU threads of a VM that has just been started, and its whole command line.
        // An answer of libvirt's takes longer, and one that does not come is not waited for.
        var seen = 0;
        var snapshot = monitor.Hub.Observe([MachineTopic.Instance, VmsTopic.Instance, .. topics ?? []])
            .FirstAsync(s => ++seen > 1 && (seen > MostReadings || !Waits(s, topics))).Timeout(s_deadline).Wait();
        if (ActionStart.Desk(monitor, environment, () => snapshot, out var problem) is not { } desk)
        {
            return StandardStreams.Print($"kvmtop: {problem}\n", ExitCode.Failed);
        }

        var made = plan(desk, new ActionContext(snapshot, desk.Host));
        if (made.CanRun && _options.ReadOnly && !_dryRun)
        {
            made = made with { Obstacles = [Obstacle.Refused("read-only mode is set (read-only)")] };
        }

        return made.CanRun && !_dryRun ? Carry(desk, made, signals) : Show(made, null, made.Obstacles.Count > 0 ? CodeOf(made.Obstacles) : ExitCode.Success);
    }

    private static bool Waits(Snapshot snapshot, IReadOnlyList<Topic>? topics) =>
        topics?.Contains(LibvirtTopic.Instance) == true && snapshot.Get(LibvirtTopic.Instance) is { Status: ReadingStatus.NoData or ReadingStatus.Ok } reading
        && reading.Value is not ({ IsAnswered: true } or { Absence: not null });

    private static int CodeOf(IReadOnlyList<Obstacle> obstacles) => obstacles.Min(o => o.Kind) switch
    {
        ObstacleKind.Mistake => ExitCode.Usage,
        ObstacleKind.Privilege => ExitCode.Privilege,
        _ => ExitCode.Refused,
    };

    private int Carry(ActionDesk desk, ActionPlan plan, DeferredSignals signals)
    {
        if (!_yes)
        {
            _ = StandardStreams.Print(Text(PlanText.Of(plan)), ExitCode.Failed);
            if (!StandardStreams.IsTerminal)
            {
                return StandardStreams.Print("kvmtop: nothing was done: without a terminal to ask on, --yes is needed\n", ExitCode.Refused);
            }

            var expected = plan is { Danger: Danger.Destroys, Confirm: { } name } ? name : "y";
            _ = StandardStreams.Print(expected == "y" ? "Go ahead? [y/N] " : $"Type {expected} to go ahead: ", ExitCode.Failed);
            if (StandardStreams.ReadLine() is not { } answer || (answer.Trim() != expected && !(expected == "y" && answer.Trim() == "yes")))
            {
                return StandardStreams.Print("Nothing was done.\n", ExitCode.Refused);
            }
        }

        var started = desk.Host.Files.Time.GetTimestamp();
        var words = new SpokenWords();
        var at = plan.Title;
        signals.Hold(() =>
        {
            desk.Host.AskToEnd();
            words.Say($"kvmtop: finishing what is begun: {Vmm.HostileText.Clean(Volatile.Read(ref at), 400)}\n");
        });
        var result = desk.Execute(plan, _keepFor, progress =>
        {
            Volatile.Write(ref at, progress);
            if (!_json && desk.Host.Files.Time.GetElapsedTime(started) > s_patience)
            {
                words.Say($"  .. {Vmm.HostileText.Clean(progress, 400)}\n");
            }
        });
        signals.Release();
        var code = result.IsDone ? ExitCode.Success : ExitCode.Failed;

        // Whoever was asked to end does not wait for a terminal that has stopped reading.
        return words.Drain(signals.IsAsked ? s_patience : Timeout.InfiniteTimeSpan) ? Show(plan, result, code) : code;
    }

    private int Show(ActionPlan plan, ActionResult? result, int code)
    {
        if (_json)
        {
            using var memory = new MemoryStream();
            using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true }))
            {
                PlanJson.Write(json, plan, result);
            }

            memory.WriteByte((byte)'\n');
            StandardStreams.Output.Write(memory.ToArray());
            return code;
        }

        return StandardStreams.Print(Text(result is null ? PlanText.Of(plan) : PlanText.Of(plan, result)), code);
    }

    private static string Text(IReadOnlyList<PlanLine> lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines)
        {
            text.Append(line.Kind is PlanLineKind.Title ? "" : line.Kind is PlanLineKind.Obstacle ? "! " : "  ").Append(line.Text).Append('\n');
        }

        return text.ToString();
    }

    private static bool TrySpan(string? text, out TimeSpan time)
    {
        time = default;
        if (text is not { Length: > 1 } || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n == 0)
        {
            return false;
        }

        var seconds = text[^1] switch { 's' => n, 'm' => n * 60L, 'h' => n * 3600L, _ => -1 };
        time = TimeSpan.FromSeconds(Math.Max(seconds, 0));
        return seconds is > 0 and <= 86400;
    }
}
