using System.Globalization;

namespace KvmTop.Collectors;

/// <summary>
/// Words for parameters of modules, and what the kernel says when they are read back: kstrtobool() and kstrtoint() (lib/kstrtox.c), kernel/params.c, and KVM's own (nx_huge_pages in
/// arch/x86/kvm/mmu/mmu.c, vmentry_l1d_flush in arch/x86/kvm/vmx/vmx.c).
/// </summary>
public static class ParameterWords
{
    // What CPUs say that need no flush, whatever was asked for.
    private static readonly string[] s_notNeeded = ["???", "not required", "EPT disabled"];

    /// <summary>True when two words ask for the same: Y and 1 and on, N and 0 and off, 0x10 and 16.</summary>
    public static bool Same(string a, string b)
    {
        var (left, right) = (Clean(a), Clean(b));
        return left == right || (Truth(left) is { } one && Truth(right) == one && !(IsNumber(left) && IsNumber(right))) || SameNumbers(left, right);
    }

    /// <summary>True when what is read may be what comes of what was set: "force" shows as Y, "auto" as whatever the kernel chose.</summary>
    /// <param name="parameter">The parameter's name.</param>
    /// <param name="read">What the kernel says.</param>
    /// <param name="set">What it was told.</param>
    public static bool ReadsBack(string parameter, string read, string set)
    {
        var (now, word) = (Clean(read), Clean(set));
        if (Same(now, word) || word.Equals("auto", StringComparison.OrdinalIgnoreCase))
            return true;
        if (parameter == "nx_huge_pages" && word == "force")
            return Truth(now) == true;
        return parameter == "vmentry_l1d_flush" && Array.IndexOf(s_notNeeded, now) >= 0;
    }

    private static string Clean(string value)
    {
        value = value.Trim().Trim('"');
        return value == "(null)" ? "" : value;
    }

    /// <summary>What a word means to a parameter of type bool: its first letter decides, of "on" and "off" the second. Null for words and numbers that are none.</summary>
    private static bool? Truth(string word)
    {
        var first = word.Length > 0 ? char.ToLowerInvariant(word[0]) : ' ';
        var second = word.Length > 1 ? char.ToLowerInvariant(word[1]) : ' ';

        // "never" and "force" are words of their own parameters.
        if (word is "never" or "force")
            return null;
        return (first, second) switch
        {
            ('o', 'n') => true,
            ('o', 'f') => false,
            ('y' or 't' or '1', _) => IsOne(word, "1", "yes", "true") ? true : null,
            ('n' or 'f' or '0', _) => IsOne(word, "0", "no", "false") ? false : null,
            _ => null,
        };
    }

    private static bool IsOne(string word, string digit, string one, string other) =>
        word == digit || (word.Length == 1 && char.IsAsciiLetter(word[0])) || word.Equals(one, StringComparison.OrdinalIgnoreCase) || word.Equals(other, StringComparison.OrdinalIgnoreCase);

    // Arrays are lists with commas. A negative number and what it is without a sign are the same bits, of 32 or 64.
    private static bool SameNumbers(string a, string b)
    {
        var (left, right) = (a.Split(','), b.Split(','));
        if (left.Length != right.Length)
            return false;
        for (var i = 0; i < left.Length; i++)
        {
            if (!IsNumber(left[i], out var x, out var negative) || !IsNumber(right[i], out var y, out var other))
                return false;
            var (bits, otherBits) = (negative ? 0 - x : x, other ? 0 - y : y);
            if (negative == other ? x != y : bits != otherBits && (x > uint.MaxValue || y > uint.MaxValue || (uint)bits != (uint)otherBits))
                return false;
        }

        return true;
    }

    private static bool IsNumber(string text) => IsNumber(text, out _, out _);

    private static bool IsNumber(string text, out ulong size, out bool negative)
    {
        text = text.Trim();
        negative = text.StartsWith('-');
        var digits = negative || text.StartsWith('+') ? text.AsSpan(1) : text.AsSpan();
        size = 0;
        if (digits.IsEmpty || digits.Length > 20)
            return false;
        if (digits.Length > 2 && digits[0] == '0' && digits[1] is 'x' or 'X')
            return ulong.TryParse(digits[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out size);

        var octal = digits.Length > 1 && digits[0] == '0';
        foreach (var c in digits)
        {
            if (c is < '0' or > '9' || (octal && c > '7'))
                return false;
            size = unchecked((size * (octal ? 8ul : 10ul)) + (ulong)(c - '0'));
        }

        return true;
    }
}
