using System.Text.Json;

namespace KvmTop.CommandLine;

/// <summary>The JSON Schema of the batch output (schema/kvmtop.schema.json), which is part of the program so that the help can quote it.</summary>
public static class SchemaDocument
{
    /// <summary>Value of the field <c>schema</c> in every record.</summary>
    public const string Version = "kvmtop/1";

    private const string Resource = "kvmtop.schema.json";

    /// <summary>The file as it ships.</summary>
    public static Stream Open() => typeof(SchemaDocument).Assembly.GetManifestResourceStream(Resource)
        ?? throw new InvalidOperationException($"{Resource} is not part of the program");

    /// <summary>Every field.</summary>
    public static IReadOnlyList<SchemaField> Fields()
    {
        using var stream = Open();
        using var document = JsonDocument.Parse(stream);
        var fields = new List<SchemaField>();
        Collect(document.RootElement, "", document.RootElement.GetProperty("definitions"), fields);
        return fields;
    }

    private static void Collect(JsonElement schema, string prefix, JsonElement definitions, List<SchemaField> fields)
    {
        foreach (var property in schema.GetProperty("properties").EnumerateObject())
        {
            var (path, value) = (prefix + property.Name, property.Value);
            var help = value.GetProperty("description").GetString()!;
            if (value.TryGetProperty("items", out var items))
            {
                fields.Add(new(path + "[]", help));
                Collect(Resolve(items, definitions), path + "[].", definitions, fields);
            }
            else if (Resolve(value, definitions).TryGetProperty("properties", out _))
            {
                fields.Add(new(path, help));
                Collect(Resolve(value, definitions), path + ".", definitions, fields);
            }
            else
            {
                fields.Add(new(path, help));
            }
        }
    }

    private static JsonElement Resolve(JsonElement schema, JsonElement definitions) =>
        schema.TryGetProperty("$ref", out var reference) ? definitions.GetProperty(reference.GetString()!.Split('/')[^1]) : schema;
}

/// <summary>A field of the batch output.</summary>
/// <param name="Path">Where it stands: "vms[].vcpus[].cpu_pct".</param>
/// <param name="Help">What it is.</param>
public sealed record SchemaField(string Path, string Help);
