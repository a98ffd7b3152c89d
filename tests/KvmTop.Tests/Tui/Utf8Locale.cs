using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmTop.Tests.Tui;

/// <summary>The C library knows the width of wide characters only in a UTF-8 locale; a terminal sets it, the tests have none.</summary>
internal static partial class Utf8Locale
{
    private const int LC_CTYPE = 0;

    [ModuleInitializer]
    internal static void Set() => _ = setlocale(LC_CTYPE, "C.UTF-8");

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint setlocale(int category, string locale);
}
