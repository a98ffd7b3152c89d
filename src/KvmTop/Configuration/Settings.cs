using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;

namespace KvmTop.Configuration;

/// <summary>All settings. A new one is one entry here and one property of <see cref="Options"/>.</summary>
public static class Settings
{
    private const string Display = "Display";
    private const string BatchOutput = "Batch output";
    private const string Sources = "Sources";
    private const string General = "General";

    /// <summary>The settings in the order in which help and setup screen show them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Number("delay", 'd', General, "SECONDS", "Time between two samples.", "a number of seconds", 0.1, 3600,
            (o, v) => o with { Delay = TimeSpan.FromSeconds(v) }, o => o.Delay.TotalSeconds, inSetup: true),
        Integer("iterations", 'n', General, "N", "Leave after N records or screen updates.", 1, int.MaxValue, SettingScope.Run,
            (o, v) => o with { Iterations = v }, o => o.Iterations),
        Flag("read-only", null, General, "Never change the host: all actions are disarmed.", SettingScope.All,
            (o, v) => o with { ReadOnly = v }, o => o.ReadOnly, inSetup: true),
        new()
        {
            Id = "config", Group = General, Kind = SettingKind.File, ValueName = "FILE", Scope = SettingScope.Run,
            Help = "Read this configuration file instead of the usual ones; it must exist.", Expected = "the name of a file",
            Set = (o, text) => IsPath(text) ? o with { ConfigFile = text } : null,
            Get = o => o.ConfigFile ?? "",
        },

        new()
        {
            Id = "sort", Group = Display, Kind = SettingKind.Text, ValueName = "METRIC", InSetup = true,
            Help = "Sort by this figure: numbers from the largest down, words from A to Z; a minus in front reverses it, as in --sort=-name.",
            Expected = "the name of a figure, with a minus in front to reverse the order",
            Set = (o, text) => SortSpec.TryParse(text, out _) ? o with { Sort = text } : null,
            Get = o => o.Sort,
        },
        new()
        {
            Id = "filter", Group = Display, Kind = SettingKind.Text, ValueName = "EXPR", InSetup = true,
            Help = "Show only the rows that match: a text, or comparisons such as 'rdy>5 and mem>=4G' or 'name~web or state=paused'.",
            Expected = "a filter such as rdy>5 and name~web",
            Set = (o, text) => text.Length == 0 || FilterExpression.TryParse(text, out _, out _) ? o with { Filter = text } : null,
            Get = o => o.Filter,
            Explain = text => FilterExpression.TryParse(text, out _, out var error) ? null : error.ToString(),
        },
        new()
        {
            Id = "columns", Group = Display, Kind = SettingKind.List, ValueName = "LIST", InSetup = true,
            Help = "Show these figures, in this order, with commas between them.", Expected = "names of figures with commas between them",
            Set = (o, text) => ParseList(text) is { } list ? o with { Columns = list } : null,
            Get = o => string.Join(',', o.Columns),
        },
        new()
        {
            Id = "theme", Group = Display, Kind = SettingKind.Text, ValueName = "NAME", InSetup = true,
            Help = "Colours of the screen.", Expected = "the name of a theme: letters, digits, - and _",
            Set = (o, text) => IsThemeName(text) ? o with { Theme = text } : null,
            Get = o => o.Theme,
        },
        Flag("no-color", null, Display, "Draw without colours, as with NO_COLOR in the environment.", SettingScope.All,
            (o, v) => o with { NoColor = v }, o => o.NoColor, inSetup: true),
        Flag("ascii", null, Display, "Draw with ASCII characters only.", SettingScope.All,
            (o, v) => o with { Ascii = v }, o => o.Ascii, inSetup: true),
        Flag("no-mouse", null, Display, "Leave the mouse to the terminal.", SettingScope.All,
            (o, v) => o with { NoMouse = v }, o => o.NoMouse, inSetup: true),

        Flag("batch", 'b', BatchOutput, "Print records to standard output instead of drawing a screen.", SettingScope.Run,
            (o, v) => o with { Batch = v }, o => o.Batch),
        Choice("output", 'o', BatchOutput, "FORMAT", "Format of the records: text, json or csv. On the command line it implies --batch.", ["text", "json", "csv"],
            (o, i) => o with { Output = (OutputFormat)i }, o => (int)o.Output),
        Flag("once", null, BatchOutput, "Print one record and leave: --batch --iterations 1.", SettingScope.Run,
            (o, v) => o with { Once = v }, o => o.Once),
        Choice("table", null, BatchOutput, "TABLE", "Rows of text and CSV: vms, vcpus or host.", ["vms", "vcpus", "host"],
            (o, i) => o with { Table = (OutputTable)i }, o => (int)o.Table),

        Directory("root", Sources, "Read a captured host below this directory instead of the running one.",
            (o, v) => o with { Root = v }, o => o.Root),
        Directory("path.procfs", Sources, "Where procfs is mounted.", (o, v) => o with { PathProcfs = v }, o => o.PathProcfs ?? ""),
        Directory("path.sysfs", Sources, "Where sysfs is mounted.", (o, v) => o with { PathSysfs = v }, o => o.PathSysfs ?? ""),
        Choice("stats-fds", null, Sources, "WHEN", "Read KVM's counters from duplicates of the VMM's statistics descriptors: auto where the kernel is known to be safe for it (6.5, 6.4.8, 6.1.43, 5.15.124), always or never.",
            ["auto", "always", "never"], (o, i) => o with { StatsFds = (StatsFdUse)i }, o => (int)o.StatsFds),
        new()
        {
            Id = "libvirt-uri", Group = Sources, Kind = SettingKind.Text, ValueName = "URI",
            Help = "The libvirt of this machine to ask, read-only: auto for the system's (for a user, his session's where one runs), a URI such as qemu:///session, or off.",
            Expected = "auto, off or the URI of a libvirt on this machine (qemu:///system, qemu:///session, qemu+unix:///system?socket=PATH)",
            Set = (o, text) => text is Vmm.LibvirtTarget.Automatic or Vmm.LibvirtTarget.Off || Vmm.LibvirtTarget.IsLocal(text) ? o with { LibvirtUri = text } : null,
            Get = o => o.LibvirtUri,
        },
        Choice("qmp", null, Sources, "WHEN", "Ask QEMU's monitors (QMP) for state, disks, balloon and events: auto where nobody else keeps the monitor for itself, or off.",
            ["auto", "off"], (o, i) => o with { Qmp = (QmpUse)i }, o => (int)o.Qmp),
        Flag("demo", null, Sources, "Show a simulated host; needs no privilege and no VMs.", SettingScope.Run,
            (o, v) => o with { Demo = v }, o => o.Demo),
        Integer("vms", null, Sources, "N", "VMs of the simulated host.", 1, 100_000, SettingScope.Run, (o, v) => o with { Vms = v }, o => o.Vms),
        Integer("vcpus", null, Sources, "N", "vCPUs of each simulated VM.", 1, 4096, SettingScope.Run, (o, v) => o with { Vcpus = v }, o => o.Vcpus),
    ];

    /// <summary>The setting with this key, or null.</summary>
    public static Setting? Find(string id)
    {
        // Two dozen: a dictionary costs more to build at every start than it saves.
        foreach (var setting in All)
        {
            if (setting.Id == id)
            {
                return setting;
            }
        }

        return null;
    }

    /// <summary>The setting with this key; a key that does not exist is a defect of the caller.</summary>
    public static Setting Of(string id) => Find(id) ?? throw new ArgumentException($"there is no setting {id}", nameof(id));

    private static Setting Flag(string id, char? letter, string group, string help, SettingScope scope, Func<Options, bool, Options> set, Func<Options, bool> get,
        bool inSetup = false) => new()
    {
        Id = id, Letter = letter, Group = group, Help = help, Kind = SettingKind.Flag, Scope = scope, InSetup = inSetup, Expected = "true or false",
        Set = (o, text) => ParseFlag(text) is { } v ? set(o, v) : null,
        Get = o => get(o) ? "true" : "false",
    };

    private static Setting Integer(string id, char? letter, string group, string valueName, string help, int minimum, int maximum, SettingScope scope,
        Func<Options, int, Options> set, Func<Options, int?> get) => new()
    {
        Id = id, Letter = letter, Group = group, ValueName = valueName, Help = help, Kind = SettingKind.Integer, Minimum = minimum, Maximum = maximum, Scope = scope,
        Expected = maximum == int.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"a whole number, {minimum} or more") : string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum} to {maximum}"),
        Set = (o, text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var v) && v >= minimum && v <= maximum ? set(o, v) : null,
        Get = o => get(o)?.ToString(CultureInfo.InvariantCulture) ?? "",
    };

    private static Setting Number(string id, char? letter, string group, string valueName, string help, string what, double minimum, double maximum,
        Func<Options, double, Options> set, Func<Options, double> get, bool inSetup) => new()
    {
        Id = id, Letter = letter, Group = group, ValueName = valueName, Help = help, Kind = SettingKind.Number, Minimum = minimum, Maximum = maximum, InSetup = inSetup,
        Expected = string.Create(CultureInfo.InvariantCulture, $"{what} from {minimum} to {maximum}"),
        Set = (o, text) => double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var v)
            && v >= minimum && v <= maximum ? set(o, v) : null,
        Get = o => get(o).ToString("R", CultureInfo.InvariantCulture),
    };

    // The words stand in the order of the enumeration's values: names of enumerations by reflection cost milliseconds at every start.
    private static Setting Choice(string id, char? letter, string group, string valueName, string help, string[] words, Func<Options, int, Options> set, Func<Options, int> get) => new()
    {
        Id = id, Letter = letter, Group = group, ValueName = valueName, Help = help, Kind = SettingKind.Choice, Allowed = words,
        Expected = string.Join(", ", words, 0, words.Length - 1) + " or " + words[^1],
        Set = (o, text) => Array.IndexOf(words, text) is >= 0 and var i ? set(o, i) : null,
        Get = o => words[get(o)],
    };

    private static Setting Directory(string id, string group, string help, Func<Options, string, Options> set, Func<Options, string> get) => new()
    {
        Id = id, Group = group, ValueName = "DIR", Help = help, Kind = SettingKind.Directory, Expected = "a directory that exists",
        Set = (o, text) => IsPath(text) && System.IO.Directory.Exists(text) ? set(o, text) : null,
        Get = get,
    };

    private static bool? ParseFlag(string text) => text switch
    {
        "true" or "True" or "1" or "yes" or "on" => true,
        "false" or "False" or "0" or "no" or "off" => false,
        _ => null,
    };

    private static string[]? ParseList(string text)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.All(IsName) ? names : null;
    }

    private static bool IsPath(string text) => text.Length is > 0 and < 4096 && !text.Contains('\0', StringComparison.Ordinal);

    // A theme becomes a file name: it must not lead out of the themes' directory.
    private static bool IsThemeName(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    // Figures may be called by their headings too: "RDY%", "EXITS/s".
    private static bool IsName(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '%' or '/');
}
