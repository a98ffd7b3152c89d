using System.Globalization;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>What is wrong with a definition: where, and what was expected there.</summary>
internal sealed class DefinitionMistakeException(string key, string expected) : Exception($"{key}: {expected}");

/// <summary>The keys of one object of a definition. Each is taken once, and in the end none may be left: a key that is misspelt shall not be passed over.</summary>
internal sealed class DefinitionFields
{
    private readonly string _where;
    private readonly Dictionary<string, DefinitionItem> _fields = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];

    /// <param name="where">Where the object stands: "disks[0]"; empty for the outermost.</param>
    /// <param name="element">The object.</param>
    public DefinitionFields(string where, JsonElement element)
    {
        _where = where;
        if (element.ValueKind != JsonValueKind.Object)
            throw new DefinitionMistakeException(where.Length == 0 ? "the file" : where, $"expected an object, found {Found(element)}");
        foreach (var property in element.EnumerateObject())
        {
            if (!_fields.TryAdd(property.Name, new(Where(property.Name), property.Value)))
                throw new DefinitionMistakeException(Where(HostileText.Clean(property.Name, 60)), "it is there twice");
        }
    }

    /// <summary>The name of a key with the place where it stands.</summary>
    public string Where(string key) => _where.Length == 0 ? key : $"{_where}.{key}";

    /// <summary>A text without control characters; null when the key is missing.</summary>
    public string? Text(string key, int longest = 1024)
    {
        if (Take(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw Wrong(key, "a text", value);
        return Plain(Where(key), value, longest);
    }

    /// <summary>A text of a list of them; null when the key is missing.</summary>
    public string? OneOf(string key, params ReadOnlySpan<string> words)
    {
        if (Text(key) is not { } text)
            return null;
        foreach (var word in words)
        {
            if (word == text)
                return text;
        }

        throw new DefinitionMistakeException(Where(key), $"expected {string.Join(" or ", words!)}, found {HostileText.Clean(text, 60)}");
    }

    /// <summary>The absolute path of a file; null when the key is missing.</summary>
    public string? Path(string key) => Text(key) is { } text ? VmDefinitionReader.PathFault(text) is { } fault ? throw new DefinitionMistakeException(Where(key), fault) : text : null;

    /// <summary>A whole number; null when the key is missing.</summary>
    public int? Number(string key, int least, int most)
    {
        if (Take(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most
            ? number
            : throw Wrong(key, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"), value);
    }

    /// <summary>True or false; null when the key is missing.</summary>
    public bool? Flag(string key) => Take(key) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.ValueKind == JsonValueKind.True
        : throw Wrong(key, "true or false", value);

    /// <summary>A value of whatever type; null when the key is missing.</summary>
    public JsonElement? Any(string key) => Take(key);

    /// <summary>The items of a list; none when the key is missing.</summary>
    public IReadOnlyList<DefinitionItem> List(string key, int most)
    {
        if (Take(key) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            throw Wrong(key, "a list", value);
        if (value.GetArrayLength() > most)
            throw new DefinitionMistakeException(Where(key), string.Create(CultureInfo.InvariantCulture, $"expected {most} items at most"));
        var items = new List<DefinitionItem>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
            items.Add(new(string.Create(CultureInfo.InvariantCulture, $"{Where(key)}[{items.Count}]"), item));
        return items;
    }

    /// <summary>A text that must be one of a list's items.</summary>
    public static string Item(string where, JsonElement value, int longest) =>
        value.ValueKind == JsonValueKind.String ? Plain(where, value, longest) : throw new DefinitionMistakeException(where, $"expected a text, found {Found(value)}");

    /// <summary>What is there and nobody has asked for is a mistake.</summary>
    public void Finish()
    {
        foreach (var key in _fields.Keys)
            throw new DefinitionMistakeException(Where(HostileText.Clean(key, 60)), $"there is no such key; there are {string.Join(", ", _known)}");
    }

    /// <summary>A value of another type than was expected.</summary>
    public DefinitionMistakeException Wrong(string key, string expected, JsonElement value) => new(Where(key), $"expected {expected}, found {Found(value)}");

    private static string Found(JsonElement value) => value.ValueKind == JsonValueKind.Undefined ? "nothing" : HostileText.Clean(value.GetRawText(), 40);

    private static string Plain(string where, JsonElement value, int longest)
    {
        string text;
        try
        {
            text = value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new DefinitionMistakeException(where, "it is no valid text");
        }

        if (text.Length == 0 || text.Length > longest)
            throw new DefinitionMistakeException(where, string.Create(CultureInfo.InvariantCulture, $"expected 1 to {longest} characters, found {text.Length}"));
        return VmDefinitionReader.HasControl(text) ? throw new DefinitionMistakeException(where, "control characters and line ends are not allowed") : text;
    }

    private JsonElement? Take(string key)
    {
        _known.Add(key);
        return _fields.Remove(key, out var item) ? item.Value : null;
    }
}

/// <summary>What stands under a key, or in a list.</summary>
/// <param name="Where">Its key or place: "disks[0]".</param>
/// <param name="Value">What stands there.</param>
internal sealed record DefinitionItem(string Where, JsonElement Value);
