using System.Globalization;

namespace KvmTop.Collectors.Checks;

/// <summary>Bytes in words.</summary>
public static class Sizes
{
    /// <summary>"4.6 GiB".</summary>
    public static string Text(ulong bytes)
    {
        var (value, unit) = bytes switch
        {
            >= 1UL << 40 => (bytes / (double)(1UL << 40), "TiB"),
            >= 1UL << 30 => (bytes / (double)(1UL << 30), "GiB"),
            >= 1UL << 20 => (bytes / (double)(1UL << 20), "MiB"),
            _ => (bytes / 1024.0, "KiB"),
        };
        return value.ToString(value < 10 ? "0.#" : "0", CultureInfo.InvariantCulture) + " " + unit;
    }
}
