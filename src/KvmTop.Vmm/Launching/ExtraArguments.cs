namespace KvmTop.Vmm;

/// <summary>
/// What a definition's <c>arguments</c> may not say: what would take the machine out of this program's hands, what brings such a thing back in another way, and images whose
/// format or further files QEMU would take from the image itself, where a guest may have written them.
/// </summary>
public static class ExtraArguments
{
    private const string Owned = "kvmtop sees to it, or could not look after the VM";
    private const string Disks = "QEMU would take its format from the image, where a guest may have written it; say it under disks";

    // QEMU knows its options by their whole name, after one dash or two, and never by "=".
    private static readonly string[] s_owned =
    [
        "name", "uuid", "daemonize", "pidfile", "D", "sandbox", "chroot", "run-with", "runas", "incoming", "loadvm", "S", "preconfig", "snapshot",
        "qmp", "qmp-pretty", "mon", "monitor", "readconfig", "writeconfig", "set", "add-fd", "help", "h", "version", "xen-attach", "xen-domid-restrict", "nographic",
    ];

    private static readonly string[] s_disks = ["hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd", "mtdblock", "pflash", "usbdevice"];

    // Those that take no word after them; all others take one.
    private static readonly string[] s_alone =
    [
        "mem-prealloc", "usb", "full-screen", "win2k-hack", "no-fd-bootchk", "s", "enable-kvm", "no-reboot", "no-shutdown", "only-migratable", "nodefaults", "no-user-config",
        "enable-sync-profile", "perfmap", "jitdump", "no-acpi", "no-hpet", "singlestep", "semihosting", "old-param", "no-quit", "alt-grab", "ctrl-grab", "no-frame", "curses", "portrait",
    ];

    // What a raw -drive may say: nothing that names another file.
    private static readonly string[] s_driveKeys = ["if", "format", "file", "readonly", "read-only", "index", "unit", "bus", "id", "media", "cache", "aio", "discard", "detect-zeroes", "werror", "rerror"];

    // Formats that have tables of their own, which may name other files.
    private static readonly string[] s_formats = ["qcow", "qed", "vmdk", "vhdx", "vpc", "vdi", "parallels", "bochs", "cloop", "dmg", "luks", "snapshot-access", "\"backing\"", "backing=", "json:"];

    /// <summary>What is wrong with the words, and which of them; null when they may stand.</summary>
    public static string? Fault(IReadOnlyList<string> words, out int at)
    {
        for (at = 0; at < words.Count; at++)
        {
            if (!words[at].StartsWith('-'))
                return $"{HostileText.Clean(words[at], 60)} follows no option, so QEMU would take it for an image";
            var option = words[at].TrimStart('-');
            if (Has(s_owned, option))
                return $"{HostileText.Clean(words[at], 60)} is not allowed: {Owned}";
            if (Has(s_disks, option))
                return $"{HostileText.Clean(words[at], 60)} is not allowed: {Disks}";
            if (Has(s_alone, option))
                continue;
            if (at + 1 >= words.Count || words[at + 1].StartsWith('-'))
                return $"{HostileText.Clean(words[at], 60)}: expected a word after it that does not begin with '-'";
            var value = words[++at];
            var fault = option switch { "drive" => DriveFault(value), "blockdev" => NodeFault(value), _ => null };
            if (fault is not null)
                return $"{HostileText.Clean(words[at - 1], 60)} {HostileText.Clean(value, 60)}: {fault}";
        }

        return null;
    }

    /// <summary>The files of the -drive options among them; for the plan.</summary>
    public static IEnumerable<string> Files(IReadOnlyList<string> words)
    {
        for (var i = 0; i + 1 < words.Count; i++)
        {
            if (words[i].TrimStart('-') != "drive")
                continue;
            foreach (var (key, value) in Fields(words[i + 1]))
            {
                if (key == "file")
                    yield return value;
            }
        }
    }

    private static string? DriveFault(string text)
    {
        var isRaw = false;
        foreach (var (key, value) in Fields(text))
        {
            if (!Has(s_driveKeys, key) && !key.StartsWith("throttling.", StringComparison.Ordinal))
                return $"{HostileText.Clean(key, 40)} is not allowed there; say it under disks";
            if (key == "file" && VmDefinitionReader.PathFault(value) is { } fault)
                return $"file: {fault}";
            isRaw = key == "format" ? value == "raw" : isRaw;
        }

        return isRaw ? null : "format=raw is missing: " + Disks;
    }

    private static string? NodeFault(string text)
    {
        // An escape could spell any of them.
        if (text.Contains('\\', StringComparison.Ordinal))
            return "'\\' is not allowed there";
        foreach (var format in s_formats)
        {
            if (text.Replace(" ", "", StringComparison.Ordinal).Contains(format, StringComparison.Ordinal))
                return "only nodes without tables of their own may stand there; say images under disks";
        }

        return null;
    }

    /// <summary>QEMU's list of key=value, where a comma in a value is doubled.</summary>
    private static IEnumerable<(string Key, string Value)> Fields(string text)
    {
        foreach (var field in text.Replace(",,", "\0", StringComparison.Ordinal).Split(','))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            yield return equals < 0 ? (field, "on") : (field[..equals], field[(equals + 1)..].Replace('\0', ','));
        }
    }

    private static bool Has(string[] list, string word) => Array.IndexOf(list, word) >= 0;
}
