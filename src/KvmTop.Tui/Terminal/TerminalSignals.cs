using System.Runtime.InteropServices;

namespace KvmTop.Tui;

/// <summary>Signals that came since the last look.</summary>
[Flags]
public enum ReceivedSignals
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>SIGHUP.</summary>
    HangUp = 1,

    /// <summary>SIGINT.</summary>
    Interrupt = 2,

    /// <summary>SIGTERM.</summary>
    Terminate = 4,

    /// <summary>SIGCONT.</summary>
    Continue = 8,

    /// <summary>SIGTSTP from somewhere else: Ctrl-Z arrives as a key.</summary>
    Stop = 16,

    /// <summary>SIGWINCH.</summary>
    Resize = 32,

    /// <summary>Those that ask the process to end.</summary>
    Leave = HangUp | Interrupt | Terminate,
}

/// <summary>
/// Turns SIGHUP, SIGINT, SIGTERM, SIGCONT, SIGTSTP and SIGWINCH into bytes in a pipe that can be polled, without .NET: a
/// PosixSignalRegistration makes the runtime manage the terminal (it puts it back to cooked mode at SIGCONT).
/// A handler written in C# is no way out: a signal that interrupts managed code enters an UnmanagedCallersOnly method in cooperative GC
/// mode, which ends the process; and a signalfd sees nothing, because the runtime's own threads leave the signals unblocked.
/// So the handler is ten instructions of machine code in a page of their own, all they do is <c>write(pipe, &amp;signal, 1)</c>.
/// </summary>
public sealed unsafe class TerminalSignals : IDisposable
{
    private static readonly int[] Handled = [Native.SIGHUP, Native.SIGINT, Native.SIGTERM, Native.SIGCONT, Native.SIGTSTP, Native.SIGWINCH];

    private readonly nint[] _previous = new nint[Handled.Length];
    private readonly int _read;
    private readonly int _write;
    private readonly nint _handler;
    private bool _disposed;

    private TerminalSignals(int read, int write, nint handler)
    {
        (_read, _write, _handler) = (read, write, handler);
        for (var i = 0; i < Handled.Length; i++)
        {
            _previous[i] = Native.signal(Handled[i], handler);
        }
    }

    /// <summary>Readable when a signal has come; for poll(2).</summary>
    public int Descriptor => _read;

    /// <summary>Installs the handlers; null where it cannot be done (another processor, no executable memory), and the signals keep their defaults.</summary>
    public static TerminalSignals? TryInstall()
    {
        var fds = stackalloc int[2];
        if (Native.pipe2(fds, Native.O_CLOEXEC_NONBLOCK) != 0)
        {
            return null;
        }

        var handler = MapHandler(fds[1]);
        if (handler == 0)
        {
            _ = Native.close(fds[0]);
            _ = Native.close(fds[1]);
            return null;
        }

        return new TerminalSignals(fds[0], fds[1], handler);
    }

    /// <summary>What came since the last call. Does not wait.</summary>
    public ReceivedSignals Take()
    {
        var bytes = stackalloc byte[64];
        var received = ReceivedSignals.None;
        nint count;
        while (!_disposed && (count = Native.read(_read, bytes, 64)) > 0)
        {
            for (var i = 0; i < count; i++)
            {
                received |= bytes[i] switch
                {
                    Native.SIGHUP => ReceivedSignals.HangUp,
                    Native.SIGINT => ReceivedSignals.Interrupt,
                    Native.SIGTERM => ReceivedSignals.Terminate,
                    Native.SIGCONT => ReceivedSignals.Continue,
                    Native.SIGTSTP => ReceivedSignals.Stop,
                    Native.SIGWINCH => ReceivedSignals.Resize,
                    _ => ReceivedSignals.None,
                };
            }
        }

        return received;
    }

    /// <summary>
    /// Installs the handlers for SIGCONT and SIGWINCH once more. The first <see cref="System.Diagnostics.Process"/> that the program starts
    /// makes the runtime put its own in their place, and with them its management of the terminal.
    /// </summary>
    public void Rearm()
    {
        if (!_disposed)
        {
            _ = Native.signal(Native.SIGCONT, _handler);
            _ = Native.signal(Native.SIGWINCH, _handler);
        }
    }

    /// <summary>Puts the earlier handlers back. The page with the handler stays mapped: a signal may be on its way through it.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        for (var i = 0; i < Handled.Length; i++)
        {
            _ = Native.signal(Handled[i], _previous[i]);
        }

        // The writing end stays open too, or a late signal could write into whatever gets its number next.
        _ = Native.close(_read);
    }

    private static nint MapHandler(int fd)
    {
        Span<byte> code = stackalloc byte[40];
        int length;
        switch (RuntimeInformation.ProcessArchitecture)
        {
            case Architecture.X64:
                ReadOnlySpan<byte> x64 =
                [
                    0xF3, 0x0F, 0x1E, 0xFA, // endbr64
                    0x57, // push rdi            the signal number, first argument
                    0x48, 0x89, 0xE6, // mov rsi, rsp
                    0xBF, 0, 0, 0, 0, // mov edi, fd
                    0xBA, 1, 0, 0, 0, // mov edx, 1
                    0xB8, 1, 0, 0, 0, // mov eax, SYS_write
                    0x0F, 0x05, // syscall             errno stays as it is: this is not the C library's write
                    0x5F, // pop rdi
                    0xC3, // ret
                ];
                x64.CopyTo(code);
                length = x64.Length;
                System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(code[9..], fd);
                break;
            case Architecture.Arm64 when fd < 0x10000:
                ReadOnlySpan<uint> arm64 =
                [
                    0xD503245F, // bti c
                    0xF81F0FE0, // str x0, [sp, #-16]!
                    0x910003E1, // mov x1, sp
                    0xD2800000u | ((uint)fd << 5), // mov x0, fd
                    0xD2800022, // mov x2, 1
                    0xD2800808, // mov x8, SYS_write
                    0xD4000001, // svc 0
                    0x910043FF, // add sp, sp, 16
                    0xD65F03C0, // ret
                ];
                MemoryMarshal.AsBytes(arm64).CopyTo(code);
                length = arm64.Length * sizeof(uint);
                break;
            default:
                return 0;
        }

        const int ReadWrite = 3, ReadExecute = 5, PrivateAnonymous = 0x22;
        const nuint Page = 4096;
        var page = Native.mmap(0, Page, ReadWrite, PrivateAnonymous, -1, 0);
        if (page == -1)
        {
            return 0;
        }

        code[..length].CopyTo(new Span<byte>((void*)page, length));
        if (Native.mprotect(page, Page, ReadExecute) != 0)
        {
            _ = Native.munmap(page, Page);
            return 0;
        }

        return page;
    }
}
