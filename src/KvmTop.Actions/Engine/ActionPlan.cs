namespace KvmTop.Actions;

/// <summary>How much harm an action can do.</summary>
public enum Danger
{
    /// <summary>Guests do not notice; it can be taken back.</summary>
    Low,

    /// <summary>Guests notice, or it disturbs others on the host.</summary>
    Disturbs,

    /// <summary>It destroys something that cannot be brought back (a running guest's memory): what it is about must be typed.</summary>
    Destroys,
}

/// <summary>A VM that a plan is about: what it calls itself, and what the kernel says of it.</summary>
/// <param name="Name">Its name; cleaned.</param>
/// <param name="Pid">Its process.</param>
/// <param name="User">Whose process that is; null when it is not known.</param>
/// <param name="IsStranger">It is neither this user's own nor root's or a manager's.</param>
public sealed record PlanTarget(string Name, int Pid, string? User, bool IsStranger)
{
    /// <summary>"db1 is process 700001 of root."</summary>
    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Name} is process {Pid} of {(User is null ? "an unknown user" : IsStranger ? $"another user, {User}" : User)}.");
}

/// <summary>What an action would do: the exact effects in order, what stands in its way, and what else it disturbs. The preview shows just this, and just this is carried out.</summary>
public sealed record ActionPlan
{
    /// <summary>The action's name.</summary>
    public required string Action { get; init; }

    /// <summary>What it comes to, in a sentence: "Pin db1's 4 vCPUs to node 1".</summary>
    public required string Title { get; init; }

    /// <summary>The words that ask for it on the shell, without "kvmtop".</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>The VMs that it is about, and whose they are.</summary>
    public IReadOnlyList<PlanTarget> Targets { get; init; } = [];

    /// <summary>The effects in the order in which they are carried out. None and no obstacle: it is so already.</summary>
    public IReadOnlyList<Effect> Effects { get; init; } = [];

    /// <summary>Why it cannot be carried out now; empty when it can.</summary>
    public IReadOnlyList<Obstacle> Obstacles { get; init; } = [];

    /// <summary>How much harm it can do.</summary>
    public Danger Danger { get; init; }

    /// <summary>What must be typed before an action that <see cref="Danger.Destroys"/>: the VM's name.</summary>
    public string? Confirm { get; init; }

    /// <summary>What else it disturbs, a sentence each.</summary>
    public IReadOnlyList<string> Disturbs { get; init; } = [];

    /// <summary>What is good to know, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>A drawing of before and after (who is pinned where), in lines; shown as they are.</summary>
    public IReadOnlyList<string> Drawing { get; init; } = [];

    /// <summary>It only tells: its notes are what was asked for, on any host and by any user.</summary>
    public bool IsReport { get; init; }

    /// <summary>The entry of the journal that this takes back; null for anything but an undo.</summary>
    public string? Undoes { get; init; }


    /// <summary>True when nothing stands in the way and there is something to do.</summary>
    public bool CanRun => Obstacles.Count == 0 && Effects.Count > 0;

    /// <summary>True when everything it does can be taken back.</summary>
    public bool CanUndo => Undoes is null && Effects.Count > 0 && Effects.All(e => e.Invert(null) is not null);

    /// <summary>A plan that does nothing because the words do not say what to do.</summary>
    public static ActionPlan Mistake(string action, IReadOnlyList<string> words, string reason, string? remedy = null) =>
        new() { Action = action, Title = action, Words = words, Obstacles = [Obstacle.Mistake(reason, remedy)] };

    /// <summary>A plan that cannot be carried out because of the state of the host.</summary>
    public static ActionPlan Refused(string action, IReadOnlyList<string> words, string title, string reason, string? remedy = null) =>
        new() { Action = action, Title = title, Words = words, Obstacles = [Obstacle.Refused(reason, remedy)] };
}
