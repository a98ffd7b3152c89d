using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>The environment of C.</summary>
internal static partial class Libc
{
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int setenv(string name, string value, int overwrite);
}
