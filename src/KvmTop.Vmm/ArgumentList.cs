using System.Collections;

namespace KvmTop.Vmm;

/// <summary>
/// The arguments of a process, cleaned for the screen when they are looked at: kept as the bytes that they came in, for whoever starts a process decides how many there are, and as
/// texts they take four times the room.
/// </summary>
/// <param name="bytes">As in <c>/proc/PID/cmdline</c>: each ends with NUL.</param>
/// <param name="most">How many are kept.</param>
/// <param name="longest">How long each may be, in characters.</param>
public sealed class ArgumentList(byte[] bytes, int most, int longest) : IReadOnlyList<string>
{
    private readonly int[] _starts = Starts(bytes, most);

    /// <inheritdoc/>
    public int Count => _starts.Length;

    /// <inheritdoc/>
    public string this[int index]
    {
        get
        {
            var rest = bytes.AsSpan(_starts[index]);
            var end = rest.IndexOf((byte)0);
            return HostileText.Clean(end < 0 ? rest : rest[..end], longest);
        }
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static int[] Starts(ReadOnlySpan<byte> bytes, int most)
    {
        var starts = new List<int>();
        for (var at = 0; at < bytes.Length && starts.Count < most;)
        {
            starts.Add(at);
            var end = bytes[at..].IndexOf((byte)0);
            at = end < 0 ? bytes.Length : at + end + 1;
        }

        return [.. starts];
    }
}
