using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Puts a configuration file in place of another or of none, as a whole; or takes it away.</summary>
/// <param name="Path">The file.</param>
/// <param name="Old">Its whole text now; null when there is none. It must still be so when the time comes.</param>
/// <param name="New">Its whole text then; null to take it away.</param>
public sealed record ReplaceFileEffect(string Path, string? Old, string? New) : Effect
{
    internal const string KindName = "replace-file";

    // More than an edit of a setting comes to: a file of its own, which its action shows.
    private const int MostChanges = 12;

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string Describe() => New is null ? $"remove {Path}" : $"{(Old is null ? "create" : "replace")} {Path}: {Changes(Old ?? "", New)}";

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host)
    {
        // Whoever replaces a file writes the directory; of those that are missing the nearest that is there counts.
        var directory = System.IO.Path.GetDirectoryName(Path)!;
        while (directory.Length > 1 && !host.Files.Exists(directory))
            directory = System.IO.Path.GetDirectoryName(directory)!;
        if (TextFile.Read(host, Path, out var fault, out var errno) is null && fault is not null)
            return TextFile.Refusal(fault, errno);
        errno = host.MayWrite(directory);
        return errno == Errno.None ? New?.Length > TextFile.Most ? Obstacle.Refused($"{Path} would be longer than {TextFile.Most >> 10} KiB") : null
            : errno.IsDenied() ? Obstacle.Privilege($"{directory} may not be written by {host.Actor.Name}")
            : Obstacle.Refused($"{directory}: {errno.Describe()}");
    }

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        var before = TextFile.Read(host, Path, out var fault, out _);
        if (fault is not null)
            return EffectResult.Failed(HostileText.Clean(fault, 300));
        if (before != Old)
            return before == New ? EffectResult.Already(null) : EffectResult.Failed($"{Path} has changed since the plan was made");
        if (host.ReplaceFile(Path, New) is { } problem)
            return EffectResult.Failed($"{Path}: {problem}");
        var after = TextFile.Read(host, Path, out fault, out _);
        return after == New && fault is null ? EffectResult.Ok(null, null) : EffectResult.Broken($"{Path} does not hold what was written", null, null);
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => new ReplaceFileEffect(Path, New, Old);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("path", Path);
        json.WriteString("old", Old);
        json.WriteString("new", New);
    }

    internal static Effect? Read(EffectFields fields) => fields.Path("path") is { } path ? new ReplaceFileEffect(path, fields.Text("old"), fields.Text("new")) : null;

    /// <summary>The lines, without comments, that go and come: "- options kvm nested=0, + options kvm nested=1".</summary>
    private static string Changes(string old, string text)
    {
        var (before, after) = (Lines(old), Lines(text));
        string[] changes = [.. before.Except(after).Select(l => "- " + l), .. after.Except(before).Select(l => "+ " + l)];
        return string.Join(", ", changes.Take(MostChanges)) + (changes.Length > MostChanges ? FormattableString.Invariant($" and {changes.Length - MostChanges} more lines") : "");
    }

    private static List<string> Lines(string text) => [.. text.Split('\n').Where(l => l.Length > 0 && l[0] != '#')];
}
