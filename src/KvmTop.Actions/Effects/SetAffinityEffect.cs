using System.Text;
using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Sets the CPUs that one thread may use (sched_setaffinity(2)).</summary>
/// <param name="Tid">The thread.</param>
/// <param name="StartTime">When it began, in ticks since boot: a number that came to mean another thread is left alone.</param>
/// <param name="Who">What it is: "db1 vCPU 0". Cleaned.</param>
/// <param name="Old">Its CPUs now, as a list; they must still be so when the time comes. Null: whatever they are.</param>
/// <param name="New">Its CPUs then, as a list.</param>
public sealed record SetAffinityEffect(int Tid, ulong StartTime, string Who, string? Old, string New) : Effect
{
    internal const string KindName = "set-affinity";

    /// <summary>The process that it must be a thread of; null only in what an older version wrote down.</summary>
    public VmKey? Process { get; init; }

    /// <summary>It may end at any time without harm (a worker): then there is nothing to do.</summary>
    public bool MayEnd { get; init; }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <inheritdoc/>
    public override string Describe() => FormattableString.Invariant($"sched_setaffinity({Tid}, {Who}): CPUs {Old ?? "?"} -> {New}");

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host)
    {
        // The kernel wants the same user or CAP_SYS_NICE.
        return !host.Actor.IsRoot && host.ReadWhole(FormattableString.Invariant($"/proc/{Tid}/status"), out _) is { } text
            && ProcPidStatus.TryParse(Encoding.UTF8.GetBytes(text), out var status) && unchecked((uint)status.Uid) != host.Actor.Uid
            ? Obstacle.Privilege($"the CPUs of another user's threads may not be set by {host.Actor.Name}")
            : null;
    }

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (!IsThere(host))
            return Gone();
        if (!CpuSet.TryParse(New, out var cpus))
            return EffectResult.Failed($"{New} is no list of CPUs");
        var errno = host.GetAffinity(Tid, out var now);
        if (errno == Errno.ESRCH)
            return Gone();
        if (errno != Errno.None)
            return EffectResult.Failed($"{Who}: its CPUs cannot be read: {errno.Describe()}");
        var before = now.ToString();
        if (Old is not null && before != Old && before == cpus.ToString())
            return EffectResult.Already(before);
        if (Old is not null && before != Old)
            return EffectResult.Failed($"{Who} has been moved since: it may use {before}, not {Old}", before);

        errno = host.SetAffinity(Tid, cpus);
        if (errno == Errno.ESRCH)
            return Gone();
        if (errno != Errno.None)
        {
            return EffectResult.Failed(
                errno == Errno.EINVAL ? $"{Who} may not use {New}: those CPUs are offline or outside its cpuset" : $"{Who}: {errno.Describe()}", before);
        }

        errno = host.GetAffinity(Tid, out now);
        var after = errno == Errno.None ? now.ToString() : null;
        return after == cpus.ToString() ? EffectResult.Ok(before, after)
            : EffectResult.Broken($"{Who} may use {after ?? "unknown CPUs"} after {New} was set: its cpuset allows no more", before, after);
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => Old is null ? null : this with { Old = after ?? New, New = Old };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("tid", Tid);
        json.WriteNumber("start_time", StartTime);
        if (Process is { } process)
        {
            json.WriteNumber("pid", process.Pid);
            json.WriteNumber("pid_start", process.StartTimeTicks);
        }

        json.WriteString("who", Who);
        json.WriteString("old", Old);
        json.WriteString("new", New);
        if (MayEnd)
            json.WriteBoolean("may_end", true);
    }

    internal static Effect? Read(EffectFields fields) =>
        fields.Number("tid") is > 0 and <= int.MaxValue and var tid && fields.Number("start_time") is >= 0 and var start && fields.Text("new") is { } value
            ? new SetAffinityEffect((int)tid, (ulong)start, fields.Text("who") ?? "", fields.Text("old"), value)
            {
                MayEnd = fields.Flag("may_end"),
                Process = fields.Number("pid") is > 0 and <= int.MaxValue and var pid && fields.Number("pid_start") is >= 0 and var began ? new VmKey((int)pid, (ulong)began) : null,
            }
            : null;

    /// <summary>The process is the one that was looked at, and the thread is one of its own.</summary>
    private bool IsThere(HostControl host) =>
        Process is { } process ? host.StartTimeOf(process.Pid) == process.StartTimeTicks && host.StartTimeOf(process.Pid, Tid) == StartTime : host.StartTimeOf(Tid) == StartTime;

    private EffectResult Gone() =>
        MayEnd ? new EffectResult(true, null, null, "it has ended", false) : EffectResult.Failed(FormattableString.Invariant($"{Who}: thread {Tid} is gone"));
}
