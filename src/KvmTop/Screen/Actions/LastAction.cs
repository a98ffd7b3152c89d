using KvmTop.CommandLine;

namespace KvmTop.Screen;

/// <summary>On the way out of the screen, whoever asked for it (a signal, a terminal that was closed): what is being carried out ends first, and what came of it is said.</summary>
internal static class LastAction
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(1);

    /// <summary>Waits for it. Each step of it has a deadline of its own.</summary>
    /// <param name="board">Who carries it out.</param>
    /// <param name="isAsked">Whether somebody has asked once more since the last look.</param>
    public static void Await(ActionBoard board, Func<bool> isAsked)
    {
        var words = new SpokenWords();
        board.IsAwaited = true;
        board.Desk.Host.AskToEnd();
        words.Say($"kvmtop: an action is under way, finishing it: {board.UnderWay}\n");
        while (!board.WaitForEnd(s_pace))
        {
            if (isAsked())
            {
                words.Say($"kvmtop: still finishing: {board.UnderWay}\n");
            }
        }

        _ = words.Drain(s_lastWords);
    }

    /// <summary>What came of what was waited for; once the terminal is the shell's again.</summary>
    public static void Tell(ActionBoard board)
    {
        if (board is { IsAwaited: true, Outcome: { } outcome })
        {
            var words = new SpokenWords();
            words.Say(outcome.IsDone ? $"kvmtop: done ({outcome.Id})\n" : $"kvmtop: failed: {Vmm.HostileText.Clean(outcome.Problem ?? "it is not known why", 1000)}\n");
            _ = words.Drain(s_lastWords);
        }
    }
}
