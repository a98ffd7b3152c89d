using System.Collections.Concurrent;
using System.Text.Json;

namespace KvmTop.Batch;

/// <summary>Names of properties as they stand in JSON, made once: a record has tens of thousands of them, of a few hundred kinds.</summary>
internal static class JsonNames
{
    // Names of KVM's counters come from the kernel and from VMMs: no more than any of them has are worth keeping.
    private const int MostKept = 4096;

    private static readonly ConcurrentDictionary<string, Name> s_names = new(StringComparer.Ordinal);

    /// <summary>The name, ready to be written.</summary>
    public static JsonEncodedText Of(string name) => s_names.TryGetValue(name, out var known) ? known.Text : Make(name);

    private static JsonEncodedText Make(string name)
    {
        var made = new Name(JsonEncodedText.Encode(name));
        if (s_names.Count < MostKept)
        {
            _ = s_names.TryAdd(name, made);
        }

        return made.Text;
    }

    private sealed class Name(JsonEncodedText text)
    {
        public JsonEncodedText Text => text;
    }
}
