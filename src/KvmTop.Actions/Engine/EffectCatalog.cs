using System.Text.Json;

namespace KvmTop.Actions;

/// <summary>All kinds of effects by their names in the journal: one line each.</summary>
public static class EffectCatalog
{
    private static readonly Dictionary<string, Func<EffectFields, Effect?>> s_readers = new()
    {
        [WriteFileEffect.KindName] = WriteFileEffect.Read,
        [ReplaceFileEffect.KindName] = ReplaceFileEffect.Read,
        [SetAffinityEffect.KindName] = SetAffinityEffect.Read,
        [SetAffinitiesEffect.KindName] = SetAffinitiesEffect.Read,
        [RunCommandEffect.KindName] = RunCommandEffect.Read,
        [LibvirtEffect.KindName] = LibvirtEffect.Read,
        [LoadModuleEffect.KindName] = LoadModuleEffect.Read,
        [UnloadModuleEffect.KindName] = UnloadModuleEffect.Read,
        [VmStateEffect.KindName] = VmStateEffect.Read,
        [VmCommandEffect.KindName] = VmCommandEffect.Read,
        [AwaitEndEffect.KindName] = AwaitEndEffect.Read,
        [KillVmEffect.KindName] = KillVmEffect.Read,
        [BalloonEffect.KindName] = BalloonEffect.Read,
        [ThrottleEffect.KindName] = ThrottleEffect.Read,
        [ScreenshotEffect.KindName] = ScreenshotEffect.Read,
        [StartVmEffect.KindName] = StartVmEffect.Read,
        [QuitVmEffect.KindName] = QuitVmEffect.Read,
    };

    /// <summary>Writes an effect as an object.</summary>
    public static void Write(Utf8JsonWriter json, Effect effect)
    {
        json.WriteStartObject();
        json.WriteString("kind", effect.Kind);
        effect.Write(json);
        json.WriteEndObject();
    }

    /// <summary>Reads an effect; null for a kind that this version does not know, or properties that do not fit.</summary>
    public static Effect? Read(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        var fields = new EffectFields(element);
        return fields.Text("kind") is { } kind && s_readers.TryGetValue(kind, out var read) ? read(fields) : null;
    }
}

/// <summary>The properties of an effect in the journal. What is missing or of another type is null: the journal is a file like any other.</summary>
/// <param name="element">The object.</param>
public sealed class EffectFields(JsonElement element)
{
    private const int LongestPath = 4095;

    /// <summary>A string.</summary>
    public string? Text(string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A path from the root on, of plain characters.</summary>
    public string? Path(string name) => Text(name) is { Length: > 1 and <= LongestPath } path && path[0] == '/' && path[^1] != '/' && !path.AsSpan().ContainsAnyInRange('\0', '\x1f') ? path : null;

    /// <summary>A whole number.</summary>
    public long? Number(string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    /// <summary>True, or anything else.</summary>
    public bool Flag(string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>An object or array as its text.</summary>
    public string? Json(string name) => element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? value.GetRawText() : null;

    /// <summary>A list of objects; null when anything else is in it.</summary>
    public IReadOnlyList<EffectFields>? Objects(string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Array)
            return null;
        var list = new List<EffectFields>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                return null;
            list.Add(new EffectFields(item));
        }

        return list;
    }

    /// <summary>A list of strings.</summary>
    public IReadOnlyList<string>? List(string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Array)
            return null;
        var list = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                return null;
            list.Add(item.GetString()!);
        }

        return list;
    }
}
