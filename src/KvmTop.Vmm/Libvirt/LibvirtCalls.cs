using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>
/// What can be asked of a libvirt: the functions of libvirt.so.0 behind the words of an operation. Called by the thread that owns the connection.
/// </summary>
internal sealed unsafe class LibvirtCalls
{
    /// <summary>Domains that do not run: the only operation that is about none.</summary>
    public const string List = "list";

    // virDomainModificationImpact
    private const uint Live = 1;
    private const uint Config = 2;

    private const uint Inactive = 1 << 1;
    private const int NoDomain = 42;
    private const int MostDomains = 4096;

    private static LibvirtCalls? s_loaded;

    private readonly LibvirtLibrary _library;
    private readonly delegate* unmanaged<byte*, nint> _open;
    private readonly delegate* unmanaged<nint, byte*, nint> _lookup;
    private readonly delegate* unmanaged<nint, int> _create;
    private readonly delegate* unmanaged<nint, uint, int> _shutdown;
    private readonly delegate* unmanaged<nint, int> _destroy;
    private readonly delegate* unmanaged<nint, int> _suspend;
    private readonly delegate* unmanaged<nint, int> _resume;
    private readonly delegate* unmanaged<nint, uint, int> _reset;
    private readonly delegate* unmanaged<nint, nuint, uint, int> _setMemory;
    private readonly delegate* unmanaged<nint, int*, int*, uint, int> _getState;
    private readonly delegate* unmanaged<nint, DomainInfo*, int> _getInfo;
    private readonly LibvirtPins _pins;
    private readonly LibvirtThrottle _throttle;

    private LibvirtCalls(LibvirtLibrary library)
    {
        _library = library;
        var handle = library.Handle;
        _open = (delegate* unmanaged<byte*, nint>)LibvirtLibrary.Export(handle, "virConnectOpen");
        _lookup = (delegate* unmanaged<nint, byte*, nint>)LibvirtLibrary.Export(handle, "virDomainLookupByUUIDString");
        _create = (delegate* unmanaged<nint, int>)LibvirtLibrary.Export(handle, "virDomainCreate");
        _shutdown = (delegate* unmanaged<nint, uint, int>)LibvirtLibrary.Export(handle, "virDomainShutdownFlags");
        _destroy = (delegate* unmanaged<nint, int>)LibvirtLibrary.Export(handle, "virDomainDestroy");
        _suspend = (delegate* unmanaged<nint, int>)LibvirtLibrary.Export(handle, "virDomainSuspend");
        _resume = (delegate* unmanaged<nint, int>)LibvirtLibrary.Export(handle, "virDomainResume");
        _reset = (delegate* unmanaged<nint, uint, int>)LibvirtLibrary.Export(handle, "virDomainReset");
        _setMemory = (delegate* unmanaged<nint, nuint, uint, int>)LibvirtLibrary.Export(handle, "virDomainSetMemoryFlags");
        _getState = (delegate* unmanaged<nint, int*, int*, uint, int>)LibvirtLibrary.Export(handle, "virDomainGetState");
        _getInfo = (delegate* unmanaged<nint, DomainInfo*, int>)LibvirtLibrary.Export(handle, "virDomainGetInfo");
        _pins = new LibvirtPins(handle);
        _throttle = new LibvirtThrottle(handle);
    }

    /// <summary>Loads the library, or says why it cannot be.</summary>
    public static bool TryLoad([NotNullWhen(true)] out LibvirtCalls? calls, out string reason)
    {
        (calls, reason) = (Volatile.Read(ref s_loaded), "");
        if (calls is not null)
            return true;
        if (!LibvirtLibrary.TryLoad(out var library, out reason))
            return false;
        try
        {
            calls = new LibvirtCalls(library);
        }
        catch (EntryPointNotFoundException e)
        {
            reason = "libvirt.so.0 is too old: " + e.Message;
            return false;
        }

        Volatile.Write(ref s_loaded, calls);
        return true;
    }

    /// <summary>Makes sure of a connection that may write: an open one is kept, one that was lost is made anew.</summary>
    public LibvirtOutcome Connect(ref nint connection, string uri)
    {
        if (connection != 0 && _library.IsAlive(connection) == 1)
            return default;
        Close(connection);
        _library.ResetError();
        fixed (byte* text = CString(uri))
            connection = _open(text);
        return connection == 0 ? Failure() : default;
    }

    /// <summary>Lets go of a connection.</summary>
    public void Close(nint connection)
    {
        if (connection != 0)
            _ = _library.Close(connection);
    }

    /// <summary>
    /// Carries out an operation: "start", "shutdown", "destroy", "suspend", "resume", "reset", "set-memory KIB", "pin-vcpu N CPUS [persist]", "pin-emulator CPUS [persist]",
    /// "pin-iothread N CPUS [persist]", "set-throttle DISK NAME=N ..", and what reads: "get-state", "get-memory" (KiB now), "get-vcpu-pin N", "get-emulator-pin", "get-iothread-pin N",
    /// "get-throttle DISK", "list" (a line "UUID NAME" for each domain that does not run), "identify" (the name that libvirt has for it).
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="uuid">The domain.</param>
    /// <param name="operation">What.</param>
    /// <param name="arguments">With what.</param>
    /// <param name="dispute">Asked right before, with the name that libvirt has for the domain: why it is not the one that is meant; null when it is.</param>
    public LibvirtOutcome Run(nint connection, string uuid, string operation, IReadOnlyList<string> arguments, Func<string, string?>? dispute)
    {
        _library.ResetError();
        if (operation == List)
            return Names(connection);
        nint domain;
        fixed (byte* text = CString(uuid))
            domain = _lookup(connection, text);
        if (domain == 0)
        {
            // One that is not kept when it ends is not known any more.
            return operation == "get-state" && _library.LastErrorCode() == NoDomain ? new LibvirtOutcome("gone", null) : Failure();
        }

        try
        {
            var name = _library.DomainName(domain) is var text && text is null ? "" : Encoding.UTF8.GetString(LibvirtLibrary.Bytes(text, 4096));
            return dispute?.Invoke(name) is { } other ? new LibvirtOutcome(null, "libvirt: " + other)
                : operation == "identify" ? new LibvirtOutcome(HostileText.Clean(name, 128), null)
                : Run(domain, operation, arguments);
        }
        finally
        {
            _ = _library.DomainFree(domain);
        }
    }

