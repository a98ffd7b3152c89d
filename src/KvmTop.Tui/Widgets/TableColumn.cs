namespace KvmTop.Tui;

/// <summary>At which side a text stands.</summary>
public enum Align
{
    /// <summary>Left.</summary>
    Left,

    /// <summary>Right: figures.</summary>
    Right,
}

/// <summary>A column of a <see cref="Table"/>.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Width">Cells it needs; the heading may make it wider.</param>
/// <param name="Align">At which side heading and text stand.</param>
public sealed record TableColumn(string Title, int Width, Align Align = Align.Left)
{
    /// <summary>Its share of the cells that are left over; 0 keeps the width.</summary>
    public int Flex { get; init; }

    /// <summary>The most cells that flexing gives it.</summary>
    public int MaxWidth { get; init; } = int.MaxValue;

    /// <summary>When not all columns fit, those with the highest number go first; those with 0 stay. Scrolling to the right brings them back.</summary>
    public int Priority { get; init; }

    /// <summary>Stays when the others scroll; for the leading columns, the names.</summary>
    public bool Frozen { get; init; }
}

/// <summary>The rows of a table, drawn on demand: only cells on the screen are asked for.</summary>
public interface ITableRows
{
    /// <summary>How many rows there are.</summary>
    int Count { get; }

    /// <summary>True for a row that the operator has marked.</summary>
    bool IsMarked(int row);

    /// <summary>Draws a cell. The area has the column's width and is blank; what is written beyond is not cut.</summary>
    void DrawCell(Buffer buffer, int row, int column, Rect cell, Surface surface);
}

/// <summary>What is where in a table.</summary>
/// <param name="Row">The row, -1 for none.</param>
/// <param name="Heading">The column whose heading it is, -1 for none.</param>
public readonly record struct TableHit(int Row, int Heading)
{
    /// <summary>Neither a row nor a heading.</summary>
    public static TableHit Nothing => new(-1, -1);
}
