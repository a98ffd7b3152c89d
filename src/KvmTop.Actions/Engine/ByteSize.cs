using System.Globalization;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Sizes as they are typed and told: 512M, 1.5G; units are powers of 1024.</summary>
internal static class ByteSize
{
    private const string Units = "KMGTPE";

    /// <summary>Bytes of a text such as 512M or 1.5G; a number alone is bytes, 0 is taken.</summary>
    public static ulong? Parse(string text) => text is "0" ? 0 : MemorySize.Parse(text.EndsWith("iB", StringComparison.Ordinal) ? text[..^2] : text, 'B');

    /// <summary>The size in the largest unit that keeps it exact to two places.</summary>
    public static string Text(ulong bytes)
    {
        var (value, unit) = ((double)bytes, -1);
        while (value >= 1024 && unit < Units.Length - 1)
            (value, unit) = (value / 1024, unit + 1);
        return unit < 0 ? bytes.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{value:0.##}{Units[unit]}");
    }
}
