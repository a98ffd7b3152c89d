using System.Globalization;

namespace KvmTop.Vmm;

/// <summary>What can be had through a socket that QEMU listens on.</summary>
public enum QemuService
{
    /// <summary>Screen, keyboard and mouse.</summary>
    Display,

    /// <summary>A monitor, QMP or human: whoever has it has the VM, and QEMU's rights on the host.</summary>
    Monitor,

    /// <summary>The debugger's stub: all memory and registers of the guest.</summary>
    Debugger,

    /// <summary>A serial port or another channel into the guest.</summary>
    Console,
}

/// <summary>Where a listening socket can be reached from.</summary>
public enum QemuReach
{
    /// <summary>From this host only, or by nobody.</summary>
    Local,

    /// <summary>By whoever reaches the one address that it is bound to.</summary>
    OneAddress,

    /// <summary>By whoever reaches this host.</summary>
    Everywhere,
}

/// <summary>A socket on which QEMU serves something without asking who is there.</summary>
/// <param name="Service">What is served.</param>
/// <param name="Reach">From where; never <see cref="QemuReach.Local"/>.</param>
/// <param name="Option">The option that says so, without its dash.</param>
/// <param name="Value">Its value, raw; null for one without.</param>
public sealed record QemuListener(QemuService Service, QemuReach Reach, string Option, string? Value);

/// <summary>
/// Finds what a QEMU command line opens to the network without a password or certificate: -vnc, -display vnc=, -spice, -monitor, -qmp, -serial and their like in the notation of
/// "tcp:HOST:PORT,server=on", -chardev socket behind a -mon or a device, -gdb and -s.
/// </summary>
public static class QemuListeners
{
    private const int Most = 64;

    /// <summary>All of them, in the order of the command line.</summary>
    /// <param name="args">All of it, argv[0] first.</param>
    public static IReadOnlyList<QemuListener> Of(IReadOnlyList<string> args)
    {
        var found = new List<QemuListener>();
        var users = new Users();
        foreach (var (option, value) in QemuArguments.Read(args))
        {
            if (found.Count >= Most || users.Count >= Users.Most)
                break;
            if (option == "s" && value is null)
                found.Add(new QemuListener(QemuService.Debugger, QemuReach.Everywhere, option, null));
            if (value is not null)
                Look(option, value, found, users);
        }

        foreach (var (option, value) in QemuArguments.Read(args))
        {
            if (option == "chardev" && value is not null && found.Count < Most)
                Chardev(value, found, users);
        }

        return found;
    }

    private static void Look(string option, string value, List<QemuListener> found, Users users)
    {
        void Add(QemuService service, QemuReach reach)
        {
            if (reach != QemuReach.Local)
                found.Add(new QemuListener(service, reach, option, value));
        }

        switch (option)
        {
            case "vnc":
                Add(QemuService.Display, Vnc(OptionSet.Parse(value, "vnc"), OptionSet.Parse(value, "vnc")["vnc"]));
                break;
            case "display":
                Add(QemuService.Display, OptionSet.Parse(value, "type") is var display && display["vnc"] is { } at ? Vnc(display, at) : QemuReach.Local);
                break;
            case "spice":
                Add(QemuService.Display, Spice(OptionSet.Parse(value, null)));
                break;
            case "gdb":
                Add(QemuService.Debugger, Legacy(value, users, QemuService.Debugger, isServer: true));
                break;
            case "monitor" or "qmp" or "qmp-pretty":
                Add(QemuService.Monitor, Legacy(value, users, QemuService.Monitor, isServer: false));
                break;
            case "serial" or "parallel" or "debugcon" or "virtioconsole":
                // "mon:" puts the monitor on the same line, behind Ctrl-A C.
                var service = value.StartsWith("mon:", StringComparison.Ordinal) ? QemuService.Monitor : QemuService.Console;
                Add(service, Legacy(service == QemuService.Monitor ? value["mon:".Length..] : value, users, service, isServer: false));
                break;
            case "mon":
                if (OptionSet.Parse(value, "chardev")["chardev"] is { } monitor)
                    users.Add(monitor, QemuService.Monitor);
                break;
            case "device":
                if (OptionSet.Parse(value, "driver")["chardev"] is { } port)
                    users.Add(port, QemuService.Console);
                break;
        }
    }

    // "HOST:N" or ":N", where no host is all of them; "unix:PATH" is no network, and with reverse=on QEMU connects.
    private static QemuReach Vnc(OptionSet set, string? address) =>
        address is null or "none" || address.StartsWith("unix:", StringComparison.Ordinal) || set.Flag("reverse") == true || set.Flag("password") == true
        || set["password-secret"] is not null || set.Flag("sasl") == true || (set["tls-creds"] ?? set["x509verify"]) is not null || !address.Contains(':', StringComparison.Ordinal)
            ? QemuReach.Local : ReachOf(address[..address.LastIndexOf(':')]);

