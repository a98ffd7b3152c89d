using System.Text.Json;
using KvmTop.Linux;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;

namespace KvmTop.Configuration;

/// <summary>Merges the layers (command line over environment over the user's file over the system's) and checks every value of each.</summary>
public static class ConfigurationLoader
{
    private const int LargestFile = 1 << 20;

    // For whoever writes the pipe of --config <(...).
    private static readonly TimeSpan s_pipe = TimeSpan.FromSeconds(5);

    /// <summary>Reads all layers. The mistakes are in words for standard error; with any, the options must not be used.</summary>
    /// <param name="commandLine">Values by <see cref="Setting.Id"/> as given on the command line.</param>
    /// <param name="environment">Environment variables.</param>
    /// <param name="files">Configuration files.</param>
    /// <param name="mistakes">One line each: place, key and what was expected.</param>
    /// <param name="notices">One line for each usual file that was not looked at, because somebody else could have put it there; mistakes when null.</param>
    public static Options Load(IReadOnlyDictionary<string, string> commandLine, EnvironmentBlock environment, ConfigurationFiles files, List<string> mistakes, List<string>? notices = null)
    {
        var layers = new List<Layer>();
        if (files.Explicit is { } only)
        {
            AddFile(layers, only, isNamed: true, mistakes, null);
        }
        else
        {
            AddFile(layers, files.System, isNamed: false, mistakes, notices);
            if (files.User is { } user)
            {
                AddFile(layers, user, isNamed: false, mistakes, notices);
            }
        }

        layers.Add(new Layer(FromMemory(FromEnvironment(environment, mistakes)), s => s.Variable, SettingScope.Environment));
        layers.Add(new Layer(FromMemory(commandLine!), s => s.Option, SettingScope.CommandLine));

        // Each provider is read on its own, without a configuration root over them: a mistake is told with its place even where a stronger
        // layer hides it, and a list of one layer is not mixed with a list of another.
        var options = new Options();
        foreach (var layer in layers)
        {
            options = Apply(options, layer, mistakes);
        }

        return options;
    }

    /// <summary>The settings of one file as text by id; used to rewrite it.</summary>
    internal static Dictionary<string, string> ReadFile(string path, List<string> mistakes)
    {
        var layers = new List<Layer>();
        AddFile(layers, path, isNamed: false, mistakes, null);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var layer in layers)
        {
            _ = Apply(new Options(), layer, mistakes, values);
        }

