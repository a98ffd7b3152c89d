using KvmTop.Actions;
using KvmTop.Screen.Overlays;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>From a key to a plan on the screen: the menu of what a key can do for what is selected, the values that must be typed, the preview.</summary>
internal sealed class ActionKeys(App app)
{
    /// <summary>The keys that act, with the word of the command line and what they are about; the actions behind a key name it themselves.</summary>
    public static IReadOnlyList<ActionKey> All { get; } =
    [
        new('N', "act-nested", "nested virtualisation on or off", "Nested"),
        new('M', "act-modules", "load, unload, reload modules; set their parameters", "Modules"),
        new('P', "act-pin", "pin vCPUs and other threads to CPUs", "Pin"),
        new('S', "act-start", "start a virtual machine", "Start"),
        new('K', "act-stop", "shut a VM down, or stop it hard", "Stop"),
        new('Z', "act-pause", "pause, resume or reset a VM", "Pause"),
        new('B', "act-balloon", "give a VM more or less memory; limit its disks", "Balloon"),
        new('H', "act-memory", "hugepages, THP, KSM, swappiness", "Huge"),
        new('G', "act-governor", "frequency governor, halt polling, network budgets", "Governor"),
    ];

    private Ui Ui => app.Ui;

    /// <summary>What may follow words of the command line: the rest of an action's name, then what it knows of its own words.</summary>
    public static IReadOnlyList<string> After(IReadOnlyList<string> words) =>
        ActionCatalog.Find(words, out _) is { } action ? action.Completions
        : words is [var family] ? [.. ActionCatalog.All.Select(a => a.Name.Split(' ')).Where(n => n.Length > 1 && n[0] == family).Select(n => n[1])]
        : [];

    /// <summary>Opens what a key can do.</summary>
    public void Open(char key)
    {
        var title = All.First(k => k.Key == key).Help;
        Open(char.ToUpperInvariant(title[0]) + title[1..], [.. ActionCatalog.All.Where(a => a.Key == key)]);
    }

    /// <summary>Opens the menu of all actions.</summary>
    public void OpenAll()
    {
        if (Ui.Actions is not { } board)
        {
            Ui.Message = "There is no host to act on.";
            return;
        }

        var selection = app.Current.Selection;
        board.Offer(Context(board, selection), ActionCatalog.All, offered =>
        {
            var actions = ActionCatalog.All.Where(a => offered.Any(o => o.Action == a)).ToList();
            var items = actions.Select(a => new MenuItem(a.Summary.TrimEnd('.'), a.Key?.ToString(), WhyNot(offered.Where(o => o.Action == a)))).ToList();
            Ui.Open(new MenuOverlay(Titled("Actions", selection), items, i => Choose(actions[i].Summary.TrimEnd('.'), [.. offered.Where(o => o.Action == actions[i])], selection)));
        });
    }

    /// <summary>Opens what was done and can be taken back.</summary>
    public void OpenUndo()
    {
        if (Ui.Actions is not { } board)
        {
            Ui.Message = "There is no host to act on.";
            return;
        }

        board.ReadJournal(entries =>
        {
            const int most = 50;
            var shown = entries.Where(e => e.Undoes is null).Take(most).ToList();
            if (shown.Count == 0)
            {
                Ui.Message = "Nothing has been done that could be taken back.";
                return;
            }

            var items = new List<MenuItem>();
            var run = new List<Action>();
            foreach (var entry in shown)
            {
                if (entry is { RevertsAt: not null, Kept: false, State: JournalState.Done })
                {
                    items.Add(new MenuItem($"Keep: {entry.Title}", $"reverts {entry.RevertsAt.Value.ToLocalTime():HH:mm:ss}"));
                    run.Add(() => board.Keep(entry.Id, problem => Ui.Message = problem is null ? $"Kept: {entry.Title}" : $"Not kept: {problem}"));
                }

                items.Add(new MenuItem($"Undo: {entry.Title}", $"{entry.Time.ToLocalTime():MM-dd HH:mm}", entry.CanUndo ? null : UndoPlan.Of(entry).Obstacles[0].Reason));
                run.Add(() => board.PlanUndo(entry.Id, Preview));
            }

            Ui.Open(new MenuOverlay("Undo", items, i => run[i]()));
        });
    }

    /// <summary>Previews what a line asks for; what is wrong with it stands in the preview.</summary>
    public void Run(IReadOnlyList<string> words) => Run(words, app.Current.Selection);

    private void Run(IReadOnlyList<string> words, ActionSelection selection)
    {
        if (Ui.Actions is not { } board)
        {
            Ui.Message = "There is no host to act on.";
        }
        else if (words[0] == UndoPlan.ActionName && words.Count == 2)
        {
            board.PlanUndo(words[1], Preview);
        }
        else
        {
            board.Plan(Context(board, selection), words, Preview);
        }
    }

    private void Open(string title, IReadOnlyList<HostAction> actions)
    {
        if (Ui.Actions is not { } board)
        {
            Ui.Message = "There is no host to act on.";
            return;
        }

        // What is chosen is what stood there when the key was pressed, by process: rows move and pids come to mean others while a menu is open.
        var selection = app.Current.Selection;
        board.Offer(Context(board, selection), actions, offered => Choose(title, offered, selection));
    }

    private static string Titled(string title, ActionSelection selection) => selection.Vms.Count > 1 ? $"{title}: {selection.Vms.Count} VMs" : title;

    private void Choose(string title, IReadOnlyList<OfferedChoice> offered, ActionSelection selection)
    {
        if (offered.Count == 0)
        {
            Ui.Message = selection.LeftOut.Count > 0 ? $"{title}: {selection.LeftOut[0]}" : $"{title}: nothing to do here; put the cursor on a virtual machine.";
            return;
        }

        var items = offered.Select(o => new MenuItem(o.Choice.Title, o.Choice.Detail, o.Choice.DisabledReason)).ToList();
        Ui.Open(new MenuOverlay(Titled(title, selection), items, i => Ask(offered[i].Choice, selection)));
    }

    private void Ask(ActionChoice choice, ActionSelection selection)
    {
        if (choice.Fields.Count == 0)
        {
            Run(choice.Words([]), selection);
        }
        else
        {
            Ui.Open(new FormOverlay(choice.Title, choice.Fields, values => Run(choice.Words(values), selection)));
        }
    }

    private void Preview(ActionPlan plan) => Ui.Open(new PlanOverlay(plan, Ui.Actions!));

    private static string? WhyNot(IEnumerable<OfferedChoice> choices)
    {
        string? why = null;
        foreach (var one in choices)
        {
            if (one.Choice.DisabledReason is null)
            {
                return null;
            }

            why ??= one.Choice.DisabledReason;
        }

        return why;
    }

    private ActionContext Context(ActionBoard board, ActionSelection selection) => new(Ui.Snapshot, board.Desk.Host, selection);
}

/// <summary>A key that acts.</summary>
/// <param name="Key">The key.</param>
/// <param name="Word">Its word on the command line.</param>
/// <param name="Help">What it is about.</param>
/// <param name="Hint">The same in a word, for the bar of keys.</param>
internal sealed record ActionKey(char Key, string Word, string Help, string Hint);
