using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>libvirt.so.0, loaded when the first connection is wanted and kept: its event loop is one for the whole process. Only threads that own a connection call it.</summary>
internal sealed unsafe class LibvirtLibrary
{
    private const string FileName = "libvirt.so.0";

    private static readonly Lock s_loading = new();
    private static LibvirtLibrary? s_loaded;

    private LibvirtLibrary(nint library)
    {
        Handle = library;
        OpenReadOnly = (delegate* unmanaged<byte*, nint>)Export(library, "virConnectOpenReadOnly");
        Close = (delegate* unmanaged<nint, int>)Export(library, "virConnectClose");
        IsAlive = (delegate* unmanaged<nint, int>)Export(library, "virConnectIsAlive");
        SetKeepAlive = (delegate* unmanaged<nint, int, uint, int>)Export(library, "virConnectSetKeepAlive");
        GetAllDomainStats = (delegate* unmanaged<nint, uint, DomainStatsRecord***, uint, int>)Export(library, "virConnectGetAllDomainStats");
        FreeStats = (delegate* unmanaged<DomainStatsRecord**, void>)Export(library, "virDomainStatsRecordListFree");
        ListAllDomains = (delegate* unmanaged<nint, nint**, uint, int>)Export(library, "virConnectListAllDomains");
        DomainFree = (delegate* unmanaged<nint, int>)Export(library, "virDomainFree");
        DomainName = (delegate* unmanaged<nint, byte*>)Export(library, "virDomainGetName");
        DomainUuid = (delegate* unmanaged<nint, byte*, int>)Export(library, "virDomainGetUUID");
        DomainId = (delegate* unmanaged<nint, uint>)Export(library, "virDomainGetID");
        DomainMetadata = (delegate* unmanaged<nint, int, byte*, uint, byte*>)Export(library, "virDomainGetMetadata");
        RegisterEvent = (delegate* unmanaged<nint, nint, int, nint, nint, nint, int>)Export(library, "virConnectDomainEventRegisterAny");
        RunEvents = (delegate* unmanaged<int>)Export(library, "virEventRunDefaultImpl");
        AddHandle = (delegate* unmanaged<int, int, delegate* unmanaged<int, int, int, nint, void>, nint, nint, int>)Export(library, "virEventAddHandle");
        RemoveHandle = (delegate* unmanaged<int, int>)Export(library, "virEventRemoveHandle");
        LastErrorText = (delegate* unmanaged<byte*>)Export(library, "virGetLastErrorMessage");
        LastErrorCode = (delegate* unmanaged<int>)Export(library, "virGetLastErrorCode");
        ResetError = (delegate* unmanaged<void>)Export(library, "virResetLastError");

        // What goes wrong is a reason on our screen, never a line that libvirt writes across it.
        ((delegate* unmanaged<nint, nint, void>)Export(library, "virSetErrorFunc"))(0, (nint)(delegate* unmanaged<nint, nint, void>)&Ignore);
        ((delegate* unmanaged<int>)Export(library, "virInitialize"))();
        ((delegate* unmanaged<int>)Export(library, "virEventRegisterDefaultImpl"))();
    }

    /// <summary>One connection at a time: whoever runs the event loop runs it for the whole process.</summary>
    public static SemaphoreSlim Owner { get; } = new(1, 1);

    /// <summary>The library itself, for those who need more of it.</summary>
    public nint Handle { get; }

    public delegate* unmanaged<byte*, nint> OpenReadOnly { get; }

    public delegate* unmanaged<nint, int> Close { get; }

    /// <summary>1 for a connection that is open; asks nobody.</summary>
    public delegate* unmanaged<nint, int> IsAlive { get; }

    /// <summary>Seconds between signs of life, and how many may be missed.</summary>
    public delegate* unmanaged<nint, int, uint, int> SetKeepAlive { get; }

    public delegate* unmanaged<nint, uint, DomainStatsRecord***, uint, int> GetAllDomainStats { get; }

    public delegate* unmanaged<DomainStatsRecord**, void> FreeStats { get; }

    public delegate* unmanaged<nint, nint**, uint, int> ListAllDomains { get; }

