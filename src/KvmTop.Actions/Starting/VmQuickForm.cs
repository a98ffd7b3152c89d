using System.Text;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>A definition from a few options: what <c>vm run</c> and <c>vm define</c> take instead of a file.</summary>
internal static class VmQuickForm
{
    private const string FormatKey = ",format=";

    /// <summary>The flags.</summary>
    public static readonly string[] Flags = ["--hugepages", "--vnc"];

    /// <summary>The options with a value.</summary>
    public static readonly string[] Options = ["--name", "--memory", "--vcpus", "--disk", "--iso", "--cpu", "--firmware", "--network", "--node", "--affinity", "--kernel", "--initrd", "--append"];

    /// <summary>Their help.</summary>
    public const string Help =
        """
          --memory SIZE     Its memory: 512M, 2G. Default: 2G.
          --vcpus N         Its vCPUs. Default: 2.
          --disk IMAGE,format=raw|qcow2
                            A disk, and its format, which is never guessed; more than once
                            for more.
          --iso FILE        A CD to boot from.
          --network TYPE    user (default), bridge:NAME, tap:NAME or none.
          --cpu MODEL       Default: host. As host,-arch-capabilities with features.
          --firmware WHICH  bios (default), uefi, or the path of an image.
          --kernel, --initrd FILE, --append TEXT
                            A kernel to boot, and its command line.
          --hugepages       Its memory is hugepages of the host's default size.
          --node N          Its memory comes from this NUMA node.
          --affinity LIST   Its threads may use these CPUs, as 0-3,8.
          --vnc             A screen, as VNC on a unix socket.
        """;

    /// <summary>The fields of the form on the screen, and the words that their values make.</summary>
    public static IReadOnlyList<ActionField> Fields { get; } =
    [
        new("Name", "letters, digits, '_', '.', '-'"),
        new("Memory", "512M, 2G, ..") { Initial = "2G" },
        new("vCPUs", "a number") { Initial = "2" },
        new("Image or ISO", "the path of an image, or of an .iso to boot from"),
        new("Format", "raw or qcow2; nothing for an .iso"),
    ];

    /// <summary>The words of what was typed into <see cref="Fields"/>.</summary>
    public static IReadOnlyList<string> Words(string action, IReadOnlyList<string> values) =>
    [
        .. action.Split(' '), "--name", values[0], "--memory", values[1], "--vcpus", values[2],
        .. values[3].Length == 0 ? Array.Empty<string>() : values[4].Length == 0 && IsIso(values[3]) ? ["--iso", values[3]]
            : ["--disk", values[4].Length == 0 ? values[3] : values[3] + FormatKey + values[4]],
    ];

    /// <summary>The definition; null, and what is wrong, when they make none. Goes by way of its text: one reader judges what may stand in a definition.</summary>
    public static VmDefinition? Read(ActionWords words, string? name, out string mistake)
    {
        name ??= words.Value("--name");
        mistake = "--name is missing";
        if (name is null)
            return null;
        if (VmDefinitionReader.Size(words.Value("--memory") ?? "2G") is not { } memory)
        {
            mistake = $"--memory: expected a size such as 512M or 2G, found {HostileText.Clean(words.Value("--memory")!, 40)}";
            return null;
        }

        if (!TryNumber(words.Value("--vcpus") ?? "2", out var vcpus) || !TryNumber(words.Value("--node") ?? "0", out var node))
        {
            mistake = "--vcpus and --node: expected a number";
            return null;
        }

        if (Network(words.Value("--network") ?? "user", out mistake) is not { } networks)
            return null;
        var disks = new List<VmDisk>();
        foreach (var typed in words.Values("--disk"))
        {
            if (Disk(typed, out mistake) is not { } disk)
                return null;
            disks.Add(disk);
        }

        disks.InsertRange(words.Values("--disk").Count > 0 ? 0 : disks.Count, words.Values("--iso").Select(i => new VmDisk(Full(i), "raw") { IsCdrom = true, ReadOnly = true, Cache = "writeback" }));
        var firmware = words.Value("--firmware") ?? "bios";
        var definition = new VmDefinition(name, memory, vcpus)
        {
            Cpu = words.Value("--cpu") ?? "host",
            Firmware = firmware is "bios" or "uefi" ? firmware : Full(firmware),
            Disks = disks,
            Networks = networks,
            HugepageBytes = words.Has("--hugepages") ? 0 : null,
            Node = words.Value("--node") is null ? null : node,
            Affinity = words.Value("--affinity"),
            Display = words.Has("--vnc") ? "vnc" : "none",
            Kernel = words.Value("--kernel") is { } kernel ? Full(kernel) : null,
            Initrd = words.Value("--initrd") is { } initrd ? Full(initrd) : null,
            Append = words.Value("--append"),
        };
        return VmDefinitionReader.Read(Encoding.UTF8.GetBytes(VmDefinitionText.Of(definition)), out mistake);
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out number);

    private static bool IsIso(string path) => path.EndsWith(".iso", StringComparison.OrdinalIgnoreCase);

    /// <summary>A path as typed, from the directory where it was typed.</summary>
    private static string Full(string path) => path.Contains('\0', StringComparison.Ordinal) || path.Length == 0 ? path : Path.GetFullPath(path);

    private static VmDisk? Disk(string typed, out string mistake)
    {
        var at = typed.LastIndexOf(FormatKey, StringComparison.Ordinal);
        var format = at < 0 ? "" : typed[(at + FormatKey.Length)..];
        mistake = "";
        if (format is "raw" or "qcow2")
            return new VmDisk(Full(typed[..at]), format);
        mistake = at < 0
            ? $"--disk: say the format too: {HostileText.Clean(typed, 100)}{FormatKey}raw or {FormatKey}qcow2; it is not taken from the image, where the guest may have written it"
            : $"--disk: expected format=raw or format=qcow2, found format={HostileText.Clean(format, 40)}";
        return null;
    }

    private static VmNetwork[]? Network(string text, out string mistake)
    {
        mistake = "";
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        switch (colon < 0 ? text : text[..colon])
        {
            case "none" when colon < 0:
                return [];
            case "user" when colon < 0:
                return [new VmNetwork("user")];
            case "bridge" or "tap" when colon > 0:
                return [new VmNetwork(text[..colon]) { Device = text[(colon + 1)..] }];
            default:
                mistake = $"--network: expected user, bridge:NAME, tap:NAME or none, found {HostileText.Clean(text, 40)}";
                return null;
        }
    }
}