        return values;
    }

    private static void AddFile(List<Layer> layers, string path, bool isNamed, List<string> mistakes, List<string>? notices)
    {
        if (ReadBytes(path, isNamed, mistakes, notices) is { } json && IsWellFormed(path, json, mistakes))
        {
            var provider = new JsonStreamConfigurationProvider(new JsonStreamConfigurationSource { Stream = new MemoryStream(json) });
            provider.Load();
            layers.Add(new Layer(provider, s => $"{path}: {s.Id}", SettingScope.File, path));
        }
    }

    private static MemoryConfigurationProvider FromMemory(IEnumerable<KeyValuePair<string, string?>> values) =>
        new(new MemoryConfigurationSource { InitialData = values });

    private static byte[]? ReadBytes(string path, bool isNamed, List<string> mistakes, List<string>? notices)
    {
        byte[] bytes;
        var refusal = isNamed ? NamedFile.Read(path, LargestFile, s_pipe, out bytes) : TrustedFile.Read(path, LargestFile, out bytes);
        switch (refusal)
        {
            case null:
                return bytes;
            case { IsMissing: true } or { IsFolder: true, Errno: Errno.EACCES or Errno.ENOTDIR } when !isNamed:
                break;
            case { IsMissing: true }:
                mistakes.Add($"--config: {path}: no such file");
                break;
            case { Errno: Errno.EISDIR }:
                mistakes.Add($"{path}: expected a file, found a directory");
                break;
            case { Errno: Errno.EFBIG }:
                mistakes.Add($"{path}: expected at most 1 MiB");
                break;
            case { Errno: Errno.EACCES }:
                mistakes.Add($"{path}: cannot be read: permission denied");
                break;
            case { IsFolder: true, Errno: Errno.None } when notices is not null:
                notices.Add($"{path}: not read: {refusal.Reason}; for one's own settings: HOME and XDG_CONFIG_HOME, or --config FILE");
                break;
            default:
                mistakes.Add($"{path}: not read: {refusal.Reason}");
                break;
        }

        return null;
    }

    // The provider reports mistakes by exceptions whose texts a trimmed program does not carry; so the form is checked here first.
    private static bool IsWellFormed(string path, ReadOnlySpan<byte> json, List<string> mistakes)
    {
        try
        {
            if (json.StartsWith("\uFEFF"u8))
            {
                json = json[3..];
            }

            var keys = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                mistakes.Add($"{path}: expected a JSON object");
                return false;
            }

            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.GetString() is { } key && !keys.Add(key))
                {
                    mistakes.Add($"{path}: {key}: expected once, found twice");
                    return false;
                }
            }

            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is not UTF-8.
            var place = e is JsonException { LineNumber: { } line, BytePositionInLine: { } at } ? FormattableString.Invariant($"line {line + 1}, column {at + 1}: ") : "";
            mistakes.Add($"{path}: {place}expected well-formed JSON");
            return false;
        }
    }

    private static Dictionary<string, string?> FromEnvironment(EnvironmentBlock environment, List<string> mistakes)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (environment["NO_COLOR"] is not null)
        {
            values["no-color"] = "true";
        }

        foreach (var name in environment.NamesWith(Setting.VariablePrefix))
        {
            if (Settings.All.FirstOrDefault(s => s.Variable == name) is not { } setting)
            {
                mistakes.Add($"{name}: unknown environment variable{Suggestion.For(name, Settings.All.Select(s => s.Variable))}");
            }
            else if (environment[name] is { } value)
            {
                values[setting.Id] = value;
            }
        }

        return values;
    }

    private static Options Apply(Options options, Layer layer, List<string> mistakes, Dictionary<string, string>? values = null)
    {
        foreach (var key in layer.Provider.GetChildKeys([], null).Distinct(StringComparer.Ordinal))
        {
            if (Settings.Find(key) is not { } setting)
            {
                mistakes.Add($"{layer.File}: {Clean(key)}: unknown key{Suggestion.For(key, Settings.All.Where(s => s.Scope.HasFlag(layer.Scope)).Select(s => s.Id))}");
                continue;
            }

            var place = layer.Place(setting);
            if (!setting.Scope.HasFlag(layer.Scope))
            {
                mistakes.Add($"{place}: expected on the command line or in the environment only");
                continue;
            }

            if (Value(layer.Provider, setting, out var found) is not { } text)
            {
                mistakes.Add($"{place}: expected {setting.Expected}, found {found}");
            }
            else if (!setting.TryApply(options, text, out options, out var problem))
            {
                mistakes.Add($"{place}: {problem}");
            }
            else
            {
                values?.Add(key, text);
            }
        }

        return options;
    }

    private static string? Value(IConfigurationProvider provider, Setting setting, out string found)
    {
        var items = provider.GetChildKeys([], setting.Id).ToArray();
        if (items.Length == 0)
        {
            found = "null";
            return provider.TryGet(setting.Id, out var text) ? text : null;
        }

        // An array comes as keys "columns:0", "columns:1"; an object as "columns:name".
        var isArray = items.All(i => i.All(char.IsAsciiDigit));
        found = isArray ? "a list" : "an object";
        if (!isArray || setting.Kind != SettingKind.List)
        {
            return null;
        }

        var words = new List<string>();
        foreach (var item in items)
        {
            if (!provider.TryGet($"{setting.Id}:{item}", out var word) || word is null)
            {
                return null;
            }

            words.Add(word);
        }

        return string.Join(',', words);
    }

    private static string Clean(string key) => Setting.Quote(key).Trim('"');

    private sealed record Layer(IConfigurationProvider Provider, Func<Setting, string> Place, SettingScope Scope, string File = "");
}
