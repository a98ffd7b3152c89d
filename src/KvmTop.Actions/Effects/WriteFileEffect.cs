using System.Globalization;
using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>How what a kernel file says is held against what was written.</summary>
public enum ReadBack
{
    /// <summary>It says the same.</summary>
    Same,

    /// <summary>It lists all values with the chosen one in brackets: "always [madvise] never".</summary>
    Chosen,

    /// <summary>A number that may come out smaller: what was granted is told.</summary>
    AtMost,

    /// <summary>What comes of it by its words (Y and 1, N and 0 are the same, "force" shows as Y): module parameters of type bool.</summary>
    Flag,
}

/// <summary>Writes a value into a file of /proc or /sys, and reads it back.</summary>
/// <param name="Path">The file.</param>
/// <param name="Old">What it says now; it must still say so when the write comes. Null: whatever it says.</param>
/// <param name="New">What is written.</param>
/// <param name="Check">How it is read back.</param>
public sealed record WriteFileEffect(string Path, string? Old, string New, ReadBack Check = ReadBack.Same) : Effect
{
    internal const string KindName = "write-file";

    private const int Longest = 200;

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <summary>It takes back what nobody lived to say the outcome of: of a number, what the kernel may have granted is known to lie between both.</summary>
    public bool IsUntold { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"write {Path}: {Old ?? "?"} -> {New}";

    /// <summary>What a file says, by how it is read: the word in brackets of a list, else all of it. Null with the reason when it cannot be read.</summary>
    public static string? ReadValue(HostControl host, string path, ReadBack check, out Errno errno)
    {
        var text = host.ReadText(path, out errno);
        return text is null ? null : HostileText.Clean(ValueOf(text, check), Longest);
    }

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => host.MayWrite(Path) switch
    {
        Errno.None => null,
        var errno when errno.IsDenied() => Obstacle.Privilege($"{Path} may not be written by {host.Actor.Name}"),
        Errno.ENOENT => Obstacle.Refused($"{Path} is not there on this kernel"),
        var errno => Obstacle.Refused($"{Path}: {errno.Describe()}"),
    };

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        var before = ReadValue(host, Path, Check, out var errno);
        if (errno != Errno.None)
            return EffectResult.Failed($"{Path} cannot be read: {errno.Describe()}");
        if (Old is not null && !Same(before!, Old) && Same(before!, New))
            return EffectResult.Already(before);
        if (Old is not null && !Same(before!, Old) && !(IsUntold && IsBetween(before!)))
            return EffectResult.Failed($"{Path} has changed since: it says {before}, not {Old}", before);

        errno = host.WriteKernelFile(Path, New);
        var after = ReadValue(host, Path, Check, out _);
        if (errno != Errno.None)
            return new EffectResult(false, before, after, $"{Path} refuses {New}: {errno.Describe()}", after is null || !Same(after, before!));
        if (after is not null && (Same(after, New) || (Check == ReadBack.Flag && ParameterWords.ReadsBack(Path[(Path.LastIndexOf('/') + 1)..], after, New))))
            return EffectResult.Ok(before, after);

        return Check == ReadBack.AtMost && Number(after) is { } granted && Number(New) is { } asked && granted < asked
            ? Granted(before, after!, granted)
            : EffectResult.Broken($"{Path} says {after ?? "nothing"} after {New} was written", before, after);
    }

    /// <inheritdoc/>
    /// <remarks>Where nobody lived to say what came of it, it may have been written or not; somebody else's value is left alone all the same.</remarks>
    public override Effect? Invert(string? after) => Old is null ? null : this with { Old = after ?? New, New = Old, IsUntold = after is null };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("path", Path);
        json.WriteString("old", Old);
        json.WriteString("new", New);
        json.WriteString("check", Check.ToString());
    }

    internal static Effect? Read(EffectFields fields) => fields.Path("path") is { } path && fields.Text("new") is { } value && Enum.TryParse<ReadBack>(fields.Text("check"), out var check)
        ? new WriteFileEffect(path, fields.Text("old"), value, check)
        : null;

    /// <summary>The kernel gives as many pages as it finds. Some are better than none; none at all is a failure.</summary>
    private EffectResult Granted(string? before, string after, long granted) => Number(before) is { } had && granted <= had
        ? EffectResult.Failed($"the kernel granted none: {Path} still says {after} (asked for {New})", before)
        : EffectResult.Ok(before, after, $"granted {after} of {New}");

    private bool IsBetween(string now) => Check == ReadBack.AtMost && Number(now) is { } n && Number(Old) is { } a && Number(New) is { } b && n >= Math.Min(a, b) && n <= Math.Max(a, b);

    private bool Same(string one, string other) => Check == ReadBack.Flag ? Flag(one) == Flag(other) : one == other;

    private static string Flag(string text) => text switch { "Y" or "y" or "1" => "Y", "N" or "n" or "0" => "N", _ => text };

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : null;

    private static string ValueOf(string text, ReadBack check)
    {
        if (check != ReadBack.Chosen)
            return text.Trim();
        var open = text.IndexOf('[', StringComparison.Ordinal);
        var close = open < 0 ? -1 : text.IndexOf(']', open);
        return close > open ? text[(open + 1)..close] : text.Trim();
    }
}
