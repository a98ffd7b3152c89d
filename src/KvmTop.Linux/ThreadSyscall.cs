namespace KvmTop.Linux;

/// <summary>Where a thread stands, as far as <c>/proc/PID/task/TID/syscall</c> says.</summary>
public enum ThreadSyscallState
{
    /// <summary>On a CPU or ready for one: the kernel does not look.</summary>
    Running,

    /// <summary>Blocked outside of any system call (a page fault, for one).</summary>
    Blocked,

    /// <summary>Blocked in a system call.</summary>
    InSyscall,
}

/// <summary>
/// The system call in which a thread is blocked, as in <c>/proc/PID/task/TID/syscall</c> (proc_pid_syscall(5)). Needs the right to trace the
/// process, and CONFIG_HAVE_ARCH_TRACEHOOK.
/// </summary>
/// <param name="State">Running, blocked, or in a system call.</param>
/// <param name="Number">The system call's number on its architecture; -1 when in none.</param>
/// <param name="Arg0">The first argument.</param>
/// <param name="Arg1">The second argument.</param>
public readonly record struct ThreadSyscall(ThreadSyscallState State, long Number, ulong Arg0, ulong Arg1)
{
    private const ulong KvmRun = 0xae80;
    private const ulong KvmRunPower = 0x2000ae80;

    /// <summary>
    /// True when the thread waits in ioctl(KVM_RUN): it is a vCPU that is halted (or waits in the kernel for an exit to be done).
    /// The number of ioctl is 16 on x86-64, 29 on arm64 and riscv, 54 on s390 and ppc64; another call with that second argument does not occur.
    /// </summary>
    public bool IsKvmRun => State == ThreadSyscallState.InSyscall && Number is 16 or 29 or 54 && Arg1 is KvmRun or KvmRunPower;

    /// <summary>The file descriptor of an ioctl (its first argument); -1 when there is none.</summary>
    public int Fd => State == ThreadSyscallState.InSyscall && Arg0 <= int.MaxValue ? (int)Arg0 : -1;

    /// <summary>Reads the text of a syscall file. Allocates nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ThreadSyscall value)
    {
        value = default;
        var fields = new ByteFields(text);
        if (!fields.TryNext(out var first))
            return false;

        if (first.SequenceEqual("running"u8))
        {
            value = new ThreadSyscall(ThreadSyscallState.Running, -1, 0, 0);
            return true;
        }

        if (!ByteFields.Parse(first, out long number) || number < -1)
            return false;

        if (number == -1)
        {
            value = new ThreadSyscall(ThreadSyscallState.Blocked, -1, 0, 0);
            return true;
        }

        if (!fields.TryNext(out var a) || !ByteFields.ParseHex(a, out var arg0) || !fields.TryNext(out var b) || !ByteFields.ParseHex(b, out var arg1))
            return false;

        value = new ThreadSyscall(ThreadSyscallState.InSyscall, number, arg0, arg1);
        return true;
    }
}
