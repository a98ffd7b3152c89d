using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>What actions want to know when this program is asked to end, and of what is theirs.</summary>
public abstract partial class HostControl
{
    private volatile bool _isAskedToEnd;

    /// <summary>This program was asked to end: what has begun is finished, nothing is begun any more, and nobody waits for what others may or may not do.</summary>
    public bool IsAskedToEnd => _isAskedToEnd;

    /// <summary>Asks for that. From any thread.</summary>
    public void AskToEnd() => _isAskedToEnd = true;

    /// <summary>Which file a path means now, links not followed; null for none.</summary>
    public abstract FileMark? MarkOf(string path);
}
