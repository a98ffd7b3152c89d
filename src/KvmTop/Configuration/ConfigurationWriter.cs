using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace KvmTop.Configuration;

/// <summary>Saves settings to a configuration file, as the setup screen does. What else the file sets stays; comments do not.</summary>
public static class ConfigurationWriter
{
    private const UnixFileMode UserOnlyDirectory = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// Writes the values of <paramref name="settings"/> in <paramref name="options"/> into the file. A setting whose value is empty is taken
    /// out of it. Returns null, or why it was not saved: a file with a mistake in it is left as it is.
    /// </summary>
    public static string? Save(string path, Options options, IEnumerable<Setting> settings)
    {
        var mistakes = new List<string>();
        var values = ConfigurationLoader.ReadFile(path, mistakes);
        if (mistakes.Count > 0)
        {
            return mistakes[0];
        }

        foreach (var setting in settings.Where(s => s.Scope.HasFlag(SettingScope.File)))
        {
            values[setting.Id] = setting.Format(options);
        }

        try
        {
            WriteAtomically(path, Serialize(values));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{path}: cannot be written{(e is UnauthorizedAccessException ? ": permission denied" : "")}";
        }
    }

    private static byte[] Serialize(Dictionary<string, string> values)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (var setting in Settings.All)
            {
                if (values.TryGetValue(setting.Id, out var text) && text.Length > 0)
                {
                    json.WritePropertyName(setting.Id);
                    WriteValue(json, setting, text);
                }
            }

            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void WriteValue(Utf8JsonWriter json, Setting setting, string text)
    {
        // Texts in the file may spell a value in several ways ("on", "1e0"): normal form is what the options print.
        var normal = setting.TryApply(new Options(), text, out var options, out _) ? setting.Format(options) : text;
        switch (setting.Kind)
        {
            case SettingKind.Flag:
                json.WriteBooleanValue(normal == "true");
                break;
            case SettingKind.Integer or SettingKind.Number:
                json.WriteNumberValue(double.Parse(normal, CultureInfo.InvariantCulture));
                break;
            case SettingKind.List:
                json.WriteStartArray();
                foreach (var item in normal.Split(','))
                {
                    json.WriteStringValue(item);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteStringValue(normal);
                break;
        }
    }

    [SuppressMessage("Interoperability", "CA1416", Justification = "The program runs on Linux only.")]
    private static void WriteAtomically(string path, byte[] content)
    {
        // People keep their dot files as links into a repository: the file behind the link is the one to replace.
        var link = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true) : null;
        var target = link?.FullName ?? Path.GetFullPath(path);
        var directory = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(directory, UserOnlyDirectory);
        var temporary = Path.Combine(directory, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}");
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                if (File.Exists(target))
                {
                    File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
                }

                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
