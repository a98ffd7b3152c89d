using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>One of KVM's counters as QEMU describes it (query-stats-schemas).</summary>
/// <param name="Name">The kernel's name. Cleaned.</param>
/// <param name="Type">"cumulative", "instant", "peak", "linear-histogram", "log2-histogram".</param>
/// <param name="Unit">"bytes", "seconds", "cycles", "boolean"; null for things.</param>
/// <param name="Scale">What one step is worth in the unit: 1e-9 for nanoseconds.</param>
/// <param name="BucketSize">Width of a bucket of a linear histogram; 0 when not said.</param>
public sealed record QmpCounterSchema(string Name, string Type, string? Unit, double Scale, uint BucketSize);

/// <summary>The values of one vCPU, or of the VM.</summary>
/// <param name="QomPath">Which vCPU ("/machine/unattached/device[0]"; query-cpus-fast tells its number), or null for the VM.</param>
/// <param name="Places">Which counters, and where each stands in <paramref name="Values"/>. The same object as in the reading before while it is the same.</param>
/// <param name="Values">All values, histograms bucket by bucket. A truth value is 0 or 1.</param>
public sealed record QmpCounters(string? QomPath, IReadOnlyList<QmpCounterPlace> Places, ulong[] Values);

/// <summary>Where a counter stands.</summary>
/// <param name="Name">The kernel's name for it. Cleaned.</param>
/// <param name="Index">Its first value.</param>
/// <param name="Size">How many values it takes: 1, or the buckets of a histogram.</param>
public sealed record QmpCounterPlace(string Name, int Index, int Size);

/// <summary>Reads the answers to query-stats and its companions (QEMU 7.1 and later). Never throws.</summary>
public static class QmpStats
{
    private const int MostVcpus = 4096;
    private const int MostCounters = 1024;
    private const int MostValues = 16384;
    private const int LongestName = 64;

    /// <summary>query-stats for target vcpu (one entry each) or vm (one entry). False when it is not such an answer.</summary>
    /// <param name="json">The value of "return".</param>
    /// <param name="before">The reading before, whose places are used again; may be empty.</param>
    /// <param name="counters">Where they go.</param>
    public static bool TryParse(ReadOnlySpan<byte> json, IReadOnlyList<QmpCounters> before, List<QmpCounters> counters)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return false;
            var places = new List<QmpCounterPlace>();
            var values = new List<ulong>();
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                places.Clear();
                values.Clear();
                string? path = null;
                var known = counters.Count > 0 ? counters[^1].Places : before.Count > 0 ? before[0].Places : [];
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var isPath = reader.ValueTextEquals("qom-path"u8);
                    var isStats = reader.ValueTextEquals("stats"u8);
                    reader.Read();
                    if (isPath && reader.TokenType == JsonTokenType.String)
                        path = HostileText.Clean(reader.ValueSpan, 256);
                    else if (isStats && reader.TokenType == JsonTokenType.StartArray)
                        Stats(ref reader, known, places, values);
                    else
                        reader.Skip();
                }

                if (places.Count > 0 && counters.Count < MostVcpus)
                    counters.Add(new QmpCounters(path, Same(known, places) ? known : [.. places], [.. values]));
            }

            return reader.TokenType == JsonTokenType.EndArray;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>query-stats-schemas: the counters of provider kvm, for target vcpu or vm.</summary>
    public static IReadOnlyList<QmpCounterSchema>? Schemas(ReadOnlyMemory<byte> json, string target) => QmpAnswers.Read(json, root =>
    {
        var schemas = new List<QmpCounterSchema>();
        foreach (var provider in QmpAnswers.Items(root))
        {
            if (QmpAnswers.Text(provider, "provider") != "kvm" || QmpAnswers.Text(provider, "target") != target)
                continue;
            foreach (var item in QmpAnswers.Items(QmpAnswers.Member(provider, "stats")))
            {
                if (QmpAnswers.Text(item, "name") is { } name && schemas.Count < MostCounters)
                {
                    var exponent = QmpAnswers.Member(item, "exponent") is { ValueKind: JsonValueKind.Number } e && e.TryGetInt32(out var power) ? Math.Clamp(power, -100, 100) : 0;
                    var scale = exponent == 0 ? 1 : Math.Pow(QmpAnswers.Number(item, "base") ?? 10, exponent);
                    var bucket = (uint)Math.Min(QmpAnswers.Number(item, "bucket-size") ?? 0, uint.MaxValue);
                    schemas.Add(new QmpCounterSchema(HostileText.Clean(name, LongestName), QmpAnswers.Text(item, "type") ?? "", QmpAnswers.Text(item, "unit"), scale, bucket));
                }
            }
        }

        return schemas;
    });

    /// <summary>query-cpus-fast: each vCPU's path, number and thread.</summary>
    public static IReadOnlyList<QmpVcpu>? Vcpus(ReadOnlyMemory<byte> json) => QmpAnswers.Read(json, static root =>
    {
        var vcpus = new List<QmpVcpu>();
        foreach (var item in QmpAnswers.Items(root))
        {
            if (QmpAnswers.Text(item, "qom-path") is { } path && QmpAnswers.Number(item, "cpu-index") is <= int.MaxValue and var index
                && QmpAnswers.Number(item, "thread-id") is <= int.MaxValue and var tid && vcpus.Count < MostVcpus)
            {
                vcpus.Add(new(path, (int)index, (int)tid));
            }
        }

        return vcpus;
    });

    private static bool Same(IReadOnlyList<QmpCounterPlace> known, List<QmpCounterPlace> places)
    {
        if (known.Count != places.Count)
            return false;
        for (var i = 0; i < places.Count; i++)
        {
            if (known[i] != places[i])
                return false;
        }

        return true;
    }

    private static void Stats(ref Utf8JsonReader reader, IReadOnlyList<QmpCounterPlace> known, List<QmpCounterPlace> places, List<ulong> values)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            string? name = null;
            var start = values.Count;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isName = reader.ValueTextEquals("name"u8);
                var isValue = reader.ValueTextEquals("value"u8);
                reader.Read();
                if (isName && reader.TokenType == JsonTokenType.String)
                    name = places.Count < known.Count && reader.ValueTextEquals(known[places.Count].Name) ? known[places.Count].Name : HostileText.Clean(reader.ValueSpan, LongestName);
                else if (isValue && reader.TokenType == JsonTokenType.StartArray)
                    Buckets(ref reader, values);
                else if (isValue)
                    Add(ref reader, values);
                else
                    reader.Skip();
            }

            if (name is null || values.Count == start || places.Count == MostCounters)
                values.RemoveRange(start, values.Count - start);
            else
                places.Add(new QmpCounterPlace(name, start, values.Count - start));
        }
    }

    private static void Buckets(ref Utf8JsonReader reader, List<ulong> values)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            Add(ref reader, values);
    }

    private static void Add(ref Utf8JsonReader reader, List<ulong> values)
    {
        ulong? value = reader.TokenType switch
        {
            JsonTokenType.True => 1,
            JsonTokenType.False => 0,
            JsonTokenType.Number when reader.TryGetUInt64(out var number) => number,
            _ => null,
        };
        reader.Skip();
        if (value is { } v && values.Count < MostValues)
            values.Add(v);
    }
}

/// <summary>A vCPU as the monitor lists it.</summary>
/// <param name="QomPath">Its path.</param>
/// <param name="Index">Its number.</param>
/// <param name="Tid">Its thread.</param>
public sealed record QmpVcpu(string QomPath, int Index, int Tid);
