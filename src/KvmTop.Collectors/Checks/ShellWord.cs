namespace KvmTop.Collectors.Checks;

/// <summary>Words in commands that an operator may copy to a shell: a VM's name is whatever its owner chose.</summary>
internal static class ShellWord
{
    /// <summary>The text as one word of a shell: as it is when it is plain, else in single quotes.</summary>
    public static string Of(string text)
    {
        var plain = text.Length > 0 && text[0] != '-';
        foreach (var c in text)
        {
            plain &= char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
        }

        return plain ? text : "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }
}
