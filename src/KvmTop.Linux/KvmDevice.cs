using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>Extensions that KVM_CHECK_EXTENSION tells about (Documentation/virt/kvm/api.rst); the answer is 0 for no, else yes or a number.</summary>
public enum KvmExtension
{
    RecommendedVcpus = 9,
    MemorySlots = 10,
    MaxVcpus = 66,
    StatsFd = 203,
    GuestMemfd = 234,
}

/// <summary>The device of the running machine: opened, asked, and closed. It exists for the machine we run on only.</summary>
public sealed class KvmDevice : IDisposable
{
    /// <summary>Where it is.</summary>
    public const string Path = "/dev/kvm";

    /// <summary>What KVM_GET_API_VERSION has answered since 2007; anything else is not the KVM that we know.</summary>
    public const int KnownApiVersion = 12;

    private const uint GetApiVersion = 0xAE00;
    private const uint CheckExtension = 0xAE03;

    private int _fd;

    private KvmDevice(int fd) => _fd = fd;

    /// <summary>Opens it for reading and writing, as a VMM does.</summary>
    public static Errno Open(out KvmDevice? device)
    {
        var fd = Libc.open(Path, Libc.O_RDWR | Libc.O_CLOEXEC);
        device = fd < 0 ? null : new KvmDevice(fd);
        return fd < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
    }

    /// <summary>KVM_GET_API_VERSION, or the negated error number (a file that is no KVM device says -ENOTTY).</summary>
    public int ApiVersion => Ioctl(GetApiVersion, 0);

    /// <summary>KVM_CHECK_EXTENSION; null when it cannot be asked.</summary>
    public int? Ask(KvmExtension extension) => Ioctl(CheckExtension, (int)extension) is >= 0 and var n ? n : null;

    /// <summary>Any other ioctl: its answer, or the negated error number.</summary>
    internal int Ioctl(uint request, nint argument) => Ioctl(_fd, request, argument);

    internal static int Ioctl(int fd, uint request, nint argument)
    {
        while (true)
        {
            var n = Libc.ioctl(fd, request, argument);
            if (n >= 0)
                return n;

            var errno = Marshal.GetLastPInvokeError();
            if (errno != (int)Errno.EINTR)
                return -errno;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fd >= 0)
        {
            _ = Libc.close(_fd);
            _fd = -1;
        }
    }
}
