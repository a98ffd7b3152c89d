using System.Globalization;
using System.Text;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>Where the QMP monitor of a VM can be reached, or why it is not to be.</summary>
/// <param name="Paths">Where the socket may be seen, best first.</param>
/// <param name="Refusal">Why nobody is to connect; null when one may.</param>
public sealed record QmpTarget(IReadOnlyList<string> Paths, string? Refusal)
{
    /// <summary>
    /// Finds it. A monitor of libvirt's is never one: libvirt holds the only connection. Among several sockets one whose name says "kvmtop" comes first, so that
    /// one can be set aside for this program; else the first.
    /// </summary>
    /// <param name="host">The files.</param>
    /// <param name="pid">The VM.</param>
    /// <param name="description">Its command line.</param>
    /// <param name="user">Who it runs as, or null.</param>
    public static QmpTarget Find(HostRoot host, int pid, VmDescription description, string? user)
    {
        if (description.Vmm != VmmKind.Qemu)
            return Refuse("QMP: only QEMU has it");
        if (description.LibvirtOwned || user == "libvirt-qemu" || IsLibvirtMachine(host, pid))
            return Refuse("QMP: owned by libvirt");
        if (description.Qmp.Count == 0)
            return Refuse("QMP: the VM has no monitor (-qmp unix:PATH,server=on,wait=off)");

        QmpEndpoint? chosen = null;
        foreach (var endpoint in description.Qmp)
        {
            if (endpoint is { Transport: QmpTransport.Unix, IsServer: true } && (chosen is null || (IsOurs(endpoint) && !IsOurs(chosen))))
                chosen = endpoint;
        }

        if (chosen is null)
        {
            return Refuse(description.Qmp[0] switch
            {
                { Transport: QmpTransport.Descriptor } => "QMP: its monitor is a descriptor that somebody else holds",
                { Transport: QmpTransport.Tcp } => "QMP: its monitor is on TCP, where nobody can tell who answers",
                _ => "QMP: its monitor connects to somebody else",
            });
        }

        return Locate(host, pid, chosen.Address);
    }

    private static QmpTarget Locate(HostRoot host, int pid, string path)
    {
        if (path.StartsWith('@'))
            return new QmpTarget([path], null);

        // Seen through the process itself, which may have a file system of its own. Without the right to look through it there is the path as it stands: whose
        // socket that is, is checked in any case.
        var process = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/");
        string[] paths = path.StartsWith('/') ? [process + "root" + path, path] : [process + "cwd/" + path];
        Span<byte> folder = stackalloc byte[1024];
        if (!path.StartsWith('/') && host.ReadLink(process + "cwd", folder, out var length) == Errno.None
            && Encoding.UTF8.GetString(folder[..length]).Contains("/libvirt/qemu", StringComparison.Ordinal))
        {
            return Refuse("QMP: owned by libvirt");
        }

        return new QmpTarget(paths, null);
    }

    private static bool IsOurs(QmpEndpoint endpoint) => endpoint.Address[(endpoint.Address.LastIndexOf('/') + 1)..].Contains("kvmtop", StringComparison.OrdinalIgnoreCase);

    private static QmpTarget Refuse(string reason) => new([], reason);

    // "machine-qemu\x2d1\x2dname.scope" with systemd, "name.libvirt-qemu" without.
    private static bool IsLibvirtMachine(HostRoot host, int pid)
    {
        var text = new ReadBuffer(1024, 64 << 10).ReadAll(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup"), out _);
        return text.IndexOf("/machine-qemu"u8) >= 0 || text.IndexOf(".libvirt-qemu"u8) >= 0;
    }
}
