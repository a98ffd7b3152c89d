namespace KvmTop.Collectors;

/// <summary>One figure of one row: a number, a text, or the reason why there is neither. Missing is never 0.</summary>
public readonly struct Figure : IEquatable<Figure>
{
    private readonly FigureKind _kind;
    private readonly string? _text;

    private Figure(FigureKind kind, double number, string? text)
    {
        _kind = kind;
        Number = number;
        _text = text;
    }

    private enum FigureKind : byte
    {
        Missing,
        Number,
        Text,
    }

    /// <summary>The number, or NaN.</summary>
    public double Number { get; }

    /// <summary>The text, or null.</summary>
    public string? Text => _kind == FigureKind.Text ? _text : null;

    /// <summary>Why there is no figure, or null when there is one.</summary>
    public string? MissingReason => _kind == FigureKind.Missing ? _text ?? "not known" : null;

    /// <summary>True when there is no figure.</summary>
    public bool IsMissing => _kind == FigureKind.Missing;

    /// <summary>True for a number.</summary>
    public bool IsNumber => _kind == FigureKind.Number;

    /// <summary>No figure, and why, in words for the screen.</summary>
    public static Figure Missing(string? reason) => new(FigureKind.Missing, double.NaN, reason);

    /// <summary>A number; NaN is missing with <paramref name="reason"/>.</summary>
    public static Figure Of(double number, string? reason = null) =>
        double.IsNaN(number) ? Missing(reason) : new(FigureKind.Number, number, null);

    /// <summary>A number, or missing with <paramref name="reason"/> when it is null.</summary>
    public static Figure Of(double? number, string? reason = null) => number is { } n ? Of(n, reason) : Missing(reason);

    /// <summary>A text, or missing with <paramref name="reason"/> when it is null.</summary>
    public static Figure Of(string? text, string? reason = null) => text is null ? Missing(reason) : new(FigureKind.Text, double.NaN, text);

    /// <inheritdoc/>
    public bool Equals(Figure other) => _kind == other._kind && Number.Equals(other.Number) && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Figure other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_kind, Number, _text);

    /// <summary>Equality by value.</summary>
    public static bool operator ==(Figure left, Figure right) => left.Equals(right);

    /// <summary>Inequality by value.</summary>
    public static bool operator !=(Figure left, Figure right) => !left.Equals(right);
}
