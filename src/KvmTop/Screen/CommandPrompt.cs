using KvmTop.Actions;
using KvmTop.Configuration;
using KvmTop.Screen.Overlays;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>The <c>:</c> line: the name of a command or a pane, a setting with its value, or the words of an action.</summary>
internal sealed class CommandPrompt(App app, IReadOnlyList<Command> commands, ActionKeys actions)
{
    private readonly TextInputState _line = new();

    /// <summary>Asks for a line, with completion.</summary>
    public void Open()
    {
        _line.Text = "";
        IReadOnlyList<Candidate> words =
        [
            .. ActionCatalog.All.Select(a => a.Name.Split(' ')[0]).Distinct().Select(w => new Candidate(0, w, "action: kvmtop " + w)),
            .. commands.Select(c => new Candidate(0, c.Name, c.Help)),
            .. app.Panes.Select(p => new Candidate(0, p.Id, $"pane {p.Title}")),
            .. Settings.All.Where(s => s.InSetup).Select(s => new Candidate(0, s.Id, s.Help)),
        ];
        var values = new Dictionary<string, IReadOnlyList<string>> { ["theme"] = app.ThemeSet.Names };
        app.Ui.Open(new PromptOverlay(
            ":", _line, (text, cursor) => Completion.ForCommand(text, cursor, words, values, ActionKeys.After), text => Try(text, run: false), changed: null, text => app.Ui.Message = Try(text, run: true) ?? app.Ui.Message, static () => { }));
    }

    /// <summary>Understands a command line, and carries it out when asked to; returns what is wrong with it, or null.</summary>
    private string? Try(string text, bool run)
    {
        var line = text.Trim();
        if (line.Length == 0)
        {
            return null;
        }

        if (commands.FirstOrDefault(c => c.Name == line) is { } command)
        {
            if (run)
            {
                command.Run();
            }

            return null;
        }

        if (app.Panes.FirstOrDefault(p => p.Id == line) is { } pane)
        {
            if (run)
            {
                _ = app.Show(pane.Id);
            }

            return null;
        }

        if (ShellWords.Split(line) is { Count: > 0 } words && (ActionCatalog.Find(words, out _) is not null || words is ["undo", _]))
        {
            if (run)
            {
                actions.Run(words);
            }

            return null;
        }

        if (!SettingCommand.TryApply(line, app.Ui.Options, out var options, out var problem))
        {
            return $"no command, pane or setting: {line}";
        }

        if (problem.Length == 0 && run)
        {
            app.Apply(options);
        }

        return problem.Length == 0 ? null : problem;
    }
}
