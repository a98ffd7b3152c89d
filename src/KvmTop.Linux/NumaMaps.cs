namespace KvmTop.Linux;

/// <summary>Memory of one process on one node in pages of one size.</summary>
/// <param name="Node">NUMA node.</param>
/// <param name="PageBytes">The size of a page: that of a hugetlb page, or the base page, in which transparent hugepages are counted too.</param>
/// <param name="Hugetlb">True for pages of a hugepage pool.</param>
/// <param name="Bytes">How much.</param>
public readonly record struct NumaPlacement(int Node, ulong PageBytes, bool Hugetlb, ulong Bytes);

/// <summary>Memory on a NUMA node.</summary>
public sealed record NodeBytes(int Node, ulong Bytes)
{
    /// <summary>Sums by node, lowest first.</summary>
    /// <param name="places">What lies where.</param>
    /// <param name="nodes">Nodes that get a figure though nothing lies there.</param>
    public static IReadOnlyList<NodeBytes> Sum(NumaPlacement[] places, IReadOnlyList<NumaNode> nodes)
    {
        var sums = new List<NodeBytes>(nodes.Count);
        foreach (var node in nodes)
            sums.Add(new(node.Number, 0));
        foreach (var place in places)
        {
            var at = sums.FindIndex(s => s.Node == place.Node);
            if (at < 0)
                sums.Add(new(place.Node, place.Bytes));
            else
                sums[at] = new(place.Node, sums[at].Bytes + place.Bytes);
        }

        sums.Sort(static (a, b) => a.Node.CompareTo(b.Node));
        return sums;
    }
}

/// <summary>
/// Where the memory of a process lies, summed from <c>/proc/PID/numa_maps</c> (numa(7)): a line per mapping with its pages by node and their size.
/// The text is read through a window and never held as a whole; the kernel walks all page tables for it. Missing without CONFIG_NUMA. Not thread-safe.
/// </summary>
/// <param name="basePage">What a page is where a line does not say (before Linux 3.9): the size of the kernel's.</param>
public sealed class NumaMaps(int? basePage = null)
{
    // Above a mapping with a path of 4096 characters, each escaped.
    private const int Window = 64 << 10;

    // A process has 65,530 mappings at most unless somebody raised it; what goes on beyond this is no kernel's file.
    private const long MostBytes = 256L << 20;
    private const int MostPlaces = 1024;
    private const int HighestNode = 1023;
    private readonly ulong _basePage = (ulong)(basePage ?? SystemInfo.PageSize);
    private readonly byte[] _window = new byte[Window];
    private readonly List<NumaPlacement> _places = [];

    /// <summary>The sums of the last file: by node, page size and kind. A copy.</summary>
    public NumaPlacement[] Places => [.. _places];

    /// <summary>True when the last file told about at least one mapping.</summary>
    public bool HasMappings { get; private set; }

    /// <summary>Reads a file to its end. An error leaves <see cref="Places"/> empty; a line that is not one of numa_maps counts nothing.</summary>
    public Errno Read(HostFile file)
    {
        Reset();
        long offset = 0;
        var held = 0;
        var skipping = false;
        while (offset < MostBytes)
        {
            var n = file.ReadAt(offset, _window.AsSpan(held));
            if (n < 0)
            {
                Reset();
                return (Errno)(-n);
            }

            if (n == 0)
                break;

            offset += n;
            held += n;
            var start = 0;
            while (_window.AsSpan(start, held - start).IndexOf((byte)'\n') is >= 0 and var length)
            {
                if (!skipping)
                    AddLine(_window.AsSpan(start, length));
                skipping = false;
                start += length + 1;
            }

            // A line that fills the window is dropped to its end.
            if (start == 0 && held == Window)
                (skipping, start) = (true, held);
            _window.AsSpan(start, held - start).CopyTo(_window);
            held -= start;
        }

        if (held > 0 && !skipping)
            AddLine(_window.AsSpan(0, held));
        return Errno.None;
    }

    /// <summary>Takes in a piece of text that ends with a line.</summary>
    public void Parse(ReadOnlySpan<byte> text)
    {
        Reset();
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
            AddLine(line);
    }

    private void Reset()
    {
        _places.Clear();
        HasMappings = false;
    }

    private void AddLine(ReadOnlySpan<byte> line)
    {
        // "7f0be1641000 bind:0 file=/a\040b huge anon=2 dirty=2 N0=1 N1=1 kernelpagesize_kB=2048": the size comes last, so one look for it first.
        var fields = new ByteFields(line);
        if (!fields.TryNext(out var address) || !IsHex(address))
            return;

        HasMappings = true;
        var page = _basePage;
        var huge = false;
        var rest = fields;
        while (rest.TryNext(out var field))
        {
            if (field.SequenceEqual("huge"u8))
                huge = true;
            else if (field.StartsWith("kernelpagesize_kB="u8) && ByteFields.Parse(field["kernelpagesize_kB=".Length..], out ulong size) && size is > 0 and <= 16 << 20)
                page = size * 1024;
        }

        while (fields.TryNext(out var field))
        {
            if (field.Length < 4 || field[0] != (byte)'N')
                continue;

            var equals = field.IndexOf((byte)'=');
            if (equals < 2 || !ByteFields.Parse(field[1..equals], out int node) || node is < 0 or > HighestNode
                || !ByteFields.Parse(field[(equals + 1)..], out ulong pages) || pages > 1UL << 40)
            {
                continue;
            }

            Add(node, page, huge, pages * page);
        }
    }

    private void Add(int node, ulong page, bool huge, ulong bytes)
    {
        for (var i = 0; i < _places.Count; i++)
        {
            var place = _places[i];
            if (place.Node == node && place.PageBytes == page && place.Hugetlb == huge)
            {
                // Hostile text may claim more than there is in the world; it stays a number.
                _places[i] = place with { Bytes = Math.Min(place.Bytes + bytes, 1UL << 62) };
                return;
            }
        }

        if (_places.Count < MostPlaces)
            _places.Add(new NumaPlacement(node, page, huge, Math.Min(bytes, 1UL << 62)));
    }

    private static bool IsHex(ReadOnlySpan<byte> text)
    {
        foreach (var b in text)
        {
            if (!char.IsAsciiHexDigit((char)b))
                return false;
        }

        return text.Length is >= 4 and <= 16;
    }
}
