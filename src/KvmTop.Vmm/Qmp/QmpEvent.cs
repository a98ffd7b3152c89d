using System.Text;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>Something that a monitor said unasked: STOP, RESUME, BLOCK_IO_ERROR, ... Cleaned and bounded.</summary>
/// <param name="Time">When it arrived.</param>
/// <param name="Name">The event.</param>
/// <param name="Text">Its data as "name value, name value"; empty when it has none.</param>
public sealed record QmpEvent(DateTimeOffset Time, string Name, string Text)
{
    private const int LongestName = 64;
    private const int LongestText = 400;
    private const int MostItems = 16;

    internal static QmpEvent Of(DateTimeOffset time, in QmpMessage message) => new(time, HostileText.Clean(message.Name, LongestName), Describe(message.Payload));

    /// <summary>The values of an object that are no objects themselves, nested ones by their last name.</summary>
    private static string Describe(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return "";

        var text = new StringBuilder();
        var name = "";
        var items = 0;
        try
        {
            var reader = new Utf8JsonReader(data);
            while (reader.Read() && items < MostItems && text.Length < LongestText)
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    name = HostileText.Clean(reader.ValueSpan, LongestName);
                }
                else if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False && !reader.ValueSpan.IsEmpty)
                {
                    items++;
                    text.Append(text.Length > 0 ? ", " : "").Append(name).Append(name.Length > 0 ? " " : "").Append(HostileText.Clean(reader.ValueSpan, 128));
                }
            }
        }
        catch (JsonException)
        {
            // It was valid as part of its line; what has been read of it stands in any case.
        }

        return HostileText.Clean(text.ToString(), LongestText);
    }
}
