namespace KvmTop.Vmm;

/// <summary>
/// Nodes of QEMU's block graph by their drivers: filters (throttle, copy-on-read) stand above the format (qcow2, raw), the format above a protocol that holds the data (a file, a device,
/// a server).
/// </summary>
internal static class BlockDrivers
{
    /// <summary>True for a node that changes nothing of what is stored.</summary>
    public static bool IsFilter(string? driver) => driver is "throttle" or "copy-on-read" or "blkdebug" or "blkverify" or "blklogwrites" or "blkreplay" or "compress" or "preallocate"
        or "copy-before-write" or "backup-top" or "mirror_top" or "commit_top" or "quorum" or "snapshot-access" or "replication";

    /// <summary>True for a node that reaches the data itself.</summary>
    public static bool IsProtocol(string? driver) => driver is "file" or "host_device" or "host_cdrom" or "nbd" or "rbd" or "iscsi" or "nfs" or "http" or "https" or "ftp" or "ftps" or "ssh"
        or "gluster" or "sheepdog" or "nvme" or "vvfat" or "null-co" or "null-aio" or "io_uring" or "nvme-io_uring" or "virtio-blk-vfio-pci" or "virtio-blk-vhost-user" or "virtio-blk-vhost-vdpa";

    /// <summary>The key under which a node has the one below it.</summary>
    public static string ChildOf(string? driver) => driver switch
    {
        "blkdebug" => "image",
        "blkverify" => "test",
        "quorum" => "children.0",
        _ => "file",
    };

    /// <summary>Where a protocol finds its data, in short ("rbd:pool/image"); null for one that does not say, or is no protocol.</summary>
    /// <param name="driver">The protocol.</param>
    /// <param name="get">Its keys ("server.host").</param>
    public static string? Address(string? driver, Func<string, string?> get) => get("filename") is { } file ? Short(file) : driver switch
    {
        "rbd" => "rbd:" + get("pool") + "/" + (get("namespace") is { } space ? space + "/" : "") + get("image"),
        "nbd" => "nbd:" + (get("server.path") ?? get("path") ?? Host(get)) + "/" + get("export"),
        "http" or "https" or "ftp" or "ftps" => get("url"),
        "iscsi" => "iscsi:" + get("target") + (get("lun") is { } lun and not "0" ? "/" + lun : ""),
        "nfs" => "nfs:" + get("server.host") + get("path"),
        "ssh" => "ssh:" + Host(get) + ":" + get("path"),
        "gluster" => "gluster:" + (get("server.0.host") ?? get("server.0.path")) + "/" + get("volume") + "/" + get("path"),
        "nvme" => "nvme:" + get("device") + "/" + get("namespace"),
        "vvfat" => get("dir"),
        "virtio-blk-vhost-user" or "virtio-blk-vhost-vdpa" or "virtio-blk-vfio-pci" or "nvme-io_uring" => get("path"),
        "null-co" or "null-aio" => "null",
        _ => null,
    };

    /// <summary>A file name as QEMU takes it, without what follows the image: "rbd:pool/image:id=admin:key=.." has a key in it, which is nobody's to see.</summary>
    public static string Short(string file)
    {
        if (!file.StartsWith("rbd:", StringComparison.Ordinal))
            return file;

        for (var i = "rbd:".Length; i < file.Length; i++)
        {
            if (file[i] == ':' && file[i - 1] != '\\')
                return file[..i];
        }

        return file;
    }

    private static string? Host(Func<string, string?> get)
    {
        var (host, port) = (get("server.host") ?? get("host"), get("server.port") ?? get("port"));
        return port is null || port == "10809" ? host : host + ":" + port;
    }
}
