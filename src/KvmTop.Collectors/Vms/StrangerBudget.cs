using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// What other users' processes may make kvmtop do. Anybody can start a program that is called as QEMU is: of those without a KVM descriptor so many are looked into and the rest is
/// counted; of their command lines so much is kept. Root's and our own are not limited.
/// </summary>
internal sealed class StrangerBudget(HostRoot host)
{
    /// <summary>How many VMs without KVM of one user are looked into.</summary>
    public const int MostOfUser = 64;

    /// <summary>How many of all such users: a user can have other users' ids to give (subuid(5)).</summary>
    public const int MostOfAll = 256;

    /// <summary>How many whose descriptors we may not look at: there they may be anything.</summary>
    public const int MostUnconfirmed = 1024;

    /// <summary>How much of a command line is kept: of everybody's, and of a stranger's when his have used up what he has together.</summary>
    public const int LongestCommandLine = 64 << 10;

    private const int AssuredCommandLine = 16 << 10;
    private const int CommandLinesOfUser = 1 << 20;

    private readonly Dictionary<int, User> _users = [];
    private readonly ReadBuffer _buffer = new(4096);
    private readonly int _self = unchecked((int)SystemInfo.EffectiveUserId);
    private int _shown;

    /// <summary>The names of users.</summary>
    public UserNames Users { get; } = new(host);

    /// <summary>What was not looked into, for the screen; null when all was.</summary>
    public string? LeftOut
    {
        get
        {
            string? text = null;
            foreach (var (uid, user) in _users)
            {
                if (user.LeftOut > 0)
                    text = string.Create(CultureInfo.InvariantCulture, $"{text}{(text is null ? "" : ", ")}{user.LeftOut} more of user {Users.NameOf(uid)}");
                if (text?.Length > 200)
                    return text + ", ..";
            }

            return text is null ? null : text + " without KVM are not looked into";
        }
    }

    /// <summary>Begins with a new look at all processes.</summary>
    public void Begin()
    {
        _shown = 0;
        foreach (var (uid, user) in _users)
        {
            (user.Shown, user.LeftOut) = (0, 0);
            if (user.KeptBytes <= 0 && user.Idle++ > 60)
                _users.Remove(uid);
        }
    }

    /// <summary>Counts a process that has no KVM descriptor, as far as can be seen. False when there is no room for it; one that was shown before comes first, so ask for those first.</summary>
    public bool Admit(KnownProcess process)
    {
        if (Of(process) is not { } user)
            return true;
        var most = process.Verdict == Verdict.VmmUnconfirmed ? MostUnconfirmed : MostOfUser;
        if (user.Shown < most && (_shown < MostOfAll || process.Verdict == Verdict.VmmUnconfirmed))
        {
            user.Shown++;
            _shown++;
            return true;
        }

        user.LeftOut++;
        return false;
    }

    /// <summary>How many bytes of a process's command line are to be kept.</summary>
    public int Keep(KnownProcess process, int length)
    {
        var kept = Math.Min(length, LongestCommandLine);
        if (Of(process) is { } user)
        {
            kept = Math.Min(kept, Math.Max(CommandLinesOfUser - user.KeptBytes, AssuredCommandLine));
            user.KeptBytes += kept;
        }

        return kept;
    }

    /// <summary>Says that a command line is kept no more.</summary>
    public void Release(int? uid, int bytes)
    {
        if (uid is { } id && _users.TryGetValue(id, out var user))
            user.KeptBytes -= bytes;
    }

    /// <summary>The stranger whose process it is; null for root's and our own, and for one that has gone.</summary>
    private User? Of(KnownProcess process)
    {
        if (process.Uid is null)
        {
            var text = _buffer.ReadRecord(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Key.Pid}/status"), out _);
            process.Uid = ProcPidStatus.TryParse(text, out var status) ? status.Uid : null;
        }

        if (process.Uid is not { } uid || uid == 0 || uid == _self)
            return null;
        if (!_users.TryGetValue(uid, out var user))
            _users.Add(uid, user = new User());
        user.Idle = 0;
        return user;
    }

    private sealed class User
    {
        public int Shown { get; set; }

        public int LeftOut { get; set; }

        public int KeptBytes { get; set; }

        public int Idle { get; set; }
    }
}
