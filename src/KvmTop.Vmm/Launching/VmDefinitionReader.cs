using System.Globalization;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>
/// Reads a definition strictly: what is not understood is a mistake, never passed over, for it would start another machine than was meant. The text is hostile as any
/// file is: bounded, no control characters, no paths with "..", nothing that QEMU would take for an option of its own.
/// </summary>
public static class VmDefinitionReader
{
    /// <summary>No definition is larger, in bytes.</summary>
    public const int LargestFile = 256 << 10;

    private const int MostVcpus = 4096;
    private const int LongestName = 50;
    private const ulong LeastMemory = 1 << 20;

    /// <summary>Reads a definition. Null, with the mistake, when it is none: "KEY: what was expected, what was found".</summary>
    public static VmDefinition? Read(ReadOnlySpan<byte> text, out string mistake)
    {
        mistake = "";
        if (text.Length > LargestFile)
        {
            mistake = "the file: larger than 256 KiB";
            return null;
        }

        try
        {
            var bytes = text.StartsWith("\uFEFF"u8) ? text[3..].ToArray() : text.ToArray();
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 4 + VmImage.Deepest, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Read(new DefinitionFields("", document.RootElement));
        }
        catch (DefinitionMistakeException e)
        {
            mistake = e.Message;
        }
        catch (JsonException e)
        {
            mistake = string.Create(CultureInfo.InvariantCulture, $"line {e.LineNumber + 1}: this is no JSON");
        }
        catch (InvalidOperationException)
        {
            // A key that escapes half a surrogate pair.
            mistake = "the file: a key is no valid text";
        }

        return null;
    }

    /// <summary>Why a text cannot name a VM; null when it can.</summary>
    public static string? NameFault(string name)
    {
        var shown = HostileText.Clean(name, 40);
        return name.StartsWith('-') ? $"{shown} looks like an option"
            : name.Length is 0 or > LongestName ? string.Create(CultureInfo.InvariantCulture, $"expected 1 to {LongestName} characters")
            : !char.IsAsciiLetterOrDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
                ? $"expected letters, digits, '_', '.' and '-', a letter or digit first, found {shown}"
            : null;
    }

    /// <summary>Why a text cannot be the path of a file here; null when it can.</summary>
    public static string? PathFault(string path) =>
        HasControl(path) ? "control characters and line ends are not allowed"
        : !path.StartsWith('/') ? $"expected an absolute path, found {HostileText.Clean(path, 60)}"
        : path.Split('/').Contains("..") ? $"'..' is not allowed in {HostileText.Clean(path, 60)}"
        : IsDescriptor(path) ? $"expected a file, found {HostileText.Clean(path, 60)}"
        : null;

    /// <summary>A size such as 512M or 2G; null when it is none. A number without a unit is refused: QEMU's MiB and the kernel's bytes are too easily mistaken.</summary>
    public static ulong? Size(string text) =>
        text.Length > 1 && char.ToUpperInvariant(text[^1]) is 'K' or 'M' or 'G' or 'T' && MemorySize.Parse(text, 'B') is { } bytes and < 1UL << 52 ? bytes : null;

    /// <summary>Paths that mean a descriptor of whoever opens them.</summary>
    private static bool IsDescriptor(string path)
    {
        var plain = path;
        while (plain.Contains("//", StringComparison.Ordinal) || plain.Contains("/./", StringComparison.Ordinal))
            plain = plain.Replace("//", "/", StringComparison.Ordinal).Replace("/./", "/", StringComparison.Ordinal);
        return plain.StartsWith("/dev/fd", StringComparison.Ordinal) || plain.StartsWith("/dev/std", StringComparison.Ordinal) || plain.StartsWith("/proc/", StringComparison.Ordinal);
    }

    internal static bool HasControl(string text) => text.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029');

    private static VmDefinition Read(DefinitionFields fields)
    {
        var name = fields.Text("name") ?? throw new DefinitionMistakeException("name", "it is missing");
        if (NameFault(name) is { } fault)
            throw new DefinitionMistakeException("name", fault);
        var memory = Memory(fields);
        var vcpus = fields.Number("vcpus", 1, MostVcpus) ?? throw new DefinitionMistakeException("vcpus", "it is missing");
        var uuid = fields.Text("uuid");
        Guid id = default;
        if (uuid is not null && !Guid.TryParseExact(uuid, "D", out id))
            throw new DefinitionMistakeException("uuid", $"expected a UUID, found {HostileText.Clean(uuid, 60)}");

        var definition = new VmDefinition(name, memory, vcpus)
        {
            Uuid = uuid is null ? null : id,
            Cpu = Word(fields, "cpu", ",+=-._") ?? "host",
            Machine = Word(fields, "machine", ",=-._"),
            Firmware = Firmware(fields),
            Disks = [.. fields.List("disks", 64).Select(d => Disk(new DefinitionFields(d.Where, d.Value)))],
            Networks = [.. fields.List("networks", 32).Select(n => Network(new DefinitionFields(n.Where, n.Value)))],
            HugepageBytes = Hugepages(fields),
            Prealloc = fields.Flag("prealloc") ?? false,
            Node = fields.Number("node", 0, 1023),
            Affinity = Cpus(fields),
            Display = fields.OneOf("display", "none", "vnc") ?? "none",
            Kernel = fields.Path("kernel"),
            Initrd = fields.Path("initrd"),
            Append = fields.Text("append", 4096),
            Arguments = Arguments(fields),
        };
        fields.Finish();
        Agree(definition);
        return definition;
    }

