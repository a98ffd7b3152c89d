using System.Globalization;
using KvmTop.Collectors.Checks;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Sizes a pool of hugepages, of the whole host or of one node.</summary>
public sealed class HugepagesAction() : HostAction("hugepages")
{
    private const long MostPages = 1L << 32;

    /// <inheritdoc/>
    public override char? Key => 'H';

    /// <inheritdoc/>
    public override string Usage => "SIZE COUNT|+N|-N [--node N] [--persist]";

    /// <inheritdoc/>
    public override string Summary => "Sizes a pool of hugepages, of the host or of a node.";

    /// <inheritdoc/>
    public override string Writes =>
        $"/sys/kernel/mm/hugepages/hugepages-*/nr_hugepages, or nodeN's below /sys/devices/system/node; with --persist {BootFile.Tmpfiles}";

    /// <inheritdoc/>
    public override string Details =>
        """
          SIZE            2M, 1G, or another size that the kernel has.
          COUNT           Pages in all; +N and -N: so many more or fewer.
          --node N        The pool of one NUMA node.
          --persist       Also for every boot. Where memory is fragmented by then, the
                          kernel command line (hugepagesz= hugepages=) is surer.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["2M", "1G", "--node", "--persist"];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var pools = HugepagePools.Read(context.Control.Files);
        if (pools.Count == 0)
            yield return ActionChoice.Of("Size a pool of hugepages", Name) with { DisabledReason = "this kernel has no hugepages" };
        foreach (var pool in pools)
        {
            yield return Choice(pool, null);
            if (context.Topology.Nodes.Count > 1)
            {
                foreach (var node in context.Topology.Nodes)
                {
                    foreach (var own in HugepagePools.ReadNode(context.Control.Files, node.Number).Where(p => p.SizeBytes == pool.SizeBytes))
                        yield return Choice(own, node.Number);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (TryTakeCount(words, out var plain, out var count) is { } wrong)
            return Mistake(words, wrong);
        if (ActionWords.Parse(plain, ["--persist"], ["--node"], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count != 1 || MemorySize.Parse(parsed.Rest[0], 'K') is not { } size)
            return Mistake(words, "expected a size and a count");

        int? node = null;
        if (parsed.Value("--node") is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || context.Topology.Nodes.All(n => n.Number != number))
                return Mistake(words, $"--node: expected one of {string.Join(", ", context.Topology.Nodes.Select(n => n.Number))}, found {HostileText.Clean(text, 40)}");
            node = number;
        }

        var pools = node is { } n ? HugepagePools.ReadNode(context.Control.Files, n) : HugepagePools.Read(context.Control.Files);
        var where = node is { } on ? FormattableString.Invariant($" of node {on}") : "";
        if (pools.FirstOrDefault(p => p.SizeBytes == size) is not { SizeBytes: > 0 } pool)
            return Mistake(words, $"the kernel has no hugepages of that size{where}: it has {string.Join(", ", pools.Select(p => Short(p.SizeBytes)))}");
        return Plan(context, words, pool, node, count, parsed.Has("--persist"));
    }

    private static string Short(ulong bytes) => bytes >= 1UL << 30
        ? FormattableString.Invariant($"{bytes >> 30}G")
        : bytes >= 1UL << 20 ? FormattableString.Invariant($"{bytes >> 20}M") : FormattableString.Invariant($"{bytes >> 10}K");

    private static string PathOf(ulong size, int? node) => node is { } n
        ? FormattableString.Invariant($"/sys/devices/system/node/node{n}/hugepages/hugepages-{size >> 10}kB/nr_hugepages")
        : FormattableString.Invariant($"/sys/kernel/mm/hugepages/hugepages-{size >> 10}kB/nr_hugepages");

    /// <summary>Takes the count out of the words: "-4" is a number here, which a parser of options would take for one. Returns what is wrong, or null.</summary>
    private static string? TryTakeCount(IReadOnlyList<string> words, out IReadOnlyList<string> rest, out (int Sign, long Pages) count)
    {
        (rest, count) = (words, default);
        for (var i = 1; i < words.Count; i++)
        {
            var word = words[i];
            var sign = word.StartsWith('+') ? 1 : word.StartsWith('-') ? -1 : 0;
            if (words[i - 1] == "--node" || !long.TryParse(sign == 0 ? word : word[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var pages))
                continue;
            count = (sign, pages);
            rest = [.. words.Where((_, at) => at != i)];
            return pages > MostPages ? $"{word} pages are more than any host has" : null;
        }

        return "expected a number of pages after the size";
    }

    private ActionChoice Choice(HugepagePool pool, int? node) =>
        new($"Hugepages of {Short(pool.SizeBytes)}{(node is { } n ? FormattableString.Invariant($", node {n}") : "")}: size of the pool")
        {
            Detail = FormattableString.Invariant($"{pool.Free}/{pool.Total} free"),
            DisabledReason = pool.Total is null ? "the pool cannot be read" : null,
            Fields =
            [
                new ActionField("Pages", "pages in all, or +N, -N") { Initial = FormattableString.Invariant($"{pool.Total}") },
                new ActionField("For every boot too", "yes or no") { Initial = "no", Options = ["yes", "no"] },
            ],
            Words = values =>
            [
                Name,
                Short(pool.SizeBytes),
                values[0],
                .. node is { } on ? (string[])["--node", on.ToString(CultureInfo.InvariantCulture)] : [],
                .. values[1].StartsWith('y') ? (string[])["--persist"] : [],
            ],
        };

    private ActionPlan Plan(ActionContext context, IReadOnlyList<string> words, HugepagePool pool, int? node, (int Sign, long Pages) count, bool persist)
    {
        var where = node is { } n ? FormattableString.Invariant($" of node {n}") : "";
        if (pool is not { Total: { } total, Free: { } free })
            return Refuse(words, $"Size the pool of {Short(pool.SizeBytes)} hugepages{where}", "the pool cannot be read");
        var wanted = count.Sign == 0 ? count.Pages : (long)total + (count.Sign * count.Pages);
        var title = string.Create(CultureInfo.InvariantCulture, $"Size the pool of {Short(pool.SizeBytes)} hugepages{where}: {total} -> {wanted} pages{(persist ? ", also for every boot" : "")}");
        var used = (long)(total - free) + (long)(pool.Reserved ?? 0);
        if (wanted < 0)
            return Mistake(words, string.Create(CultureInfo.InvariantCulture, $"the pool has {total} pages, which is fewer than {count.Pages}"));
        if (wanted < used)
            return Refuse(words, title, string.Create(CultureInfo.InvariantCulture, $"{used} pages are used or reserved by guests"), "stop a VM that uses them first");

        var more = (wanted - (long)total) * (long)pool.SizeBytes;
        var available = MemInfo.TryParse(System.Text.Encoding.UTF8.GetBytes(context.Control.ReadWhole("/proc/meminfo", out _) ?? ""), out var memory) ? memory.Available : null;
        if (more > 0 && available is { } bytes && (ulong)more > bytes)
            return Refuse(words, title, $"that takes {Sizes.Text((ulong)more)}, and {Sizes.Text(bytes)} are available");

        var path = PathOf(pool.SizeBytes, node);
        var effects = new List<Effect>();
        var value = wanted.ToString(CultureInfo.InvariantCulture);
        if (wanted != (long)total)
            effects.Add(new WriteFileEffect(path, total.ToString(CultureInfo.InvariantCulture), value, ReadBack.AtMost));
        if (persist && BootFile.SetFiles(context.Control, [(path, value)], effects) is { } fault)
            return Refuse(words, title, fault);
        return new ActionPlan
        {
            Action = Name,
            Title = title,
            Words = WithName(words),
            Effects = effects,
            Disturbs = more > 0 ? [$"Takes {Sizes.Text((ulong)more)} away from everything else; the kernel may move and reclaim memory for it."] : [],
            Notes = more > 0 ? ["Memory in one piece may be short: the kernel then grants fewer pages, and the result says how many."] : [],
        };
    }
}
