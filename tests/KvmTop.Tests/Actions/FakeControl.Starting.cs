using KvmTop.Linux;

namespace KvmTop.Tests.Actions;

internal sealed partial class FakeControl
{
    /// <summary>The environment.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Why a monitor does not greet; null: it does.</summary>
    public string? MonitorProblem { get; set; }

    /// <summary>Images that somebody else has open for writing.</summary>
    public HashSet<string> HeldImages { get; } = [];

    public override string? Variable(string name) => Variables.GetValueOrDefault(name);

    public override string? PrivateDirectory(string path)
    {
        _ = Directory.CreateDirectory(Map(path));
        Log.Add($"private {path}");
        return null;
    }

    public override byte[]? ReadObeyed(string path, int most, out string problem)
    {
        var refusal = TrustedFile.Read(Map(path), most, out var bytes);
        problem = refusal?.Reason.Replace(Map("/"), "/", StringComparison.Ordinal) ?? "";
        return refusal is null ? bytes : null;
    }

    public override string? FolderFault(string path) =>
        TrustedFile.CheckFolder(Map(path)) is { IsMissing: false } refusal ? refusal.Reason.Replace(Map("/"), "/", StringComparison.Ordinal) : null;

    public override Errno Protect(string path)
    {
        Log.Add($"protect {path}");
        return Errno.None;
    }

    public override string? AwaitMonitor(string socket, int pid, TimeSpan deadline) => MonitorProblem;

    /// <summary>Who has locked a file; what is not here is locked by the process that it names, if that lives.</summary>
    public Dictionary<string, int?> Locks { get; } = [];

    public override int? LockHolder(string path) =>
        Locks.TryGetValue(path, out var holder) ? holder : int.TryParse(ReadText(path, out _), out var pid) && StartTimeOf(pid) is not null ? pid : 0;

    public override bool? IsImageHeld(string path, bool toWrite) => HeldImages.Contains(path);
}
