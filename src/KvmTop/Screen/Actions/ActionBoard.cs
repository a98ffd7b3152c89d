using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reactive.Concurrency;
using KvmTop.Actions;

namespace KvmTop.Screen;

/// <summary>An action with one of the things that it can do now.</summary>
internal sealed record OfferedChoice(HostAction Action, ActionChoice Choice);

/// <summary>
/// Plans and carries out actions on a thread of their own, so that the screen never waits; what came of it is handed back to the UI thread, which takes it with
/// <see cref="Deliver"/>.
/// </summary>
/// <param name="desk">Where plans are made and carried out.</param>
/// <param name="worker">A thread of their own.</param>
/// <param name="wake">Wakes the UI thread.</param>
internal sealed class ActionBoard(ActionDesk desk, IScheduler worker, Action wake)
{
    private readonly ConcurrentQueue<Action> _delivered = new();
    private readonly object _gate = new();
    private bool _isBusy;
    private volatile string? _underWay;
    private volatile ActionResult? _outcome;

    /// <summary>Where plans are made.</summary>
    public ActionDesk Desk { get; } = desk;

    /// <summary>What is being carried out, and what it is at; cleaned. Null when nothing is. From any thread.</summary>
    public string? UnderWay => !Volatile.Read(ref _isBusy) ? null : Vmm.HostileText.Clean(_underWay ?? "", 400);

    /// <summary>The operator has asked to leave, and does so when what is under way has ended. The UI thread's.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>What came of the latest plan that was carried out; null when there was none.</summary>
    public ActionResult? Outcome => _outcome;

    /// <summary>Waits until what has begun has ended. False when it has not within the time.</summary>
    public bool WaitForEnd(TimeSpan longest)
    {
        lock (_gate)
        {
            if (_isBusy)
            {
                _ = System.Threading.Monitor.Wait(_gate, longest);
            }

            return !_isBusy;
        }
    }

    /// <summary>Runs what has come back. On the UI thread.</summary>
    public void Deliver()
    {
        while (_delivered.TryDequeue(out var one))
        {
            one();
        }
    }

    /// <summary>What some actions can do now.</summary>
    public void Offer(ActionContext context, IReadOnlyList<HostAction> actions, Action<IReadOnlyList<OfferedChoice>> then) =>
        Work(() => actions.SelectMany(a => a.Choices(context).Select(c => new OfferedChoice(a, c))).ToList(), offered => then(offered), _ => then([]));

    /// <summary>The plan of some words.</summary>
    public void Plan(ActionContext context, IReadOnlyList<string> words, Action<ActionPlan> then) =>
        Work(() => Desk.Plan(context, words), then, problem => then(ActionPlan.Mistake(words[0], words, problem)));

    /// <summary>What can be taken back, the latest first.</summary>
    public void ReadJournal(Action<IReadOnlyList<JournalEntry>> then) => Work(() => Desk.Journal.Read(out _).Reverse().ToList(), entries => then(entries), _ => then([]));

    /// <summary>The plan that takes an entry back.</summary>
    public void PlanUndo(string id, Action<ActionPlan> then) => Work(() => Desk.PlanUndo(id), then, problem => then(ActionPlan.Mistake(UndoPlan.ActionName, [UndoPlan.ActionName, id], problem)));

    /// <summary>Leaves in place what was to be taken back by itself.</summary>
    public void Keep(string id, Action<string?> then) => Work(
        () =>
        {
            try
            {
                Desk.Journal.Keep(id);
                return null;
            }
            catch (IOException e)
            {
                return Vmm.HostileText.Clean(e.Message, 300);
            }
        },
        then,
        problem => then(problem));

    /// <summary>Carries a plan out.</summary>
    public void Execute(ActionPlan plan, TimeSpan? keepFor, Action<string> progress, Action<ActionResult> then)
    {
        _underWay = plan.Title;
        SetBusy(true);
        Work(
            () =>
            {
                try
                {
                    return _outcome = Desk.Execute(plan, keepFor, text =>
                    {
                        _underWay = text;
                        Post(() => progress(text));
                    });
                }
                finally
                {
                    SetBusy(false);
                }
            },
            then,
            problem => then(new ActionResult(JournalState.Broken, null, [], problem)));
    }

    [SuppressMessage("Design", "CA1031", Justification = "A defect in one action is told where it was asked for; it must not end the program.")]
    private void Work<T>(Func<T> work, Action<T> then, Action<string> failed) => worker.Schedule(() =>
    {
        try
        {
            var result = work();
            Post(() => then(result));
        }
        catch (Exception e)
        {
            Post(() => failed($"this is a defect of kvmtop: {Vmm.HostileText.Clean(e.Message, 300)}"));
        }
    });

    private void SetBusy(bool isBusy)
    {
        lock (_gate)
        {
            Volatile.Write(ref _isBusy, isBusy);
            System.Threading.Monitor.PulseAll(_gate);
        }
    }

    private void Post(Action one)
    {
        _delivered.Enqueue(one);
        wake();
    }
}