    /// <summary>A text as C has it. What has a NUL in it ends there, as it would for anybody.</summary>
    internal static byte[] CString(string text) => Encoding.UTF8.GetBytes(text + "\0");

    private LibvirtOutcome Run(nint domain, string operation, IReadOnlyList<string> arguments) => (operation, arguments.Count) switch
    {
        ("start", 0) => Done(_create(domain)),
        ("shutdown", 0) => Done(_shutdown(domain, 0)),
        ("destroy", 0) => Done(_destroy(domain)),
        ("suspend", 0) => Done(_suspend(domain)),
        ("resume", 0) => Done(_resume(domain)),
        ("reset", 0) => Done(_reset(domain, 0)),
        ("get-state", 0) => State(domain),
        ("get-memory", 0) => Memory(domain),
        ("set-memory", 1) when ulong.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes) => Done(_setMemory(domain, (nuint)kibibytes, Live)),
        ("pin-vcpu", 2 or 3) when Number(arguments[0]) is { } n && Cpus(arguments, 1) is var (cpus, flags) => Done(_pins.SetVcpu(domain, n, cpus, flags)),
        ("pin-emulator", 1 or 2) when Cpus(arguments, 0) is var (cpus, flags) => Done(_pins.SetEmulator(domain, cpus, flags)),
        ("pin-iothread", 2 or 3) when Number(arguments[0]) is { } n && Cpus(arguments, 1) is var (cpus, flags) => Done(_pins.SetIoThread(domain, n, cpus, flags)),
        ("get-vcpu-pin", 1) when Number(arguments[0]) is { } n => Told(_pins.GetVcpu(domain, n)),
        ("get-emulator-pin", 0) => Told(_pins.GetEmulator(domain)),
        ("get-iothread-pin", 1) when Number(arguments[0]) is { } n => Told(_pins.GetIoThread(domain, n)),
        ("set-throttle", > 1) => Done(_throttle.Set(domain, arguments[0], arguments.Skip(1))),
        ("get-throttle", 1) => Told(_throttle.Get(domain, arguments[0])),
        _ => new LibvirtOutcome(null, HostileText.Clean($"libvirt: nobody knows what {operation} {string.Join(' ', arguments)} is", 200)),
    };

    private static uint? Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static (CpuSet Cpus, uint Flags)? Cpus(IReadOnlyList<string> arguments, int at) =>
        !CpuSet.TryParse(arguments[at], out var cpus) || cpus.Count == 0 ? null
        : arguments.Count == at + 1 ? (cpus, Live)
        : arguments[at + 1] == "persist" ? (cpus, Live | Config)
        : null;

    private LibvirtOutcome State(nint domain)
    {
        int state, reason;
        return _getState(domain, &state, &reason, 0) < 0 ? Failure() : new LibvirtOutcome(LibvirtWords.State((ulong)state).ToString().ToLowerInvariant(), null);
    }

    private LibvirtOutcome Memory(nint domain)
    {
        DomainInfo info;
        return _getInfo(domain, &info) < 0 ? Failure() : new LibvirtOutcome(info.Memory.ToString(CultureInfo.InvariantCulture), null);
    }

    private LibvirtOutcome Names(nint connection)
    {
        nint* domains;
        var count = _library.ListAllDomains(connection, &domains, Inactive);
        if (count < 0)
            return Failure();
        var text = new StringBuilder();
        var bytes = stackalloc byte[16];
        for (var i = 0; i < count; i++)
        {
            var name = _library.DomainName(domains[i]);
            if (i < MostDomains && name is not null && _library.DomainUuid(domains[i], bytes) == 0)
            {
                var uuid = new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true);
                _ = text.Append(CultureInfo.InvariantCulture, $"{uuid} {HostileText.Clean(LibvirtLibrary.Bytes(name, 4096), 128)}\n");
            }

            _ = _library.DomainFree(domains[i]);
        }

        NativeMemory.Free(domains);
        return new LibvirtOutcome(text.ToString(), null);
    }

    private LibvirtOutcome Done(int result) => result < 0 ? Failure() : default;

    private LibvirtOutcome Told(string? value) => value is null ? Failure() : new LibvirtOutcome(value, null);

    private LibvirtOutcome Failure()
    {
        var outcome = new LibvirtOutcome(null, "libvirt: " + _library.LastError) { IsDenied = _library.IsDenied };
        _library.ResetError();
        return outcome;
    }

    /// <summary>virDomainInfo.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct DomainInfo
    {
        public byte State;
        public nuint MostMemory;
        public nuint Memory;
        public ushort Vcpus;
        public ulong CpuTime;
    }
}
