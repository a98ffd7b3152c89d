using System.Text.Json;
using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>One call to libvirt about a domain of its own.</summary>
/// <param name="Domain">The domain's UUID.</param>
/// <param name="Name">Its name; cleaned.</param>
/// <param name="Operation">See <see cref="LibvirtRequest"/>.</param>
/// <param name="Arguments">Its arguments.</param>
public sealed record LibvirtEffect(string Domain, string Name, string Operation, IReadOnlyList<string> Arguments) : Effect
{
    internal const string KindName = "libvirt";

    private const int DeadlineSeconds = 10;

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => Process is not null;

    /// <summary>The process that must be the domain, as libvirt itself has it; null only for "start".</summary>
    public VmKey? Process { get; init; }

    /// <summary>The operation that takes it back; null when none does.</summary>
    public string? UndoOperation { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> UndoArguments { get; init; } = [];

    /// <inheritdoc/>
    public override string Describe() => $"libvirt, domain {Name} ({Domain}): {Operation}{string.Concat(Arguments.Select(a => " " + a))}{(UndoArguments.Count > 0 ? $" (now {string.Join(' ', UndoArguments)})" : "")}";

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) =>
        host.LibvirtRefusal is { } refusal ? Obstacle.Refused(refusal)
        : Process is not null && Ask(host, "identify", []) is { IsOk: false } reply ? VmPeer.Of(reply)
        : null;

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        progress(Describe());
        var reply = Ask(host, Operation, Arguments);
        return reply.IsOk ? EffectResult.Ok(null, reply.Value)
            : reply.IsOpen ? EffectResult.Broken(reply.Problem!, null, null)
            : EffectResult.Failed(reply.Problem ?? "libvirt: refused");
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) =>
        UndoOperation is null ? null : this with { Operation = UndoOperation, Arguments = UndoArguments, UndoOperation = Operation, UndoArguments = Arguments };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("domain", Domain);
        json.WriteString("name", Name);
        if (Process is { } process)
        {
            json.WriteNumber("pid", process.Pid);
            json.WriteNumber("start_time", process.StartTimeTicks);
        }

        json.WriteString("operation", Operation);
        WriteList(json, "arguments", Arguments);
        json.WriteString("undo_operation", UndoOperation);
        WriteList(json, "undo_arguments", UndoArguments);
    }

    internal static Effect? Read(EffectFields fields) => fields.Text("domain") is { } domain && fields.Text("operation") is { } operation
        ? new LibvirtEffect(domain, fields.Text("name") ?? "", operation, fields.List("arguments") ?? [])
        {
            UndoOperation = fields.Text("undo_operation"),
            UndoArguments = fields.List("undo_arguments") ?? [],
            Process = fields.Number("pid") is > 0 and <= int.MaxValue and var pid && fields.Number("start_time") is >= 0 and var start ? new VmKey((int)pid, (ulong)start) : null,
        }
        : null;

    private LibvirtReply Ask(HostControl host, string operation, IReadOnlyList<string> arguments) =>
        host.Libvirt(new LibvirtRequest(Domain, operation, arguments) { Process = Process }, TimeSpan.FromSeconds(DeadlineSeconds));
}