    // Without a ticket's password nobody gets in, unless tickets are off. TLS alone does not ask who is there.
    private static QemuReach Spice(OptionSet set) =>
        (set["port"] ?? set["tls-port"]) is null or "0" || set.Flag("unix") == true || set.Flag("disable-ticketing") != true || set.Flag("sasl") == true
            ? QemuReach.Local : ReachOf(set["addr"] ?? "");

    // The notation of -serial: "tcp:HOST:PORT,server=on", "telnet:..", "websocket:..", "udp:..@HOST:PORT", "chardev:ID"; a file, a pty or "unix:PATH" is local.
    private static QemuReach Legacy(string value, Users users, QemuService service, bool isServer)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        var rest = value[(colon + 1)..];
        switch (colon < 0 ? "" : value[..colon])
        {
            case "chardev":
                users.Add(rest, service);
                return QemuReach.Local;
            case "tcp" or "telnet" or "websocket" or "tn3270":
                var set = OptionSet.Parse(rest, "address");
                return set["address"] is { } address && (isServer || set.Flag("server") == true) && set["tls-creds"] is null
                    ? ReachOf(address[..Math.Max(address.LastIndexOf(':'), 0)]) : QemuReach.Local;
            case "udp":
                // What comes in at the address behind the "@" is typed.
                var at = rest.IndexOf('@', StringComparison.Ordinal);
                var local = at < 0 ? ":0" : rest[(at + 1)..];
                return local.EndsWith(":0", StringComparison.Ordinal) ? QemuReach.Local : ReachOf(local[..Math.Max(local.LastIndexOf(':'), 0)]);
            default:
                return QemuReach.Local;
        }
    }

    private static void Chardev(string value, List<QemuListener> found, Users users)
    {
        var set = OptionSet.Parse(value, "backend");
        // As a list, or in the JSON of chardev-add, where a socket listens unless told otherwise.
        const string data = "backend.data.";
        var isJson = set["backend.type"] is not null;
        if ((set["backend"] ?? set["backend.type"]) != "socket" || set["id"] is not { } id || users.Find(id) is not { } service)
            return;

        var (host, port) = isJson ? (set[data + "addr.data.host"], set[data + "addr.data.port"]) : (set["host"], set["port"]);
        var serves = isJson ? set.Flag(data + "server") != false : set.Flag("server") == true;
        if (port is not null && serves && (set["tls-creds"] ?? set[data + "tls-creds"]) is null && ReachOf(host ?? "") is var reach and not QemuReach.Local)
            found.Add(new QemuListener(service, reach, "chardev", value));
    }

    private static QemuReach ReachOf(string host)
    {
        var name = host.Trim('[', ']');
        if (name.Length == 0 || name is "*" or "0")
            return QemuReach.Everywhere;
        if (name is "localhost" or "ip6-localhost" or "localhost.localdomain" or "localhost6" || name.EndsWith(".localhost", StringComparison.Ordinal))
            return QemuReach.Local;

        // "::ffff:0.0.0.0" is the IPv4 address. Of what is left a null address, however it is written, is any; 127.x and one that ends in 1 with nulls before it are this host.
        const string mapped = "::ffff:";
        if (name.StartsWith(mapped, StringComparison.OrdinalIgnoreCase))
            name = name[mapped.Length..];
        if (name.StartsWith("127.", StringComparison.Ordinal))
            return QemuReach.Local;

        var isNull = true;
        foreach (var part in name.Split('.', ':'))
            isNull &= part.Length == 0 || (int.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var n) && n == 0);
        return isNull ? QemuReach.Everywhere : name.Contains(':', StringComparison.Ordinal) && IsLoopback(name) ? QemuReach.Local : QemuReach.OneAddress;
    }

    private static bool IsLoopback(string name)
    {
        var parts = name.Split(':');
        for (var i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i].Length == 0 ? "0" : parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var n) || n != (i == parts.Length - 1 ? 1 : 0))
                return false;
        }

        return true;
    }

    /// <summary>Who uses which -chardev.</summary>
    private sealed class Users
    {
        public const int Most = 1024;

        private readonly HashSet<string> _monitors = new(StringComparer.Ordinal);
        private readonly HashSet<string> _debuggers = new(StringComparer.Ordinal);
        private readonly HashSet<string> _consoles = new(StringComparer.Ordinal);

        public int Count => _monitors.Count + _debuggers.Count + _consoles.Count;

        public void Add(string id, QemuService service) => _ = (service == QemuService.Monitor ? _monitors : service == QemuService.Debugger ? _debuggers : _consoles).Add(id);

        /// <summary>The worst that can be had through it.</summary>
        public QemuService? Find(string id) => _monitors.Contains(id) ? QemuService.Monitor : _debuggers.Contains(id) ? QemuService.Debugger : _consoles.Contains(id) ? QemuService.Console : null;
    }
}
