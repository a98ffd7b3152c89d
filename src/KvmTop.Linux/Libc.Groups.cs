using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>getgroups(2): the groups in effect for this process, which those of /etc/group may not be until the next login.</summary>
internal static partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int getgroups(int size, uint* groups);

    [LibraryImport(Library)]
    internal static partial uint getegid();
}
