namespace KvmTop.Text;

internal enum FilterTokenKind
{
    End,
    Word,
    Operator,
    And,
    Or,
    OpenQuote,
}

internal readonly record struct FilterToken(FilterTokenKind Kind, string Text, int Position, FilterOperator Operator = FilterOperator.Anywhere);

/// <summary>Words, operators and joints of a filter.</summary>
internal sealed class FilterLexer(string text)
{
    private int _at;

    internal FilterToken Peek()
    {
        var at = _at;
        var token = Next();
        _at = at;
        return token;
    }

    internal FilterToken Next()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }

        var start = _at;
        if (start == text.Length)
        {
            return new FilterToken(FilterTokenKind.End, "", start);
        }

        if (text[start] == ',')
        {
            _at++;
            return new FilterToken(FilterTokenKind.And, ",", start);
        }

        if (Operator(start) is { Length: > 0 } sign)
        {
            _at += sign.Length;
            return new FilterToken(FilterTokenKind.Operator, sign.Text, start, sign.Operator);
        }

        if (text[start] is '"' or '\'')
        {
            var end = text.IndexOf(text[start], start + 1);
            if (end < 0)
            {
                return new FilterToken(FilterTokenKind.OpenQuote, text[start..], start);
            }

            _at = end + 1;
            return new FilterToken(FilterTokenKind.Word, text[(start + 1)..end], start);
        }

        while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && text[_at] is not (',' or '"' or '\'') && Operator(_at).Length == 0)
        {
            _at++;
        }

        var word = text[start.._at];
        return word.Equals("and", StringComparison.OrdinalIgnoreCase) ? new FilterToken(FilterTokenKind.And, word, start)
            : word.Equals("or", StringComparison.OrdinalIgnoreCase) ? new FilterToken(FilterTokenKind.Or, word, start)
            : new FilterToken(FilterTokenKind.Word, word, start);
    }

    private (int Length, string Text, FilterOperator Operator) Operator(int at)
    {
        var second = at + 1 < text.Length ? text[at + 1] : '\0';
        return (text[at], second) switch
        {
            ('>', '=') => (2, ">=", FilterOperator.GreaterOrEqual),
            ('<', '=') => (2, "<=", FilterOperator.LessOrEqual),
            ('=', '=') => (2, "==", FilterOperator.Equal),
            ('!', '=') => (2, "!=", FilterOperator.NotEqual),
            ('>', _) => (1, ">", FilterOperator.Greater),
            ('<', _) => (1, "<", FilterOperator.Less),
            ('=', _) => (1, "=", FilterOperator.Equal),
            ('~', _) => (1, "~", FilterOperator.Contains),
            _ => default,
        };
    }
}
