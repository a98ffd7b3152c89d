using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>Reads what is open to its end, bounded in size and, for a pipe, in time.</summary>
internal static class DescriptorText
{
    /// <summary>Reads on from where the descriptor stands. Null, with the bytes; else why not.</summary>
    /// <param name="fd">The descriptor; of a pipe it may be one that waits.</param>
    /// <param name="shown">What to call it.</param>
    /// <param name="most">More bytes than these are refused.</param>
    /// <param name="deadline">How long all of it may take; null for a file, which never makes one wait.</param>
    /// <param name="bytes">What was read.</param>
    public static unsafe FileRefusal? Read(int fd, string shown, int most, TimeSpan? deadline, out byte[] bytes)
    {
        bytes = [];
        var buffer = new byte[Math.Min(most + 1, 16384)];
        var length = 0;
        var until = Environment.TickCount64 + (long)(deadline?.TotalMilliseconds ?? 0);
        while (true)
        {
            if (deadline is not null && !Await(fd, until))
                return new($"{shown}: nobody wrote it to its end within {deadline.Value.TotalSeconds:0} s", Errno.EAGAIN, IsFolder: false);
            int n;
            fixed (byte* p = buffer)
                n = (int)Libc.read(fd, p + length, buffer.Length - length);
            if (n == 0)
                break;
            if (n < 0)
            {
                var errno = (Errno)Marshal.GetLastPInvokeError();
                if (errno is Errno.EINTR || (errno == Errno.EAGAIN && deadline is not null))
                    continue;
                return TrustedFile.Failed(shown, errno);
            }

            length += n;
            if (length > most)
                return new($"{shown}: larger than the {most / 1024} KiB that it may have", Errno.EFBIG, IsFolder: false);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min((long)most + 1, (long)length * 2));
        }

        bytes = buffer.AsSpan(0, length).ToArray();
        return null;
    }

    private static unsafe bool Await(int fd, long until)
    {
        while (true)
        {
            var left = until - Environment.TickCount64;
            if (left <= 0)
                return false;
            var wait = new Libc.PollFd { Fd = fd, Events = Libc.POLLIN };
            if (Libc.poll(&wait, 1, (int)left) > 0)
                return true;
        }
    }
}
