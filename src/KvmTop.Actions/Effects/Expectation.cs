using System.Globalization;
using System.Text.Json;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>What about a file is expected.</summary>
public enum Aspect
{
    /// <summary>That it is there, or what it says (Y and 1, N and 0 are the same).</summary>
    Text,

    /// <summary>Its group, by name or number.</summary>
    Group,

    /// <summary>Its permissions, as chmod(1) takes them.</summary>
    Mode,

    /// <summary>A line that begins so.</summary>
    Line,

    /// <summary>"GROUP:USER" in a file like /etc/group: the user is a member.</summary>
    Member,
}

/// <summary>What must hold before or after a command, so that success is seen and not believed, and that what others did is told from what the command did.</summary>
/// <param name="Path">A file or directory.</param>
/// <param name="Value">What it must be; null when only its being there counts.</param>
/// <param name="Exists">Whether it must be there.</param>
/// <param name="Of">What about it.</param>
public sealed record Expectation(string Path, string? Value = null, bool Exists = true, Aspect Of = Aspect.Text)
{
    /// <summary>Null when it holds; else what is so instead.</summary>
    public string? Fault(HostControl host)
    {
        if (Of is Aspect.Line or Aspect.Member)
            return HasLine(host) == Exists ? null : $"{Path} {(Exists ? "has no" : "has")} {Value}";
        if (Of is Aspect.Group or Aspect.Mode)
        {
            var errno = host.Files.Stat(Path, out var facts);
            var its = errno != Errno.None ? errno.Describe() : Of == Aspect.Mode ? facts.ModeNumber : GroupOf(host, facts.Gid);
            return its == Value || (Of == Aspect.Group && errno == Errno.None && facts.Gid.ToString(CultureInfo.InvariantCulture) == Value) ? null
                : $"{(Of == Aspect.Mode ? "the mode" : "the group")} of {Path} is {its}, not {Value}";
        }

        if (!host.Files.Exists(Path))
            return Exists ? $"{Path} is not there" : null;
        if (!Exists)
            return $"{Path} is still there";
        if (Value is null)
            return null;
        var now = WriteFileEffect.ReadValue(host, Path, ReadBack.Same, out _);
        return Flag(now) == Flag(Value) ? null : $"{Path} says {now ?? "nothing"}, not {Value}";
    }

    /// <summary>Writes it into an effect under a name.</summary>
    internal void Write(Utf8JsonWriter json, string name)
    {
        json.WriteString(name + "_path", Path);
        json.WriteString(name + "_value", Value);
        json.WriteBoolean(name + "_exists", Exists);
        json.WriteString(name + "_of", Of.ToString());
    }

    /// <summary>Reads it from there; null when there is none.</summary>
    internal static Expectation? Read(EffectFields fields, string name) => fields.Path(name + "_path") is { } path
        ? new Expectation(path, fields.Text(name + "_value"), fields.Flag(name + "_exists"), Enum.TryParse<Aspect>(fields.Text(name + "_of"), out var of) && Enum.IsDefined(of) ? of : Aspect.Text)
        : null;

    private static string GroupOf(HostControl host, uint gid) => GroupFile.Find(host, null, gid)?.Name ?? gid.ToString(CultureInfo.InvariantCulture);

    private static string? Flag(string? text) => text switch { "1" => "Y", "0" => "N", _ => text };

    private bool HasLine(HostControl host)
    {
        if (Of == Aspect.Member)
            return Value?.Split(':') is [var group, var user] && GroupFile.Find(host, group, null)?.Members.Contains(user) == true;
        foreach (var line in (host.ReadText(Path, out _) ?? "").Split('\n'))
        {
            if (line.StartsWith(Value ?? "", StringComparison.Ordinal))
                return true;
        }

        return false;
    }
}
