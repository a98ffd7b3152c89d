namespace KvmTop.Vmm;

/// <summary>
/// Takes a QEMU command line apart as QEMU does: options with one dash or two, some of which take the next argument whatever it looks like. Everything that looks for
/// options goes through here: a value that looks like an option ("-append -vnc") is none.
/// </summary>
public static class QemuArguments
{
    // No argument in any version that has or had them (qemu-options.hx from 0.9 on, and what Xen's and Debian's added).
    private static readonly HashSet<string> s_flags = new(StringComparer.Ordinal)
    {
        "?", "h", "help", "version", "S", "s", "snapshot", "usb", "nographic", "curses", "sdl", "gtk", "no-frame", "alt-grab", "ctrl-grab", "no-quit",
        "portrait", "full-screen", "win2k-hack", "rtc-td-hack", "no-fd-bootchk", "no-acpi", "no-hpet", "no-reboot", "no-shutdown", "daemonize",
        "enable-kvm", "no-kvm", "no-kvm-irqchip", "no-kvm-pit", "no-kvm-pit-reinjection", "mem-prealloc", "nodefaults", "no-user-config", "nodefconfig",
        "nouserconfig", "singlestep", "one-insn-per-tb", "only-migratable", "xen-attach", "xen-domid-restrict", "xen-create", "enable-fips", "old-param",
        "semihosting", "preconfig", "show-cursor", "enable-sync-profile", "localtime", "tdf", "perfmap", "jitdump", "no-hax", "enable-hax", "mlock",
        "audio-help", "std-vga", "cirrusvga", "vmwarevga", "virtfs_synth", "igd-passthru", "no-kqemu", "kernel-kqemu", "enable-kqemu", "vncunused", "acpi",
    };

    // These take one in every version; it may begin with a dash.
    private static readonly HashSet<string> s_valued = new(StringComparer.Ordinal)
    {
        "machine", "M", "cpu", "accel", "smp", "numa", "add-fd", "set", "global", "boot", "m", "mem-path", "k", "soundhw", "audio", "audiodev", "device", "name", "uuid",
        "fda", "fdb", "hda", "hdb", "hdc", "hdd", "hdachs", "cdrom", "blockdev", "drive", "mtdblock", "sd", "pflash", "fsdev", "virtfs", "iscsi", "usbdevice", "display",
        "spice", "rotate", "vga", "g", "vnc", "acpitable", "smbios", "netdev", "nic", "net", "tftp", "bootp", "smb", "redir", "chardev", "bt", "tpmdev", "bios", "kernel",
        "shim", "append", "initrd", "dtb", "compat", "fw_cfg", "serial", "parallel", "monitor", "qmp", "qmp-pretty", "mon", "debugcon", "pidfile", "overcommit", "realtime",
        "gdb", "d", "D", "dfilter", "seed", "L", "xen-domid", "loadvm", "option-rom", "rtc", "clock", "startdate", "icount", "watchdog", "watchdog-action", "action",
        "echr", "virtioconsole", "incoming", "chroot", "runas", "user", "prom-env", "semihosting-config", "tb-size", "sandbox", "readconfig", "writeconfig", "trace",
        "plugin", "run-with", "msg", "dump-vmstate", "object", "qtest", "qtest-log", "id", "balloon", "pcidevice", "nvram",
    };

    /// <summary>All options in their order, without their dashes. An option without an argument has the value null; an argument that belongs to none has the name "" (an image).</summary>
    /// <param name="args">All of it, argv[0] first.</param>
    public static IEnumerable<KeyValuePair<string, string?>> Read(IReadOnlyList<string> args)
    {
        for (var i = 1; i < args.Count; i++)
        {
            var arg = args[i];
            if (arg.Length < 2 || arg[0] != '-')
            {
                if (arg.Length > 0)
                    yield return KeyValuePair.Create("", (string?)arg);
                continue;
            }

            var name = arg[1] == '-' ? arg[2..] : arg[1..];
            yield return KeyValuePair.Create(name, i + 1 < args.Count && TakesNext(name, args[i + 1]) ? args[++i] : null);
        }
    }

    private static bool TakesNext(string option, string next) =>
        !s_flags.Contains(option) && (s_valued.Contains(option) || (option == "async-teardown"
            // None from 7.2 to 9.1; builds that give it one know these words.
            ? next is "on" or "off"
            // Of another version than these, or of somebody's own: most take one, and few of those begin with a dash.
            : !next.StartsWith('-')));
}
