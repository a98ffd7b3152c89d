using System.Text;

namespace KvmTop.Vmm;

/// <summary>Command lines as in <c>/proc/PID/cmdline</c>: arguments that end with NUL, written (and rewritten at will) by the process.</summary>
public static class ProcessArguments
{
    /// <summary>
    /// Splits into arguments, decoded but not cleaned. More than <paramref name="maxArguments"/> are left out, longer ones than
    /// <paramref name="maxArgumentLength"/> bytes are cut. A process that overwrote its arguments with one text shows as a single argument.
    /// </summary>
    public static List<string> Split(ReadOnlySpan<byte> nulSeparated, int maxArguments, int maxArgumentLength)
    {
        var args = new List<string>();
        while (!nulSeparated.IsEmpty && args.Count < maxArguments)
        {
            var end = nulSeparated.IndexOf((byte)0);
            var arg = end < 0 ? nulSeparated : nulSeparated[..end];
            args.Add(Encoding.UTF8.GetString(arg[..Math.Min(arg.Length, Math.Max(maxArgumentLength, 0))]));
            nulSeparated = end < 0 ? default : nulSeparated[(end + 1)..];
        }

        return args;
    }
}
