using System.Text.Json;

namespace KvmTop.RealTests.Harness;

/// <summary>What the program made of an action: <c>kvmtop .. --yes -o json</c>.</summary>
internal sealed record ActionOutcome(int ExitCode, JsonElement Plan)
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(90);

    /// <summary>Its id in the journal, by which it is undone: others act on this machine too.</summary>
    public string Id => Plan.GetProperty("id").GetString()!;

    /// <summary>What went wrong; empty for nothing.</summary>
    public string Error => Plan.GetProperty("error").GetString() ?? "";

    /// <summary>Why it cannot be carried out; empty when it can.</summary>
    public string Obstacle => string.Join("; ", Plan.GetProperty("obstacles").EnumerateArray().Select(o => o.GetProperty("reason").GetString()));

    /// <summary>What an effect reported.</summary>
    public string? Of(int effect, string name) => Plan.GetProperty("effects")[effect].GetProperty(name).GetString();

    /// <summary>Runs it without asking. A monitor serves one client at a time, and another kvmtop on this machine may hold it for a moment: then again.</summary>
    public static ActionOutcome Of(params string[] words)
    {
        ActionOutcome? outcome = null;
        _ = Wait.Until(() => !IsBusy(outcome = Once(words)), s_deadline);
        return outcome!;
    }

    /// <summary>Undoes it.</summary>
    public ActionOutcome Undo(params string[] options) => Of(["undo", Id, .. options]);

    /// <inheritdoc/>
    public override string ToString() => $"exit {ExitCode}: {Plan}";

    private static bool IsBusy(ActionOutcome outcome) =>
        (outcome.Obstacle + outcome.Error) is var said && (said.Contains("another client", StringComparison.Ordinal) || said.Contains("other clients", StringComparison.Ordinal)
            || said.Contains("waiting for the greeting", StringComparison.Ordinal) || said.Contains("another kvmtop is acting", StringComparison.Ordinal));

    private static ActionOutcome Once(string[] words)
    {
        var result = KvmTopProgram.Run([.. words, "--yes", "-o", "json"], s_deadline);
        using var document = JsonDocument.Parse(result.Stdout.Length > 0 ? result.Stdout : throw new InvalidOperationException($"exit {result.ExitCode}: {result.Stderr}"));
        return new ActionOutcome(result.ExitCode, document.RootElement.Clone());
    }
}
