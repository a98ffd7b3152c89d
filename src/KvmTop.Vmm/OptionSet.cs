using System.Text;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>
/// The key=value list behind one option, in QEMU's notation ("virtio-blk-pci,drive=d0,id=x", a literal comma doubled) or as a JSON object, whose
/// nested keys become "file.filename". A key that occurs twice counts the last time.
/// </summary>
public sealed class OptionSet
{
    private const int MostPairs = 512;
    private const int DeepestJson = 16;

    private readonly List<KeyValuePair<string, string>> _pairs = [];

    /// <summary>The last value of a key; null when it is not there.</summary>
    public string? this[string key]
    {
        get
        {
            for (var i = _pairs.Count - 1; i >= 0; i--)
            {
                if (_pairs[i].Key == key)
                    return _pairs[i].Value;
            }

            return null;
        }
    }

    /// <summary>Reads a value of the command line.</summary>
    /// <param name="text">The value.</param>
    /// <param name="impliedKey">The key of a first item without "="; null when there is none.</param>
    public static OptionSet Parse(string text, string? impliedKey)
    {
        var set = new OptionSet();
        if (text.StartsWith('{'))
            set.AddJson(text);
        else
            set.AddList(text, impliedKey);
        return set;
    }

    /// <summary>Adds the pairs of a later occurrence of the same option, which QEMU merges for -machine, -m and -smp.</summary>
    public void Merge(OptionSet later) => _pairs.AddRange(later._pairs.Take(MostPairs - Math.Min(_pairs.Count, MostPairs)));

    /// <summary>True, false, or null when the key is missing or is no boolean.</summary>
    public bool? Flag(string key) => this[key] switch
    {
        "on" or "yes" or "true" or "y" or "True" => true,
        "off" or "no" or "false" or "n" or "False" => false,
        _ => null,
    };

    private void AddList(string text, string? impliedKey)
    {
        var at = 0;
        var first = true;
        while (at < text.Length && _pairs.Count < MostPairs)
        {
            var stop = text.AsSpan(at).IndexOfAny('=', ',');
            if (stop >= 0 && text[at + stop] == '=')
            {
                var key = text.Substring(at, stop);
                at += stop + 1;
                Add(key, Value(text, ref at));
            }
            else if (first && impliedKey is not null)
            {
                Add(impliedKey, Value(text, ref at));
            }
            else
            {
                // A flag alone is "on"; "noflag" is off, of which QEMU still knows "nowait" and "nodelay".
                var flag = Value(text, ref at);
                if (flag is "nowait" or "nodelay")
                    Add(flag[2..], "off");
                else if (flag.Length > 0)
                    Add(flag, "on");
            }

            first = false;
        }
    }

    // Up to a single comma, or to the end; doubled ones are literal.
    private static string Value(string text, ref int at)
    {
        StringBuilder? joined = null;
        while (true)
        {
            var comma = text.IndexOf(',', at);
            if (comma < 0 || comma + 1 >= text.Length || text[comma + 1] != ',')
            {
                var last = comma < 0 ? text[at..] : text[at..comma];
                at = comma < 0 ? text.Length : comma + 1;
                return joined is null ? last : joined.Append(last).ToString();
            }

            (joined ??= new StringBuilder()).Append(text, at, comma + 1 - at);
            at = comma + 2;
        }
    }

    private void AddJson(string text)
    {
        // By way of bytes: a string with half a surrogate pair in it makes Parse(string) throw. What is no JSON is passed over before anything throws: there can be thousands.
        var bytes = Encoding.UTF8.GetBytes(text);
        if (!JsonScan.IsValid(bytes, DeepestJson))
            return;
        using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = DeepestJson });
        AddJson("", document.RootElement);
    }

    private void AddJson(string prefix, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    if (_pairs.Count >= MostPairs)
                        return;
                    AddJson(prefix.Length == 0 ? property.Name : prefix + "." + property.Name, property.Value);
                }

                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    if (_pairs.Count >= MostPairs)
                        return;
                    AddJson(FormattableString.Invariant($"{prefix}.{index++}"), item);
                }

                break;
            case JsonValueKind.String:
                Add(prefix, element.GetString() ?? "");
                break;
            case JsonValueKind.Number:
            case JsonValueKind.True:
            case JsonValueKind.False:
                Add(prefix, element.GetRawText());
                break;
        }
    }

    private void Add(string key, string value)
    {
        if (_pairs.Count < MostPairs)
            _pairs.Add(new KeyValuePair<string, string>(key, value));
    }
}
