using System.Text.Json;

namespace KvmTop.Actions;

/// <summary>A plan, and what came of it, as one JSON object.</summary>
public static class PlanJson
{
    /// <summary>Writes it; <paramref name="result"/> is null for a plan that was not carried out.</summary>
    public static void Write(Utf8JsonWriter json, ActionPlan plan, ActionResult? result)
    {
        json.WriteStartObject();
        json.WriteString("action", plan.Action);
        json.WriteString("title", plan.Title);
        List(json, "words", plan.Words);
        json.WriteString("danger", plan.Danger.ToString().ToLowerInvariant());
        json.WriteBoolean("can_undo", plan.CanUndo);
        json.WriteStartArray("targets");
        foreach (var target in plan.Targets)
        {
            json.WriteStartObject();
            json.WriteString("name", target.Name);
            json.WriteNumber("pid", target.Pid);
            json.WriteString("user", target.User);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("obstacles");
        foreach (var obstacle in plan.Obstacles)
        {
            json.WriteStartObject();
            json.WriteString("kind", obstacle.Kind.ToString().ToLowerInvariant());
            json.WriteString("reason", obstacle.Reason);
            json.WriteString("remedy", obstacle.Remedy);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("effects");
        for (var i = 0; i < plan.Effects.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("kind", plan.Effects[i].Kind);
            json.WriteString("text", plan.Effects[i].Describe());
            plan.Effects[i].Write(json);
            if (i < result?.Results.Count)
                WriteResult(json, result.Results[i]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        List(json, "disturbs", plan.Disturbs);
        List(json, "notes", plan.Notes);
        json.WriteString("result", result is null ? null : result.Id is null ? "nothing" : State(result.State));
        json.WriteString("error", result?.Problem);
        json.WriteString("id", result?.Id);
        json.WriteEndObject();
    }

    /// <summary>An entry of the journal.</summary>
    public static void Write(Utf8JsonWriter json, JournalEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("id", entry.Id);
        json.WriteString("time", entry.Time);
        json.WriteString("user", entry.User);
        json.WriteString("action", entry.Action);
        json.WriteString("title", entry.Title);
        List(json, "words", entry.Words);
        json.WriteString("state", State(entry.State));
        json.WriteString("error", entry.Problem);
        json.WriteString("undoes", entry.Undoes);
        json.WriteBoolean("can_undo", entry.CanUndo);
        json.WriteBoolean("kept", entry.Kept);
        if (entry.RevertsAt is { } at)
            json.WriteString("reverts_at", at);
        json.WriteStartArray("effects");
        foreach (var step in entry.Steps)
        {
            json.WriteStartObject();
            json.WriteString("text", step.Effect?.Describe());
            json.WriteBoolean("begun", step.Begun);
            if (step.Result is { } result)
                WriteResult(json, result);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, EffectResult result)
    {
        json.WriteBoolean("done", result.Done);
        json.WriteString("before", result.Before);
        json.WriteString("after", result.After);
        json.WriteString("problem", result.Problem);
    }

    private static void List(Utf8JsonWriter json, string name, IReadOnlyList<string> list)
    {
        json.WriteStartArray(name);
        foreach (var item in list)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }

    private static string State(JournalState state) => state switch
    {
        JournalState.RolledBack => "rolled_back",
        _ => state.ToString().ToLowerInvariant(),
    };
}
