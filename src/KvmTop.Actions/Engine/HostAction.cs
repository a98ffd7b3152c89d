using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>
/// Something that can be done to the host: one file and one line in <see cref="ActionCatalog"/>. It never changes anything itself: it looks at a moment and
/// returns a plan. The same words ask for it on the shell, on the screen's command line and from a menu.
/// </summary>
/// <param name="name">The first word or words on the shell: "governor", "vm start".</param>
public abstract class HostAction(string name)
{
    /// <summary>The first word or words on the shell.</summary>
    public string Name { get; } = name;

    /// <summary>The upper-case key on the screen; null for one that only the menu of all actions shows.</summary>
    public virtual char? Key => null;

    /// <summary>The arguments after the name: "NAME [CPUS] [--persist]".</summary>
    public abstract string Usage { get; }

    /// <summary>What it does, in a sentence.</summary>
    public abstract string Summary { get; }

    /// <summary>What it writes, calls or runs: file names and commands. For the help and the manual.</summary>
    public abstract string Writes { get; }

    /// <summary>Its arguments and options, a line each, for <c>--help</c>; indented by two spaces.</summary>
    public virtual string Details => "";

    /// <summary>Words that may follow its name, for completion: subwords and options.</summary>
    public virtual IReadOnlyList<string> Completions => [];

    /// <summary>What its plans read of the moment besides the machine and the VMs.</summary>
    public virtual IReadOnlyList<Topic> Topics => [];

    /// <summary>What its menu offers for what is selected now; nothing when it makes no sense there. Called on a worker: it may read, and must not wait.</summary>
    public virtual IEnumerable<ActionChoice> Choices(ActionContext context) => [];

    /// <summary>What the words come to. Called on a worker: it may read, and ask a peer within a deadline.</summary>
    /// <param name="context">The moment, the selection, and the host to read more of.</param>
    /// <param name="words">What came after the name.</param>
    public abstract ActionPlan Plan(ActionContext context, IReadOnlyList<string> words);

    /// <summary>A plan whose words are wrong.</summary>
    protected ActionPlan Mistake(IReadOnlyList<string> words, string reason, string? remedy = null) => ActionPlan.Mistake(Name, WithName(words), reason, remedy ?? $"kvmtop {Name} {Usage}".TrimEnd());

    /// <summary>A plan that the state of the host does not allow.</summary>
    protected ActionPlan Refuse(IReadOnlyList<string> words, string title, Obstacle obstacle) => Refuse(words, title, obstacle.Reason, obstacle.Remedy) with { Obstacles = [obstacle] };

    /// <inheritdoc cref="ActionPlan.Refused"/>
    protected ActionPlan Refuse(IReadOnlyList<string> words, string title, string reason, string? remedy = null) => ActionPlan.Refused(Name, WithName(words), title, reason, remedy);

    /// <summary>The words with the name before them, as <see cref="ActionPlan.Words"/> wants them.</summary>
    protected IReadOnlyList<string> WithName(IReadOnlyList<string> words) => [.. Name.Split(' '), .. words];
}
