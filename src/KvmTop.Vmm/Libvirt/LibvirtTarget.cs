using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>Which libvirt to ask, or why none.</summary>
/// <param name="Uri">The connection URI; null when there is none to ask.</param>
/// <param name="Refusal">Why there is none.</param>
public sealed record LibvirtTarget(string? Uri, string? Refusal)
{
    /// <summary>The value of the setting that lets this program choose.</summary>
    public const string Automatic = "auto";

    /// <summary>The value that keeps it away from libvirt.</summary>
    public const string Off = "off";

    private static readonly string[] s_system =
    [
        "/run/libvirt/virtqemud-sock-ro", "/run/libvirt/libvirt-sock-ro", "/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock",
    ];

    /// <summary>
    /// True for the URI of a libvirt on this machine: no host, no transport that leaves the machine or runs a program (ssh asks for passwords on the
    /// terminal), no driver that runs inside of us.
    /// </summary>
    public static bool IsLocal(string uri)
    {
        // By hand: System.Uri would be a fifth of a megabyte of the program, for this line alone.
        if (uri.Length > 1024 || uri.IndexOf(":///", StringComparison.Ordinal) is not (> 0 and var end) || !char.IsAsciiLetter(uri[0]))
            return false;
        var scheme = uri.AsSpan(0, end);
        var plus = scheme.IndexOf('+');
        if (plus >= 0 && !scheme[plus..].Equals("+unix", StringComparison.OrdinalIgnoreCase))
            return false;
        var driver = plus < 0 ? scheme : scheme[..plus];
        var path = uri.AsSpan(end + 3);
        path = path.IndexOfAny('?', '#') is >= 0 and var query ? path[..query] : path;
        // No escapes: libvirt takes them out before it compares ("/%65mbed").
        return IsMadeOf(driver, ".-") && IsMadeOf(path, "/._-~@+,=:") && !path.StartsWith("/embed", StringComparison.Ordinal);
    }

    /// <summary>The one that the setting names; else root's is the system's, a user's is his session's where one runs, else the system's. Without a socket there is none.</summary>
    /// <param name="setting">"auto", "off" or a URI.</param>
    /// <param name="host">The files.</param>
    /// <param name="user">Who asks; 0 is root.</param>
    /// <param name="runtimeDirectory">XDG_RUNTIME_DIR of the user, or null.</param>
    public static LibvirtTarget Find(string setting, HostRoot host, uint user, string? runtimeDirectory)
    {
        if (setting == Off)
            return new LibvirtTarget(null, "switched off (libvirt-uri)");
        if (!host.IsLive)
            return new LibvirtTarget(null, "there is no libvirt to ask: this is not the running machine");
        if (setting != Automatic)
            return new LibvirtTarget(setting, null);
        if (user != 0 && runtimeDirectory is { Length: > 0 } folder && (host.Exists(folder + "/libvirt/virtqemud-sock") || host.Exists(folder + "/libvirt/libvirt-sock")))
            return new LibvirtTarget("qemu:///session", null);
        foreach (var socket in s_system)
        {
            if (host.Exists(socket))
                return new LibvirtTarget("qemu:///system", null);
        }

        return new LibvirtTarget(null, "libvirt does not run here: no socket in /run/libvirt");
    }

    private static bool IsMadeOf(ReadOnlySpan<char> text, string others)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !others.Contains(c, StringComparison.Ordinal))
                return false;
        }

        return true;
    }
}
