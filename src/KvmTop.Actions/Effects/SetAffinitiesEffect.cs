using System.Globalization;
using System.Text.Json;

namespace KvmTop.Actions;

/// <summary>
/// Sets the CPUs of many threads of one VM, in order. One effect and not many, because the journal is flushed to the disk for each: 64 vCPUs are placed within
/// milliseconds. What fails half-way is taken back here, so that it is done as a whole or not at all.
/// </summary>
/// <param name="Who">Whose threads: the VM's name. Cleaned.</param>
/// <param name="Threads">The threads, what they are without the VM's name.</param>
public sealed record SetAffinitiesEffect(string Who, IReadOnlyList<SetAffinityEffect> Threads) : Effect
{
    internal const string KindName = "set-affinities";

    private const int MostThreads = 100_000;

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <inheritdoc/>
    /// <remarks>Of very many the first: the map shows them all, the journal and JSON too.</remarks>
    public override string Describe()
    {
        const int most = 16;
        var shown = Threads.Take(Threads.Count > most ? most - 1 : most).Select(t => FormattableString.Invariant($"{t.Who} ({t.Tid}) {t.Old ?? "?"} -> {t.New}"));
        var more = Threads.Count > most ? string.Create(CultureInfo.InvariantCulture, $"; and {Threads.Count - most + 1} more") : "";
        return string.Create(CultureInfo.InvariantCulture, $"sched_setaffinity of {Threads.Count} threads of {Who}: {string.Join("; ", shown)}{more}");
    }

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => Threads.Count > 0 ? Threads[0].FindObstacle(host) : null;

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        var results = new List<EffectResult>(Threads.Count);
        string? problem = null;
        foreach (var thread in Threads)
        {
            var result = thread.Apply(host, progress);
            results.Add(result);
            if (!result.Done)
            {
                problem = result.Problem;
                break;
            }
        }

        var (before, after) = (Summary(results, r => r.Before), Summary(results, r => r.After));
        if (problem is not null)
        {
            var left = TakeBack(results, host, progress);
            return left.Count == 0
                ? EffectResult.Failed($"{Who}, {problem}{(results.Exists(r => r.Changed) ? "; the threads before it are back where they were" : "")}", before)
                : EffectResult.Broken($"{Who}, {problem}; could not be taken back: {string.Join("; ", left)}", before, after);
        }

        var gone = Threads.Where((_, i) => !results[i].Changed).Select(t => t.Who).ToList();
        return gone.Count == 0 ? EffectResult.Ok(before, after)
            : gone.Count == Threads.Count ? EffectResult.Failed($"{Who}: its threads are gone")
            : EffectResult.Ok(before, after, $"ended meanwhile: {string.Join(", ", gone)}");
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after)
    {
        // A thread that has ended since needs nothing taken back.
        var back = new List<SetAffinityEffect>(Threads.Count);
        for (var i = Threads.Count - 1; i >= 0; i--)
        {
            if (Threads[i].Invert(Threads[i].New) is not SetAffinityEffect inverse)
                return null;
            back.Add(inverse with { MayEnd = true });
        }

        return this with { Threads = back };
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("who", Who);
        json.WriteStartArray("threads");
        foreach (var thread in Threads)
        {
            json.WriteStartObject();
            thread.Write(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    internal static Effect? Read(EffectFields fields)
    {
        if (fields.Objects("threads") is not { Count: <= MostThreads } list)
            return null;
        var threads = new List<SetAffinityEffect>(list.Count);
        foreach (var one in list)
        {
            if (SetAffinityEffect.Read(one) is not SetAffinityEffect thread)
                return null;
            threads.Add(thread);
        }

        return new SetAffinitiesEffect(fields.Text("who") ?? "", threads);
    }

    private List<string> TakeBack(List<EffectResult> results, HostControl host, Action<string> progress)
    {
        var left = new List<string>();
        for (var i = results.Count - 1; i >= 0; i--)
        {
            if (!results[i].Changed)
                continue;
            if (Threads[i].Invert(results[i].After) is not SetAffinityEffect inverse)
                left.Add(Threads[i].Describe());
            else if ((inverse with { MayEnd = true }).Apply(host, progress) is { Done: false } failed)
                left.Add(failed.Problem ?? inverse.Describe());
        }

        return left;
    }

    /// <summary>Their CPUs: one list where all have the same, a few by thread, else how many lists there are.</summary>
    private string Summary(List<EffectResult> results, Func<EffectResult, string?> cpus)
    {
        const int most = 8;
        var known = results.Select((r, i) => new { Threads[i].Who, Cpus = cpus(r) }).Where(t => t.Cpus is not null).ToList();
        var lists = known.Select(t => t.Cpus).Distinct().ToList();
        return lists.Count == 1 ? lists[0]!
            : known.Count <= most ? string.Join(", ", known.Select(t => $"{t.Who} on {t.Cpus}"))
            : string.Create(CultureInfo.InvariantCulture, $"{lists.Count} different lists");
    }
}
