using KvmTop.Collectors;

namespace KvmTop.Text;

/// <summary>How a filter compares.</summary>
public enum FilterOperator
{
    /// <summary>No column: any text of the row contains it.</summary>
    Anywhere,

    /// <summary>= or ==.</summary>
    Equal,

    /// <summary>!=.</summary>
    NotEqual,

    /// <summary>&gt;.</summary>
    Greater,

    /// <summary>&gt;=.</summary>
    GreaterOrEqual,

    /// <summary>&lt;.</summary>
    Less,

    /// <summary>&lt;=.</summary>
    LessOrEqual,

    /// <summary>~: contains, regardless of case.</summary>
    Contains,
}

/// <summary>What is wrong with a filter, and where.</summary>
/// <param name="Position">Index of the character, from 0.</param>
/// <param name="Message">What was expected.</param>
public readonly record struct FilterError(int Position, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"column {Position + 1}: {Message}");
}

/// <summary>One comparison of a filter as it was written.</summary>
/// <param name="Column">What stands before the operator; empty for <see cref="FilterOperator.Anywhere"/>.</param>
/// <param name="Operator">The operator.</param>
/// <param name="Value">What stands after it.</param>
/// <param name="Position">Where the term begins.</param>
/// <param name="ValuePosition">Where the value begins.</param>
public sealed record FilterTerm(string Column, FilterOperator Operator, string Value, int Position, int ValuePosition);

/// <summary>
/// A filter: texts ("web") and comparisons ("rdy&gt;5", "mem&gt;=4G", "name~web"), joined by <c>and</c> (or a comma) and <c>or</c>; <c>and</c>
/// binds tighter. Quotes make a text of anything. Columns and units are resolved by <see cref="Bind"/>, once the rows are known.
/// </summary>
public sealed class FilterExpression
{
    /// <summary>The longest filter that is read.</summary>
    public const int LongestText = 1000;

    private FilterExpression(string text, IReadOnlyList<IReadOnlyList<FilterTerm>> alternatives)
    {
        (Text, Alternatives) = (text, alternatives);
    }

    /// <summary>As it was typed.</summary>
    public string Text { get; }

    /// <summary>The row must match all terms of one of these.</summary>
    public IReadOnlyList<IReadOnlyList<FilterTerm>> Alternatives { get; }

    /// <summary>Reads a filter; an empty text is none.</summary>
    public static bool TryParse(string text, out FilterExpression? filter, out FilterError error)
    {
        filter = null;
        if (text.Length > LongestText)
        {
            error = new FilterError(LongestText, FormattableString.Invariant($"expected at most {LongestText} characters"));
            return false;
        }

        var lexer = new FilterLexer(text);
        var (alternatives, terms) = (new List<IReadOnlyList<FilterTerm>>(), new List<FilterTerm>());
        while (true)
        {
            if (!TryTerm(lexer, out var term, out error))
            {
                return false;
            }

            terms.Add(term!);
            var joint = lexer.Next();
            switch (joint.Kind)
            {
                case FilterTokenKind.And:
                    break;
                case FilterTokenKind.Or:
                    alternatives.Add(terms);
                    terms = [];
                    break;
                case FilterTokenKind.End:
                    alternatives.Add(terms);
                    filter = new FilterExpression(text, alternatives);
                    return true;
                default:
                    error = Unexpected(joint, "expected and, or, or the end");
                    return false;
            }
        }
    }

    /// <summary>Resolves columns and units against the figures of a row; null with an error when one does not exist or a value does not fit.</summary>
    public FilterPredicate<TRow>? Bind<TRow>(IReadOnlyList<Metric<TRow>> metrics, out FilterError error)
    {
        error = default;
        var texts = metrics.Where(m => m.Unit == Unit.Text).ToArray();
        var alternatives = new Func<TRow, bool>[Alternatives.Count][];
        var needs = new HashSet<Topic>();
        for (var i = 0; i < alternatives.Length; i++)
        {
            alternatives[i] = new Func<TRow, bool>[Alternatives[i].Count];
            for (var k = 0; k < alternatives[i].Length; k++)
            {
                if (FilterComparison.Create(Alternatives[i][k], metrics, texts, out error) is not { } test)
                {
                    return null;
                }

                alternatives[i][k] = test;
                if (Alternatives[i][k] is { Operator: not FilterOperator.Anywhere, Column: var column })
                {
                    needs.UnionWith(MetricNames.Find(metrics, column, out _)!.Needs);
                }
            }
        }

        return new FilterPredicate<TRow>(alternatives, [.. needs]);
    }

    private static bool TryTerm(FilterLexer lexer, out FilterTerm? term, out FilterError error)
    {
        term = null;
        error = default;
        var first = lexer.Next();
        if (first.Kind != FilterTokenKind.Word)
        {
            error = Unexpected(first, "expected a text or a comparison such as rdy>5");
            return false;
        }

        if (lexer.Peek().Kind != FilterTokenKind.Operator)
        {
            // Several words in a row are one text with blanks in it.
            var words = first.Text;
            while (lexer.Peek().Kind == FilterTokenKind.Word)
            {
                words += " " + lexer.Next().Text;
            }

            if (lexer.Peek() is { Kind: FilterTokenKind.Operator } late)
            {
                error = new FilterError(late.Position, $"expected one word before {late.Text}");
                return false;
            }

            term = new FilterTerm("", FilterOperator.Anywhere, words, first.Position, first.Position);
            return true;
        }

        var sign = lexer.Next();
        var value = lexer.Next();
        if (value.Kind != FilterTokenKind.Word)
        {
            error = Unexpected(value, $"expected a value after {sign.Text}");
            return false;
        }

        term = new FilterTerm(first.Text, sign.Operator, value.Text, first.Position, value.Position);
        return true;
    }

    private static FilterError Unexpected(FilterToken token, string expected) => token.Kind switch
    {
        FilterTokenKind.OpenQuote => new FilterError(token.Position, "expected a closing quote"),
        FilterTokenKind.End => new FilterError(token.Position, $"{expected}, found the end"),
        _ => new FilterError(token.Position, $"{expected}, found {token.Text}"),
    };
}

/// <summary>A filter that knows its rows.</summary>
/// <typeparam name="TRow">The row.</typeparam>
public sealed class FilterPredicate<TRow>
{
    private readonly Func<TRow, bool>[][] _alternatives;

    internal FilterPredicate(Func<TRow, bool>[][] alternatives, IReadOnlyCollection<Topic> needs)
    {
        (_alternatives, Needs) = (alternatives, needs);
    }

    /// <summary>What must be read for the columns that it compares. A text that is looked for anywhere is looked for in what is known.</summary>
    public IReadOnlyCollection<Topic> Needs { get; }

    /// <summary>True when the row is to be shown. Allocates nothing.</summary>
    public bool Matches(TRow row)
    {
        foreach (var terms in _alternatives)
        {
            var all = true;
            foreach (var term in terms)
            {
                if (!term(row))
                {
                    all = false;
                    break;
                }
            }

            if (all)
            {
                return true;
            }
        }

        return false;
    }
}