    private static ulong Memory(DefinitionFields fields)
    {
        var text = fields.Text("memory") ?? throw new DefinitionMistakeException("memory", "it is missing");
        return Size(text) is { } bytes and >= LeastMemory && bytes % (1 << 20) == 0 ? bytes
            : throw new DefinitionMistakeException("memory", $"expected a size in whole MiB such as \"2G\" or \"512M\", found {HostileText.Clean(text, 40)}");
    }

    private static ulong? Hugepages(DefinitionFields fields)
    {
        if (fields.Any("hugepages") is not { } value)
            return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.ValueKind == JsonValueKind.True ? 0 : null;
        return value.ValueKind == JsonValueKind.String && Size(DefinitionFields.Item("hugepages", value, 20)) is { } size && ulong.IsPow2(size) ? size
            : throw fields.Wrong("hugepages", "true, false, or the size of a page such as \"2M\" or \"1G\"", value);
    }

    private static string? Cpus(DefinitionFields fields)
    {
        var text = fields.Text("affinity");
        return text is null || (Linux.CpuSet.TryParse(text, out var cpus) && cpus.Count > 0) ? text
            : throw new DefinitionMistakeException("affinity", $"expected a list of CPUs such as \"0-3,8\", found {HostileText.Clean(text, 40)}");
    }

    private static string Firmware(DefinitionFields fields)
    {
        var text = fields.Text("firmware") ?? "bios";
        return text is "bios" or "uefi" || PathFault(text) is null ? text
            : throw new DefinitionMistakeException("firmware", $"expected bios, uefi or an absolute path, found {HostileText.Clean(text, 60)}");
    }

