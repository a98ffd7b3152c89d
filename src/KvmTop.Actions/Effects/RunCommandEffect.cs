using System.Globalization;
using System.Text.Json;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Runs a program by an argument vector, within a deadline, and looks whether what it is for has come about.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Undo">The command that takes it back; empty when none does.</param>
public sealed record RunCommandEffect(IReadOnlyList<string> Command, IReadOnlyList<string> Undo) : Effect
{
    internal const string KindName = "run";

    private const int LongestOutput = 400;

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <summary>How long it may take, in seconds.</summary>
    public int DeadlineSeconds { get; init; } = 30;

    /// <summary>What must hold afterwards, and does not before; null when the exit code is all there is.</summary>
    public Expectation? Expect { get; init; }

    /// <summary>What must hold after <see cref="Undo"/>, and before the command.</summary>
    public Expectation? ExpectUndone { get; init; }

    /// <summary>Whether only root may.</summary>
    public bool NeedsRoot { get; init; } = true;

    /// <inheritdoc/>
    public override string Describe() => "run " + Quote(Command);

    /// <summary>A command as one would type it: arguments with anything but plain characters in single quotes.</summary>
    public static string Quote(IEnumerable<string> command) => string.Join(' ', command.Select(QuoteWord));

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) =>
        NeedsRoot && !host.Actor.IsRoot ? Obstacle.Privilege($"{Command[0]} wants root")
        : host.HasProgram(Command[0]) || Command[0].StartsWith('/') ? null
        : Obstacle.Refused($"{Command[0]} is not installed");

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        // What holds already is somebody else's doing, and what has changed since is somebody else's too: neither is ours to take back.
        if (Expect is not null && Expect.Fault(host) is null)
            return EffectResult.Already(Expect.Value);
        if (ExpectUndone?.Fault(host) is { } changed)
            return EffectResult.Failed($"{Quote(Command)} was not run: {changed}, which is not as it was");
        progress(Quote(Command));
        var result = host.Run(Command, TimeSpan.FromSeconds(DeadlineSeconds));
        if (result.ExitCode is null)
        {
            // It was killed in the middle of something: what it left must be taken back like what it did.
            return EffectResult.Broken(result.Reason ?? $"{Command[0]} did not end", null, null);
        }

        var said = HostileText.Clean(System.Text.Encoding.UTF8.GetString(result.Error).Trim().ReplaceLineEndings(" "), LongestOutput);
        if (result.ExitCode != 0)
        {
            // A program that says it failed has not brought about what holds now in spite of it.
            var problem = string.Create(CultureInfo.InvariantCulture, $"{Quote(Command)}: exit code {result.ExitCode}{(said.Length > 0 ? ": " : "")}{said}");
            return Expect is null ? EffectResult.Broken(problem, null, null) : EffectResult.Failed(problem);
        }

        return Expect?.Fault(host) is { } fault
            ? EffectResult.Broken($"{Quote(Command)} reported success, but {fault}", null, null)
            : EffectResult.Ok(null, Expect?.Value, said.Length > 0 ? said : null);
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => Undo.Count == 0 ? null : this with { Command = Undo, Undo = Command, Expect = ExpectUndone, ExpectUndone = Expect };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        WriteList(json, "command", Command);
        WriteList(json, "undo", Undo);
        json.WriteNumber("deadline_s", DeadlineSeconds);
        json.WriteBoolean("needs_root", NeedsRoot);
        Expect?.Write(json, "expect");
        ExpectUndone?.Write(json, "expect_undone");
    }

    internal static Effect? Read(EffectFields fields) => fields.List("command") is { Count: > 0 } command && fields.List("undo") is { } undo
        ? new RunCommandEffect(command, undo)
        {
            DeadlineSeconds = (int)Math.Clamp(fields.Number("deadline_s") ?? 30, 1, 3600),
            NeedsRoot = fields.Flag("needs_root"),
            Expect = Expectation.Read(fields, "expect"),
            ExpectUndone = Expectation.Read(fields, "expect_undone"),
        }
        : null;

    private static string QuoteWord(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+@%".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
