using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>What perf_event_open(2) needs: the call itself has no C function, so it goes through syscall(2).</summary>
internal static partial class Libc
{
    /// <summary>__NR_perf_event_open of x86-64 and of the architectures that share the generic table.</summary>
    internal static long PerfEventOpenNumber => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 298 : 241;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static unsafe partial nint perf_event_open(long number, PerfEventAttributes* attributes, nint pid, nint cpu, nint group, nint flags);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint perf_read(int fd, void* buffer, nint count);
}

/// <summary>struct perf_event_attr up to PERF_ATTR_SIZE_VER5; what is 0 is the kernel's default.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PerfEventAttributes
{
    public const uint Version5Size = 112;
    public const uint TypeTracepoint = 2;
    public const ulong SampleTime = 1 << 2;
    public const ulong SampleRaw = 1 << 10;
    public const ulong FormatGroup = 1 << 3;
    public const ulong FlagDisabled = 1 << 0;
    public const ulong FlagWatermark = 1 << 14;

    public uint Type;
    public uint Size;
    public ulong Config;
    public ulong SamplePeriod;
    public ulong SampleType;
    public ulong ReadFormat;
    public ulong Flags;
    public uint WakeupWatermark;
    public uint BreakpointType;
    public ulong Config1;
    public ulong Config2;
    public ulong BranchSampleType;
    public ulong SampleRegistersUser;
    public uint SampleStackUser;
    public int ClockId;
    public ulong SampleRegistersInterrupt;
    public uint AuxiliaryWatermark;
    public ushort SampleMaxStack;
    public ushort Reserved;
}
