using System.Globalization;
using System.Runtime.InteropServices;

namespace KvmTop.Vmm;

/// <summary>Has libvirt call us when something happens to a domain. Everything runs on the thread that runs the event loop.</summary>
internal static unsafe class LibvirtEvents
{
    private const int LongestName = 128;
    private const int LongestText = 200;

    /// <summary>Asks for every event that an operator wants to know; what this libvirt does not have is left out.</summary>
    /// <param name="library">The library.</param>
    /// <param name="connection">An open connection.</param>
    /// <param name="receiver">A handle of the session.</param>
    public static void Register(LibvirtLibrary library, nint connection, nint receiver)
    {
        void Add(int id, nint callback)
        {
            if (library.RegisterEvent(connection, 0, id, callback, receiver, 0) < 0)
                library.ResetError();
        }

        Add(0, (nint)(delegate* unmanaged<nint, nint, int, int, nint, int>)&Lifecycle);
        Add(1, (nint)(delegate* unmanaged<nint, nint, nint, void>)&Reboot);
        Add(3, (nint)(delegate* unmanaged<nint, nint, int, nint, void>)&Watchdog);
        Add(6, (nint)(delegate* unmanaged<nint, nint, byte*, byte*, int, byte*, nint, void>)&IoError);
        Add(7, (nint)(delegate* unmanaged<nint, nint, nint, void>)&ControlError);
        Add(13, (nint)(delegate* unmanaged<nint, nint, ulong, nint, void>)&Balloon);
        Add(15, (nint)(delegate* unmanaged<nint, nint, byte*, nint, void>)&DeviceRemoved);
        Add(19, (nint)(delegate* unmanaged<nint, nint, byte*, nint, void>)&DeviceAdded);
        Add(23, (nint)(delegate* unmanaged<nint, nint, int, byte*, nint, void>)&Metadata);
        Add(25, (nint)(delegate* unmanaged<nint, nint, int, int, uint, nint, void>)&MemoryFailure);
    }

    [UnmanagedCallersOnly]
    private static int Lifecycle(nint connection, nint domain, int type, int detail, nint receiver)
    {
        // Defined, undefined: flags and title may be others.
        Tell(receiver, domain, LibvirtWords.Lifecycle(type), LibvirtWords.Detail(type, detail), rereads: type is 0 or 1);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static void Reboot(nint connection, nint domain, nint receiver) => Tell(receiver, domain, "rebooted", "");

    [UnmanagedCallersOnly]
    private static void ControlError(nint connection, nint domain, nint receiver) => Tell(receiver, domain, "control error", "libvirt and the monitor do not understand each other");

    [UnmanagedCallersOnly]
    private static void Watchdog(nint connection, nint domain, int action, nint receiver) =>
        Tell(receiver, domain, "watchdog", action switch { 1 => "paused", 2 => "reset", 3 => "powered off", 4 => "shut down", 5 => "debug", 6 => "interrupted", _ => "no action" });

    [UnmanagedCallersOnly]
    private static void IoError(nint connection, nint domain, byte* path, byte* device, int action, byte* reason, nint receiver) =>
        Tell(receiver, domain, "I/O error", string.Join(", ", Text(device), Text(path), Text(reason), action switch { 1 => "paused", 2 => "reported to the guest", _ => "ignored" }));

    [UnmanagedCallersOnly]
    private static void Balloon(nint connection, nint domain, ulong kib, nint receiver) =>
        Tell(receiver, domain, "balloon", string.Create(CultureInfo.InvariantCulture, $"{kib / 1024} MiB"));

    [UnmanagedCallersOnly]
    private static void DeviceRemoved(nint connection, nint domain, byte* device, nint receiver) => Tell(receiver, domain, "device removed", Text(device));

    [UnmanagedCallersOnly]
    private static void DeviceAdded(nint connection, nint domain, byte* device, nint receiver) => Tell(receiver, domain, "device added", Text(device));

    [UnmanagedCallersOnly]
    private static void Metadata(nint connection, nint domain, int type, byte* uri, nint receiver) => Tell(receiver, domain, "metadata changed", "", rereads: true);

    [UnmanagedCallersOnly]
    private static void MemoryFailure(nint connection, nint domain, int recipient, int action, uint flags, nint receiver) =>
        Tell(receiver, domain, "memory failure", recipient == 0 ? "in the hypervisor" : "in the guest");

    private static string Text(byte* text) => text is null ? "-" : HostileText.Clean(LibvirtLibrary.Bytes(text, 1024), LongestText);

    private static void Tell(nint receiver, nint domain, string name, string text, bool rereads = false)
    {
        if (GCHandle.FromIntPtr(receiver).Target is not LibvirtSession session || !LibvirtLibrary.TryLoad(out var library, out _))
            return;
        var called = library.DomainName(domain);
        session.Tell(called is null ? "?" : HostileText.Clean(LibvirtLibrary.Bytes(called, 4096), LongestName), name, text, rereads);
    }
}
