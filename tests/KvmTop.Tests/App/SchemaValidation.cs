using KvmTop.CommandLine;
using NJsonSchema;

namespace KvmTop.Tests.App;

/// <summary>Holds lines of batch output against the schema that ships.</summary>
public static class SchemaValidation
{
    private static readonly Task<JsonSchema> s_schema = Load();

    /// <summary>What is wrong with a record: path and kind of each mistake; empty when it is valid.</summary>
    public static async Task<IReadOnlyList<string>> Validate(string line) =>
        [.. (await s_schema).Validate(line).Select(e => $"{e.Path}: {e.Kind}")];

    private static async Task<JsonSchema> Load()
    {
        await using var stream = SchemaDocument.Open();
        return await JsonSchema.FromJsonAsync(stream);
    }
}
