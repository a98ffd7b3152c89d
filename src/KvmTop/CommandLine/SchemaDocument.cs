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

    /// <summary>Every field with its path ("vms[].vcpus[].cpu_pct") and what it is.</summary>
    public static IReadOnlyList<(string Path, string Help)> Fields()
    {
        using var stream = Open();
        using var document = JsonDocument.Parse(stream);
        var fields = new List<(string Path, string Help)>();
        Collect(document.RootElement, "", document.RootElement.GetProperty("definitions"), fields);
        return fields;
    }

    private static void Collect(JsonElement schema, string prefix, JsonElement definitions, List<(string Path, string Help)> fields)
    {
        foreach (var property in schema.GetProperty("properties").EnumerateObject())
        {
            var (path, value) = (prefix + property.Name, property.Value);
            var help = value.GetProperty("description").GetString()!;
            if (value.TryGetProperty("items", out var items))
            {
                fields.Add((path + "[]", help));
                Collect(Resolve(items, definitions), path + "[].", definitions, fields);
            }
            else if (Resolve(value, definitions).TryGetProperty("properties", out _))
            {
                fields.Add((path, help));
                Collect(Resolve(value, definitions), path + ".", definitions, fields);
            }
            else
            {
                fields.Add((path, help));
            }
        }
    }

    private static JsonElement Resolve(JsonElement schema, JsonElement definitions) =>
        schema.TryGetProperty("$ref", out var reference) ? definitions.GetProperty(reference.GetString()!.Split('/')[^1]) : schema;
}
