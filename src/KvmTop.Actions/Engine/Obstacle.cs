namespace KvmTop.Actions;

/// <summary>What kind of thing stands in the way of an action; decides the exit code.</summary>
public enum ObstacleKind
{
    /// <summary>The words do not say what to do. Exit code 2.</summary>
    Mistake,

    /// <summary>This user may not. Nothing is tried. Exit code 3.</summary>
    Privilege,

    /// <summary>The host is not in a state for it. Exit code 4.</summary>
    Refused,
}

/// <summary>Why a plan cannot be carried out now.</summary>
/// <param name="Kind">What kind of reason.</param>
/// <param name="Reason">A sentence without a full stop, as "kvm_amd is in use by db1 and web3".</param>
/// <param name="Remedy">What would take it away, or null.</param>
public sealed record Obstacle(ObstacleKind Kind, string Reason, string? Remedy = null)
{
    /// <summary>The words do not say what to do.</summary>
    public static Obstacle Mistake(string reason, string? remedy = null) => new(ObstacleKind.Mistake, reason, remedy);

    /// <summary>This user may not.</summary>
    public static Obstacle Privilege(string reason, string? remedy = "run as root") => new(ObstacleKind.Privilege, reason, remedy);

    /// <summary>The host is not in a state for it.</summary>
    public static Obstacle Refused(string reason, string? remedy = null) => new(ObstacleKind.Refused, reason, remedy);
}
