using System.Globalization;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>Writes along a line from left to right.</summary>
internal struct Pencil(Buffer buffer, Rect line, Surface surface)
{
    public int X { get; private set; } = line.X;

    /// <summary>The row.</summary>
    public readonly int Y => line.Y;

    /// <summary>Writes up to a column, with an ellipsis where it does not fit.</summary>
    public void WriteCut(ReadOnlySpan<char> text, Role role, int right, bool unicode)
    {
        var room = Math.Min(right, line.Right) - X;
        if (CellWidth.Of(text) <= room)
        {
            Write(text, role);
        }
        else if (room > 1)
        {
            X = buffer.Write(X, line.Y, text, new Style(role, surface), room - 1);
            Write(unicode ? "…" : "~", role);
        }
    }

    public void Write(ReadOnlySpan<char> text, Role role) => X = buffer.Write(X, line.Y, text, new Style(role, surface), line.Right - X);

    public void Pair(ReadOnlySpan<char> label, ReadOnlySpan<char> value, Role role)
    {
        // All of a pair or nothing: half a figure is a wrong one.
        if (X + label.Length + value.Length + 3 > line.Right)
        {
            return;
        }

        Write(" ", Role.Dim);
        Write(label, Role.Label);
        Write(" ", Role.Dim);
        Write(value, role);
        Write(" ", Role.Dim);
    }

    public void Count(int count, ReadOnlySpan<char> what, Role role)
    {
        if (count > 0)
        {
            Write(string.Create(CultureInfo.InvariantCulture, $"{count} "), role);
            Write(what, Role.Label);
            Write("  ", Role.Dim);
        }
    }
}
