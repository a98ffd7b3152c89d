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
    /// Finds it. A socket whose name says "kvmtop" was set aside for this program, whoever started the VM. Of the others none is taken that libvirt or another manager keeps
    /// for itself: a monitor serves one client at a time. Among several the first.
    /// </summary>
    /// <param name="host">The files.</param>
    /// <param name="pid">The VM.</param>
    /// <param name="description">Its command line.</param>
    /// <param name="user">Who it runs as, or null.</param>
    public static QmpTarget Find(HostRoot host, int pid, VmDescription description, string? user)
    {
        if (description.Vmm != VmmKind.Qemu)
            return Refuse("QMP: only QEMU has it");
        foreach (var endpoint in description.Qmp)
        {
            if (IsSocket(endpoint) && IsOurs(endpoint))
                return Locate(pid, endpoint.Address);
        }

        if (description.LibvirtOwned || user == "libvirt-qemu" || IsLibvirtMachine(host, pid))
            return Refuse("QMP: owned by libvirt");
        if (description.Qmp.Count == 0)
            return Refuse("QMP: the VM has no monitor (-qmp unix:PATH,server=on,wait=off)");

        string? owner = null;
        foreach (var endpoint in description.Qmp)
        {
            if (!IsSocket(endpoint))
                continue;
            if (QmpOwners.Of(Absolute(host, pid, endpoint.Address)) is not { } known)
                return Locate(pid, endpoint.Address);
            owner ??= known;
        }

        return Refuse(owner is not null ? $"QMP: owned by {owner}" : description.Qmp[0] switch
        {
            { Transport: QmpTransport.Descriptor } => "QMP: its monitor is a descriptor that somebody else holds",
            { Transport: QmpTransport.Tcp } => "QMP: its monitor is on TCP, where nobody can tell who answers",
            _ => "QMP: its monitor connects to somebody else",
        });
    }

    private static QmpTarget Locate(int pid, string path)
    {
        if (path.StartsWith('@'))
            return new QmpTarget([path], null);

        // Seen through the process itself, which may have a file system of its own. Without the right to look through it there is the path as it stands: whose
        // socket that is, is checked in any case.
        var process = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/");
        return new QmpTarget(path.StartsWith('/') ? [process + "root" + path, path] : [process + "cwd/" + path], null);
    }

    private static string Absolute(HostRoot host, int pid, string path)
    {
        if (path.StartsWith('/') || path.StartsWith('@'))
            return path;
        Span<byte> folder = stackalloc byte[1024];
        return host.ReadLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cwd"), folder, out var length) == Errno.None
            ? Encoding.UTF8.GetString(folder[..length]) + "/" + path
            : path;
    }

    private static bool IsSocket(QmpEndpoint endpoint) => endpoint is { Transport: QmpTransport.Unix, IsServer: true };

    private static bool IsOurs(QmpEndpoint endpoint) => endpoint.Address[(endpoint.Address.LastIndexOf('/') + 1)..].Contains("kvmtop", StringComparison.OrdinalIgnoreCase);

    private static QmpTarget Refuse(string reason) => new([], reason);

    // "machine-qemu\x2d1\x2dname.scope" with systemd, "name.libvirt-qemu" without.
    private static bool IsLibvirtMachine(HostRoot host, int pid)
    {
        var text = new ReadBuffer(1024, 64 << 10).ReadAll(host, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup"), out _);
        return text.IndexOf("/machine-qemu"u8) >= 0 || text.IndexOf(".libvirt-qemu"u8) >= 0;
    }
}
