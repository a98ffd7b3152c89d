using System.Runtime.InteropServices;

namespace KvmTop.Tui;

/// <summary>
/// The calls of libncursesw and the C library that the terminal needs. Windows and screens are opaque pointers. ncurses belongs to the one
/// UI thread. None of the ncurses calls is variadic; <c>ioctl</c> is, but with one integer-sized argument it is called alike on x86-64 and arm64.
/// </summary>
internal static unsafe partial class Native
{
    internal const string Curses = "libncursesw.so.6";

    internal const int Err = -1;
    internal const int KeyCodeYes = 0x100;
    internal const uint A_UNDERLINE = 1u << 17;
    internal const uint A_REVERSE = 1u << 18;
    internal const uint A_DIM = 1u << 20;
    internal const uint A_BOLD = 1u << 21;
    internal const uint A_ITALIC = 1u << 31;

    internal const uint BUTTON1_PRESSED = 2;
    internal const uint BUTTON4_PRESSED = 2u << 15;
    internal const uint BUTTON5_PRESSED = 2u << 20;

    internal const int LC_ALL = 6;
    internal const int CODESET = 14;
    internal const int EFD_CLOEXEC_NONBLOCK = 0x80800;
    internal const int O_CLOEXEC_NONBLOCK = 0x80800;
    internal const short POLLIN = 1;
    internal const short POLLOUT = 4;
    internal const short POLLGONE = 0x8 | 0x10 | 0x20;
    internal const nuint TIOCGWINSZ = 0x5413;
    internal const int TCSANOW = 0;
    internal const int SIGHUP = 1;
    internal const int SIGINT = 2;
    internal const int SIGTERM = 15;
    internal const int SIGCONT = 18;
    internal const int SIGSTOP = 19;
    internal const int SIGTSTP = 20;
    internal const int SIGWINCH = 28;

    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Revents;
    }

    [LibraryImport(Curses, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint newterm(string type, nint output, nint input);

    [LibraryImport(Curses, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int setupterm(string term, int fd, int* error);

    [LibraryImport(Curses, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint tigetstr(string capability);

    [LibraryImport(Curses)]
    internal static partial int raw();

    [LibraryImport(Curses)]
    internal static partial int noecho();

    [LibraryImport(Curses)]
    internal static partial int nonl();

    [LibraryImport(Curses)]
    internal static partial int keypad(nint window, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport(Curses)]
    internal static partial int nodelay(nint window, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport(Curses)]
    internal static partial int set_escdelay(int milliseconds);

    [LibraryImport(Curses)]
    internal static partial int curs_set(int visibility);

    [LibraryImport(Curses)]
    internal static partial uint mousemask(uint mask, uint* old);

    [LibraryImport(Curses)]
    internal static partial int mouseinterval(int milliseconds);

    [LibraryImport(Curses)]
    internal static partial int getmouse(byte* mouseEvent);

    [LibraryImport(Curses)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool has_colors();

    [LibraryImport(Curses)]
    internal static partial int start_color();

    [LibraryImport(Curses)]
    internal static partial int use_default_colors();

    [LibraryImport(Curses)]
    internal static partial int init_extended_pair(int pair, int foreground, int background);

    [LibraryImport(Curses)]
    internal static partial int wattr_set(nint window, uint attributes, short pair, int* extendedPair);

    [LibraryImport(Curses)]
    internal static partial int wmove(nint window, int y, int x);

    [LibraryImport(Curses)]
    internal static partial int waddnwstr(nint window, int* text, int count);

    [LibraryImport(Curses)]
    internal static partial int setcchar(byte* cell, int* text, uint attributes, short pair, int* extendedPair);

    [LibraryImport(Curses)]
    internal static partial void wbkgrndset(nint window, byte* cell);

    [LibraryImport(Curses)]
    internal static partial int werase(nint window);

    [LibraryImport(Curses)]
    internal static partial int clearok(nint window, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport(Curses)]
    internal static partial int leaveok(nint window, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport(Curses)]
    internal static partial int wnoutrefresh(nint window);

    [LibraryImport(Curses)]
    internal static partial int doupdate();

    [LibraryImport(Curses)]
    internal static partial int wget_wch(nint window, int* character);

    [LibraryImport(Curses)]
    internal static partial int resize_term(int lines, int columns);

    [LibraryImport(Curses)]
    internal static partial int endwin();

    [LibraryImport(Curses)]
    internal static partial int reset_prog_mode();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint fdopen(int fd, string mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint setlocale(int category, string locale);

    [LibraryImport("libc")]
    internal static partial nint nl_langinfo(int item);

    [LibraryImport("libc")]
    internal static partial int isatty(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int timeout);

    [LibraryImport("libc")]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc")]
    internal static partial int pipe2(int* fds, int flags);

    [LibraryImport("libc")]
    internal static partial nint read(int fd, byte* buffer, nint count);

    [LibraryImport("libc")]
    internal static partial nint write(int fd, byte* buffer, nint count);

    [LibraryImport("libc")]
    internal static partial int close(int fd);

    [LibraryImport("libc")]
    internal static partial int ioctl(int fd, nuint request, ushort* argument);

    [LibraryImport("libc")]
    internal static partial int tcgetattr(int fd, byte* termios);

    [LibraryImport("libc")]
    internal static partial int tcsetattr(int fd, int when, byte* termios);

    [LibraryImport("libc")]
    internal static partial int tcgetpgrp(int fd);

    [LibraryImport("libc")]
    internal static partial int getpgrp();

    [LibraryImport("libc")]
    internal static partial int getpid();

    [LibraryImport("libc")]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc")]
    internal static partial nint signal(int signal, nint handler);

    [LibraryImport("libc")]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc")]
    internal static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc")]
    internal static partial int munmap(nint address, nuint length);
}
