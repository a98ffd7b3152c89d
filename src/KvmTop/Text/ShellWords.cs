using System.Text;

namespace KvmTop.Text;

/// <summary>Takes a typed line apart into words, as a shell would: blanks separate, quotes and backslashes keep together. Nothing is expanded.</summary>
public static class ShellWords
{
    /// <summary>The words; null when a quote is not closed.</summary>
    public static IReadOnlyList<string>? Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (inWord, quote) = (false, '\0');
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (inWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                }

                inWord = false;
                continue;
            }

            inWord = true;
            if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '\'' or '"')
            {
                quote = c;
            }
            else if (c == '\\' && quote != '\'' && i + 1 < line.Length)
            {
                word.Append(line[++i]);
            }
            else
            {
                word.Append(c);
            }
        }

        if (inWord)
        {
            words.Add(word.ToString());
        }

        return quote == '\0' ? words : null;
    }
}
