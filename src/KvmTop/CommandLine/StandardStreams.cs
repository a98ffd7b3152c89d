using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Configuration;
using KvmTop.Linux;

namespace KvmTop.CommandLine;

/// <summary>
/// Standard output and standard error without System.Console, which would take the terminal over. Bytes go out by write(2) at the
/// descriptor's own offset: a FileStream would use pwrite and leave the offset where it was, so that the next program of a
/// <c>(kvmtop -b -n1; date) > file</c> would overwrite what we wrote.
/// </summary>
public static partial class StandardStreams
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Standard output. Not buffered.</summary>
    public static DescriptorStream Output { get; } = new(1, "standard output");

    /// <summary>Standard error. Not buffered.</summary>
    public static DescriptorStream Error { get; } = new(2, "standard error");

    /// <summary>True when standard input and output are a terminal, so that a screen can be drawn.</summary>
    public static bool IsTerminal => isatty(0) == 1 && isatty(1) == 1;

    /// <summary>Columns of the terminal that standard output goes to; 0 when it goes elsewhere.</summary>
    public static unsafe int Width
    {
        get
        {
            // struct winsize { unsigned short rows, columns, x, y; }
            var size = stackalloc ushort[4];
            return GetWindowSize(1, 0x5413, size) == 0 ? size[1] : 0;
        }
    }

    /// <summary>A buffered writer onto standard output; flush it after each record.</summary>
    public static StreamWriter CreateWriter() => new(Output, s_utf8, bufferSize: 16384, leaveOpen: true);

    /// <summary>
    /// Prints a text that the program ends with: on standard output when <paramref name="exitCode"/> is 0, else on standard error. Returns the
    /// code to leave with, which is another one when standard output cannot be written to.
    /// </summary>
    public static int Print(string text, int exitCode)
    {
        try
        {
            (exitCode == ExitCode.Success ? Output : Error).Write(s_utf8.GetBytes(text));
            return exitCode;
        }
        catch (IOException e) when (exitCode == ExitCode.Success)
        {
            return Print($"kvmtop: {e.Message}\n", ExitCode.Failed);
        }
        catch (IOException)
        {
            // Standard error is closed: the code says the rest.
            return exitCode;
        }
    }

    /// <summary>A line from standard input, byte by byte so that nothing of what follows is taken; null at its end.</summary>
    public static unsafe string? ReadLine()
    {
        const int longest = 4096;
        var line = new List<byte>();
        byte one;
        while (line.Count < longest && read(0, &one, 1) == 1)
        {
            if (one == '\n')
            {
                return s_utf8.GetString([.. line]);
            }

            line.Add(one);
        }

        return null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint read(int fd, byte* buffer, nint count);

    [LibraryImport("libc")]
    private static partial int isatty(int fd);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static unsafe partial int GetWindowSize(int fd, nuint request, ushort* size);
}

/// <summary>A descriptor that is written to until its reader has gone.</summary>
public sealed partial class DescriptorStream(int fd, string name) : Stream
{
    private const short PollOut = 4;

    /// <summary>The reader has closed the pipe (EPIPE): nothing is written any more, and the program should leave with 0.</summary>
    public bool IsClosed { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Writes everything, or throws an <see cref="IOException"/> that says why in words (a full disk). A closed pipe is not an error. Whatever is printed goes through
    /// here, so here is where no character that a terminal obeys gets out (<see cref="PlainText"/>).
    /// </summary>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        buffer = PlainText.Of(buffer);
        while (buffer.Length > 0 && !IsClosed)
        {
            nint n;
            fixed (byte* p = buffer)
            {
                n = write(fd, p, buffer.Length);
            }

            if (n >= 0)
            {
                buffer = buffer[(int)n..];
                continue;
            }

            switch ((Errno)Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    break;
                case Errno.EPIPE:
                    IsClosed = true;
                    break;
                case Errno.EAGAIN:
                    // Somebody else made the descriptor non-blocking (ssh does): wait for room.
                    var wait = new PollFd { Fd = fd, Events = PollOut };
                    _ = poll(&wait, 1, -1);
                    break;
                case var errno:
                    throw new IOException($"{name}: {Marshal.GetPInvokeErrorMessage((int)errno)}");
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(int fd, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int poll(PollFd* fds, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }
}
