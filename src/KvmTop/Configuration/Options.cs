using KvmTop.Collectors;
using KvmTop.Text;

namespace KvmTop.Configuration;

/// <summary>How the batch printer writes its records.</summary>
public enum OutputFormat
{
    /// <summary>Aligned columns.</summary>
    Text,

    /// <summary>One JSON object per line.</summary>
    Json,

    /// <summary>Comma-separated values with a heading.</summary>
    Csv,
}

/// <summary>Which rows text and CSV are about.</summary>
public enum OutputTable
{
    /// <summary>One row for each virtual machine.</summary>
    Vms,

    /// <summary>One row for each virtual CPU.</summary>
    Vcpus,

    /// <summary>One row for the host.</summary>
    Host,
}

/// <summary>
/// What this run was asked to do, all layers merged and checked. Immutable: the setup screen makes a changed copy. Each property is one
/// <see cref="Setting"/> in <see cref="Settings"/>.
/// </summary>
public sealed record Options
{
    /// <summary>Print records instead of drawing a screen.</summary>
    public bool Batch { get; init; }

    /// <summary>How many records or frames; null for no end.</summary>
    public int? Iterations { get; init; }

    /// <summary>Time between two samples.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Format of the records.</summary>
    public OutputFormat Output { get; init; }

    /// <summary>One record, then leave: batch with one iteration.</summary>
    public bool Once { get; init; }

    /// <summary>Rows of text and CSV.</summary>
    public OutputTable Table { get; init; }

    /// <summary>Actions are disarmed.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>No colours, by the option or by NO_COLOR.</summary>
    public bool NoColor { get; init; }

    /// <summary>Draw with ASCII characters only.</summary>
    public bool Ascii { get; init; }

    /// <summary>Leave the mouse to the terminal.</summary>
    public bool NoMouse { get; init; }

    /// <summary>Directory that stands for "/".</summary>
    public string Root { get; init; } = "/";

    /// <summary>Where procfs is mounted, or null for /proc below <see cref="Root"/>.</summary>
    public string? PathProcfs { get; init; }

    /// <summary>Where sysfs is mounted, or null for /sys below <see cref="Root"/>.</summary>
    public string? PathSysfs { get; init; }

    /// <summary>Whether KVM's statistics descriptors are duplicated from the VMMs.</summary>
    public StatsFdUse StatsFds { get; init; }

    /// <summary>Which libvirt is asked: a URI, "auto" or "off".</summary>
    public string LibvirtUri { get; init; } = Vmm.LibvirtTarget.Automatic;

    /// <summary>Whether QEMU's monitors are asked.</summary>
    public QmpUse Qmp { get; init; }

    /// <summary>The configuration file that was asked for, or null for the usual two.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Name of the theme.</summary>
    public string Theme { get; init; } = "kvmtop";

    /// <summary>Show a simulated host.</summary>
    public bool Demo { get; init; }

    /// <summary>VMs of the simulated host, or null for its own set.</summary>
    public int? Vms { get; init; }

    /// <summary>vCPUs of each simulated VM, or null for its own set.</summary>
    public int? Vcpus { get; init; }

    /// <summary>Sort column, as <see cref="SortSpec"/> reads it.</summary>
    public string Sort { get; init; } = "cpu_pct";

    /// <summary>Filter, as <see cref="FilterExpression"/> reads it; empty for all rows.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Columns to show, in this order; empty for the usual ones.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];
}
