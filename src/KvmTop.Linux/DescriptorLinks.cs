using System.Text;

namespace KvmTop.Linux;

/// <summary>An open descriptor of a process and what it stands for.</summary>
/// <param name="Fd">Its number.</param>
/// <param name="Target">Where <c>/proc/PID/fd/N</c> leads: "anon_inode:kvm-vm", "/dev/net/tun".</param>
public sealed record DescriptorLink(int Fd, string Target);

/// <summary>
/// The descriptors of one process that tell what it does: KVM's and those of network devices, out of <c>/proc/PID/fd</c>. A link costs as much as a file, and a VMM has dozens that
/// seldom change: while the numbers in use are the same they are not read again, but for once a minute, since a number can have come to stand for something else.
/// </summary>
public sealed class DescriptorLinks(HostRoot host, int pid)
{
    // Beyond these a descriptor table is not a VMM's; a QEMU with hundreds of disks has fewer.
    private const int MostLooked = 16384;
    private const int LongestLink = 64;

    private static readonly TimeSpan s_pace = TimeSpan.FromMinutes(1);

    private readonly List<DescriptorLink> _links = [];
    private List<NumberedEntry> _numbers = [];
    private List<NumberedEntry> _numbersBefore = [];
    private TimeSpan? _read;

    /// <summary>What <see cref="Refresh"/> found, in the order of their numbers.</summary>
    public IReadOnlyList<DescriptorLink> Links => _links;

    /// <summary>Brings <see cref="Links"/> up to date. EACCES: another user's process; needs root or CAP_SYS_PTRACE.</summary>
    /// <param name="now">Any clock that only advances; the same at each call.</param>
    public Errno Refresh(TimeSpan now)
    {
        (_numbers, _numbersBefore) = (_numbersBefore, _numbers);
        _numbers.Clear();
        var errno = host.ListNumbers($"/proc/{pid}/fd", _numbers);
        if (errno == Errno.None && _read is { } read && now - read < s_pace && AreSame())
        {
            return Errno.None;
        }

        _links.Clear();
        _read = null;
        Span<byte> link = stackalloc byte[LongestLink];
        for (var i = 0; errno == Errno.None && i < Math.Min(_numbers.Count, MostLooked); i++)
        {
            var fd = _numbers[i].Number;
            var error = host.ReadLink($"/proc/{pid}/fd/{fd}", link, out var length);
            if (error.IsDenied())
            {
                // The list can be looked at and what it names cannot: an older kernel, or the process has just become another user's.
                errno = error;
            }
            else if (error == Errno.None && IsTelling(link[..length]))
            {
                _links.Add(new DescriptorLink(fd, Encoding.UTF8.GetString(link[..length])));
            }
        }

        if (errno == Errno.None)
        {
            _read = now;
        }

        return errno;
    }

    private static bool IsTelling(ReadOnlySpan<byte> target) =>
        target.StartsWith("anon_inode:kvm-"u8) || target.StartsWith("/dev/net/"u8) || target.StartsWith("/dev/tap"u8) || target.StartsWith("/dev/vhost"u8);

    private bool AreSame()
    {
        if (_numbers.Count != _numbersBefore.Count)
        {
            return false;
        }

        for (var i = 0; i < _numbers.Count; i++)
        {
            if (_numbers[i].Number != _numbersBefore[i].Number)
            {
                return false;
            }
        }

        return true;
    }
}