    private static string? Word(DefinitionFields fields, string key, string more)
    {
        var text = fields.Text(key, 1000);
        return text is null || (char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || more.Contains(c, StringComparison.Ordinal))) ? text
            : throw new DefinitionMistakeException(fields.Where(key), $"expected letters, digits and {string.Join(' ', more.ToCharArray())}, found {HostileText.Clean(text, 60)}");
    }

    private static VmDisk Disk(DefinitionFields fields)
    {
        var path = fields.Path("path") ?? throw new DefinitionMistakeException(fields.Where("path"), "it is missing");
        var cdrom = fields.OneOf("media", "disk", "cdrom") == "cdrom";
        var format = fields.OneOf("format", "raw", "qcow2") ?? (cdrom ? "raw" : throw new DefinitionMistakeException(fields.Where("format"), "it is missing: raw or qcow2"));
        var (backing, dataFile) = Below(fields, format, VmImage.Deepest);
        var disk = new VmDisk(path, format)
        {
            Backing = backing,
            DataFile = dataFile,
            Cache = fields.OneOf("cache", "none", "writeback", "writethrough", "directsync", "unsafe") ?? (cdrom ? "writeback" : "none"),
            Aio = fields.OneOf("aio", "threads", "native", "io_uring"),
            Bus = fields.OneOf("bus", "virtio", "scsi", "sata", "nvme"),
            ReadOnly = fields.Flag("readonly") ?? cdrom,
            IsCdrom = cdrom,
        };
        fields.Finish();
        return disk switch
        {
            { Aio: "native", IsDirect: false } => throw new DefinitionMistakeException(fields.Where("aio"), "native goes with cache none or directsync only"),
            { IsCdrom: true, Bus: "virtio" or "nvme" } => throw new DefinitionMistakeException(fields.Where("bus"), "a CD goes with sata or scsi"),
            { IsCdrom: true, ReadOnly: false } => throw new DefinitionMistakeException(fields.Where("readonly"), "a CD cannot be written"),
            { ReadOnly: true, IsCdrom: false, Bus: "sata" } => throw new DefinitionMistakeException(fields.Where("bus"), "a disk on sata cannot be read-only"),
            _ => disk,
        };
    }

    /// <summary>What else of files belongs to an image.</summary>
    private static (VmImage? Backing, string? DataFile) Below(DefinitionFields fields, string format, int most)
    {
        var dataFile = fields.Path("data-file");
        VmImage? backing = null;
        if (fields.Any("backing") is { } value)
        {
            var inner = new DefinitionFields(fields.Where("backing"), value);
            if (most <= 1)
                throw new DefinitionMistakeException(fields.Where("backing"), string.Create(CultureInfo.InvariantCulture, $"expected {VmImage.Deepest} images one over the other at most"));
            var path = inner.Path("path") ?? throw new DefinitionMistakeException(inner.Where("path"), "it is missing");
            var its = inner.OneOf("format", "raw", "qcow2") ?? throw new DefinitionMistakeException(inner.Where("format"), "it is missing: raw or qcow2");
            var (below, data) = Below(inner, its, most - 1);
            inner.Finish();
            backing = new VmImage(path, its) { Backing = below, DataFile = data };
        }

        return format == "qcow2" || (backing is null && dataFile is null) ? (backing, dataFile)
            : throw new DefinitionMistakeException(fields.Where(backing is not null ? "backing" : "data-file"), "it goes with format qcow2 only");
    }

    private static VmNetwork Network(DefinitionFields fields)
    {
        var type = fields.OneOf("type", "user", "tap", "bridge") ?? throw new DefinitionMistakeException(fields.Where("type"), "it is missing: user, tap or bridge");
        var device = fields.Text("device");
        if (device is not null && (device.Length > 15 || !char.IsAsciiLetterOrDigit(device[0]) || !device.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')))
            throw new DefinitionMistakeException(fields.Where("device"), $"expected the name of a network device, found {HostileText.Clean(device, 40)}");
        if (device is null == (type != "user"))
            throw new DefinitionMistakeException(fields.Where("device"), type == "user" ? "type user has none" : $"it is missing: the name of the {type}");
        var mac = fields.Text("mac");
        if (mac is not null && !IsMac(mac))
            throw new DefinitionMistakeException(fields.Where("mac"), $"expected an address such as 52:54:00:12:34:56, not of a group, found {HostileText.Clean(mac, 40)}");
        var network = new VmNetwork(type)
        {
            Device = device,
            Mac = mac,
            Model = fields.OneOf("model", "virtio", "e1000", "e1000e", "rtl8139") ?? "virtio",
            Queues = fields.Number("queues", 1, 256) ?? 1,
            Vhost = fields.Flag("vhost"),
            Forwards = [.. fields.List("forward", 64).Select(f => Forward(f.Where, DefinitionFields.Item(f.Where, f.Value, 40)))],
        };
        fields.Finish();
        if (network.Queues > 1 && network is not { Type: "tap", Model: "virtio" })
            throw new DefinitionMistakeException(fields.Where("queues"), "more than one goes with type tap and model virtio only");
        if (network.Vhost == true && network is not { Type: "tap", Model: "virtio" })
            throw new DefinitionMistakeException(fields.Where("vhost"), "it goes with type tap and model virtio only");
        return network.Forwards.Count > 0 && type != "user" ? throw new DefinitionMistakeException(fields.Where("forward"), "it goes with type user only") : network;
    }

    private static VmForward Forward(string where, string text)
    {
        var slash = text.Split('/');
        var ports = slash[0].Split(':');
        return slash.Length <= 2 && ports.Length == 2 && Port(ports[0]) is { } host && Port(ports[1]) is { } guest && (slash.Length == 1 || slash[1] is "tcp" or "udp")
            ? new VmForward(slash.Length == 1 ? "tcp" : slash[1], host, guest)
            : throw new DefinitionMistakeException(where, $"expected HOST:GUEST or HOST:GUEST/udp, found {HostileText.Clean(text, 40)}");
    }

    private static int? Port(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536 ? port : null;

    private static bool IsMac(string text) =>
        text.Split(':') is { Length: 6 } parts && parts.All(p => p.Length == 2 && p.All(char.IsAsciiHexDigit)) && (Convert.ToByte(parts[0], 16) & 1) == 0;

    private static List<string> Arguments(DefinitionFields fields)
    {
        var words = new List<string>();
        foreach (var item in fields.List("arguments", 256))
            words.Add(DefinitionFields.Item(item.Where, item.Value, 4096));
        return ExtraArguments.Fault(words, out var at) is { } fault ? throw new DefinitionMistakeException(string.Create(CultureInfo.InvariantCulture, $"arguments[{at}]"), fault) : words;
    }

    private static void Agree(VmDefinition definition)
    {
        if (definition is { Kernel: null } and ({ Initrd: not null } or { Append: not null }))
            throw new DefinitionMistakeException(definition.Initrd is not null ? "initrd" : "append", "it goes with kernel only");
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var disk in definition.Disks)
        {
            if (!paths.Add(disk.Path) && !disk.ReadOnly)
                throw new DefinitionMistakeException("disks", $"{HostileText.Clean(disk.Path, 100)} is there twice");
        }
    }
}