    public delegate* unmanaged<nint, int> DomainFree { get; }

    /// <summary>Belongs to the domain.</summary>
    public delegate* unmanaged<nint, byte*> DomainName { get; }

    public delegate* unmanaged<nint, byte*, int> DomainUuid { get; }

    /// <summary>All ones for a domain that does not run.</summary>
    public delegate* unmanaged<nint, uint> DomainId { get; }

    /// <summary>To be freed; null for none.</summary>
    public delegate* unmanaged<nint, int, byte*, uint, byte*> DomainMetadata { get; }

    public delegate* unmanaged<nint, nint, int, nint, nint, nint, int> RegisterEvent { get; }

    /// <summary>Waits for descriptors and timers once, and calls whoever they belong to.</summary>
    public delegate* unmanaged<int> RunEvents { get; }

    public delegate* unmanaged<int, int, delegate* unmanaged<int, int, int, nint, void>, nint, nint, int> AddHandle { get; }

    public delegate* unmanaged<int, int> RemoveHandle { get; }

    private delegate* unmanaged<byte*> LastErrorText { get; }

    /// <summary>Of the latest call on this thread.</summary>
    public delegate* unmanaged<int> LastErrorCode { get; }

    public delegate* unmanaged<void> ResetError { get; }

    /// <summary>What the latest call on this thread complained of; cleaned.</summary>
    public string LastError
    {
        get
        {
            var text = LastErrorText();
            return text is null ? "no reason given" : HostileText.Clean(Bytes(text, 1024), 200);
        }
    }

    /// <summary>Whether the latest call on this thread failed because this user may not.</summary>
    public bool IsDenied
    {
        get
        {
            var text = LastErrorText();
            return LastErrorCode() switch
            {
                // virErrorNumber: AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE, ACCESS_DENIED.
                45 or 79 or 80 or 88 => true,
                _ => text is not null && Bytes(text, 1024).IndexOf("Permission denied"u8) >= 0,
            };
        }
    }

    /// <summary>Loads it, or says why it cannot be. From any thread.</summary>
    public static bool TryLoad([NotNullWhen(true)] out LibvirtLibrary? library, out string reason)
    {
        (library, reason) = (Volatile.Read(ref s_loaded), "");
        if (library is not null)
            return true;
        lock (s_loading)
            return (library = s_loaded) is not null || TryLoadNow(out library, out reason);
    }

    /// <summary>The bytes of a C string, at most so many.</summary>
    public static ReadOnlySpan<byte> Bytes(byte* text, int longest)
    {
        var length = 0;
        while (length < longest && text[length] != 0)
            length++;
        return new ReadOnlySpan<byte>(text, length);
    }

    /// <summary>The address of a function; throws <see cref="EntryPointNotFoundException"/> when there is none.</summary>
    public static nint Export(nint library, string name) =>
        NativeLibrary.TryGetExport(library, name, out var address) ? address : throw new EntryPointNotFoundException("it has no " + name);

    private static bool TryLoadNow([NotNullWhen(true)] out LibvirtLibrary? library, out string reason)
    {
        (library, reason) = (null, "");

        // Asked for a session without a daemon it would start one, and what its log writes by default goes across the screen.
        NativeEnvironment.SetDefault("LIBVIRT_AUTOSTART", "0");
        NativeEnvironment.SetDefault("LIBVIRT_LOG_OUTPUTS", "4:file:/dev/null");
        if (!NativeLibrary.TryLoad(FileName, out var handle))
        {
            reason = FileName + " is not installed";
            return false;
        }

        try
        {
            library = new LibvirtLibrary(handle);
        }
        catch (EntryPointNotFoundException e)
        {
            reason = $"{FileName} is too old: {e.Message}";
            return false;
        }

        Volatile.Write(ref s_loaded, library);
        return true;
    }

    [UnmanagedCallersOnly]
    private static void Ignore(nint data, nint error)
    {
    }

    /// <summary>virDomainStatsRecord.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct DomainStatsRecord
    {
        public nint Domain;
        public TypedParameter* Parameters;
        public int Count;
    }
}
