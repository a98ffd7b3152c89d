namespace KvmTop.Collectors.Checks;

/// <summary>How a finding is meant; the higher the worse.</summary>
public enum CheckLevel
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Good to know, or a choice that has its price.</summary>
    Info,

    /// <summary>It could not be seen; the finding says why.</summary>
    Unknown,

    /// <summary>Costs performance or safety.</summary>
    Warning,

    /// <summary>Guests cannot run, or will break.</summary>
    Failure,
}

/// <summary>What a check is about.</summary>
public enum CheckGroup
{
    Kvm,
    Cpu,
    Memory,
    Devices,
    Observability,
    Vm,
}

/// <summary>What a check has found.</summary>
/// <param name="Level">How it is meant.</param>
/// <param name="What">A sentence.</param>
/// <param name="Evidence">The file and what it says; null when the sentence holds it.</param>
/// <param name="Why">Why it matters; null when it is well.</param>
/// <param name="Fix">The command to type or the line to write; null when there is none.</param>
public sealed record CheckFinding(CheckLevel Level, string What, string? Evidence = null, string? Why = null, string? Fix = null)
{
    /// <summary>The VM that it is about; null for the host.</summary>
    public string? Vm { get; init; }
}

/// <summary>One thing to look at. A new check is one file and one line in the CheckCatalog. It reads, and never changes anything.</summary>
/// <param name="id">Its name in JSON: a few words with dashes.</param>
/// <param name="title">What it looks at.</param>
/// <param name="group">What it is about.</param>
public abstract class Check(string id, string title, CheckGroup group)
{
    /// <summary>Its name in JSON.</summary>
    public string Id { get; } = id;

    /// <summary>What it looks at.</summary>
    public string Title { get; } = title;

    /// <summary>What it is about.</summary>
    public CheckGroup Group { get; } = group;

    /// <summary>Looks. Nothing when it has nothing to say of this host.</summary>
    public abstract IEnumerable<CheckFinding> Run(CheckContext context);

    /// <summary>All is well.</summary>
    protected static CheckFinding Ok(string what, string? evidence = null) => new(CheckLevel.Ok, what, evidence);

    /// <summary>It could not be seen.</summary>
    protected static CheckFinding Unknown(string what, string? evidence = null, string? fix = null) => new(CheckLevel.Unknown, what, evidence, null, fix);

    /// <summary>Good to know.</summary>
    protected static CheckFinding Info(string what, string? evidence = null, string? why = null, string? fix = null) => new(CheckLevel.Info, what, evidence, why, fix);

    /// <summary>It costs something.</summary>
    protected static CheckFinding Warning(string what, string evidence, string why, string? fix) => new(CheckLevel.Warning, what, evidence, why, fix);

    /// <summary>It breaks something.</summary>
    protected static CheckFinding Failure(string what, string evidence, string why, string? fix) => new(CheckLevel.Failure, what, evidence, why, fix);
}

/// <summary>A check that looks at each VM by itself.</summary>
public abstract class VmCheck(string id, string title) : Check(id, title, CheckGroup.Vm)
{
    /// <inheritdoc/>
    public sealed override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        foreach (var vm in context.Vms)
        {
            foreach (var finding in Run(context, vm))
            {
                yield return finding with { Vm = vm.Info.Name };
            }
        }
    }

    /// <summary>Looks at one VM.</summary>
    protected abstract IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm);
}
