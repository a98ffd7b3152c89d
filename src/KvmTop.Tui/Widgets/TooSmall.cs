using System.Globalization;

namespace KvmTop.Tui;

/// <summary>What stands on a terminal that is too small for anything else.</summary>
public static class TooSmall
{
    /// <summary>True when the area is smaller than needed, and then the message has been drawn.</summary>
    public static bool Render(Buffer buffer, int needWidth, int needHeight)
    {
        var area = buffer.Area;
        if (area.Width >= needWidth && area.Height >= needHeight)
        {
            return false;
        }

        buffer.Clear();
        ReadOnlySpan<string> lines =
        [
            "terminal too small",
            string.Create(CultureInfo.InvariantCulture, $"{area.Width}x{area.Height}, need {needWidth}x{needHeight}"),
        ];
        var block = area.Center(area.Width, lines.Length);
        for (var i = 0; i < block.Height; i++)
        {
            var place = block.Center(CellWidth.Of(lines[i]), 1);
            buffer.Write(place.X, block.Y + i, lines[i], i == 0 ? Role.Warn : Role.Text, place.Width);
        }

        return true;
    }
}
