using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Text;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>Pane 6: the modules that virtual machines need, their parameters, and what the machine can do.</summary>
internal sealed class ModulesPane : ListDetailPane<ModuleEntry>
{
    private static readonly TableColumn[] s_columns =
    [
        new("MODULE", 16) { Frozen = true },
        new("STATE", 9),
        new("SIZE", 6, Align.Right) { Priority = 2 },
        new("USERS", 5, Align.Right) { Priority = 1 },
        new("PARAMS", 6, Align.Right) { Priority = 3 },
        new("USED BY", 14) { Flex = 1, Priority = 4 },
    ];

    private static readonly Topic[] s_needs = [ModulesTopic.Instance];
    private static readonly Topic[] s_nestedNeeds = [ModulesTopic.Instance, KvmStatsTopic.Instance];

    private readonly NestedUse _nestedUse = new();
    private ModulesModel? _model;

    /// <inheritdoc/>
    public override string Id => "modules";

    /// <inheritdoc/>
    public override string Title => "Modules";

    /// <inheritdoc/>
    public override char Key => '6';

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs => Nested?.State == CapabilityState.Yes ? s_nestedNeeds : s_needs;

    /// <inheritdoc/>
    protected override IReadOnlyList<TableColumn> Columns => s_columns;

    private Capability? Nested => _model?.Capabilities.FirstOrDefault(c => c.Name == "nested");

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("Modules", Role.Title)
            .Add("The parts of the kernel that virtual machines need, with their parameters. Enter shows a module in full. Nothing here is changed by looking.")
            .Add(12, new("STATE       ", Role.Strong), new("loaded, built in (part of the kernel image: /sys/module/NAME without a refcnt, or modules.builtin), available (its file is in /lib/modules), missing (neither), unknown (nothing says).", Role.Text))
            .Add(12, new("SIZE USERS  ", Role.Strong), new("/proc/modules and /sys/module/NAME/{coresize,refcnt}: memory, and who holds it. KVM's part for the CPU counts the VMs and cannot be unloaded while there are any.", Role.Text))
            .Add(12, new("parameters  ", Role.Strong), new("/sys/module/NAME/parameters. \"now\" can be written at once, \"reload\" needs the module unloaded and loaded, \"reboot\" is built in and needs the kernel command line. Descriptions from modinfo, defaults those of current kernels, settings from modprobe.d and /proc/cmdline.", Role.Text))
            .Add(12, new("capabilities ", Role.Strong), new("/proc/cpuinfo, the modules' parameters, /sys/kernel/iommu_groups, and KVM_CHECK_EXTENSION on /dev/kvm.", Role.Text))
            .Add(12, new("nested      ", Role.Strong), new("whether guests may run guests (the module's parameter), and which VMs do: those whose vCPUs have entered a nested guest, by KVM's counter nested_run. It is read only here, and only while nested is on.", Role.Text));
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<ModuleEntry> Source(Ui ui)
    {
        _model = ui.Snapshot.Get(ModulesTopic.Instance).Value;
        if (Nested?.State == CapabilityState.Yes)
        {
            _nestedUse.Update(ui.Snapshot);
        }
        else
        {
            _nestedUse.Clear();
        }

        return _model?.Modules ?? [];
    }

    /// <inheritdoc/>
    protected override string KeyOf(ModuleEntry row) => row.Module.Name;

    /// <inheritdoc/>
    protected override string Heading(ModuleEntry row) => row.Module.Name;

    /// <inheritdoc/>
    protected override (string Text, Role Role) Empty(Ui ui) => (ui.Snapshot.Get(ModulesTopic.Instance).Reason ?? "Kernel modules: not read yet", Role.Disabled);

    /// <inheritdoc/>
    protected override (string Text, Role Role) Cell(ModuleEntry row, int column)
    {
        var module = row.Module;
        return column switch
        {
            0 => (module.Name, module.IsPresent ? Role.Strong : Role.Text),
            1 => (ModulesTopic.Word(module.State), RoleOf(module.State)),
            2 => module.SizeBytes is { } size ? (FigureFormat.ToText(Figure.Of(size), Unit.Bytes, 6), Role.Text) : ("-", Role.Disabled),
            3 => module.Users is { } users ? (users.ToString(CultureInfo.InvariantCulture), users == 0 ? Role.Dim : Role.Text) : ("-", Role.Disabled),
            4 => row.Parameters.Count == 0 ? ("-", Role.Disabled) : (row.Parameters.Count.ToString(CultureInfo.InvariantCulture), Role.Text),
            _ => (HostileText.Clean(string.Join(' ', module.Holders), 200), Role.Dim),
        };
    }

    /// <inheritdoc/>
    protected override int SummaryHeight(int width, int height, Ui ui) => _model is null ? 0 : 1 + Capabilities(_model, ui.Unicode).Height(Math.Max(width - 2, 1));

    /// <inheritdoc/>
    protected override void DrawSummary(Pen pen, Rect area, Ui ui)
    {
        var (rule, text) = area.CutBottom(1);
        ScrollText.Render(pen.Buffer, text.Inset(1, 0), Capabilities(_model!, ui.Unicode), new ScrollTextState(), ui.Unicode);
        pen.Buffer.Fill(rule, Role.Border, pen.Unicode ? '─' : '-');
    }

    /// <inheritdoc/>
    protected override TextDocument Describe(ModuleEntry row, Ui ui)
    {
        var module = row.Module;
        var text = new TextDocument();
        text.Add(0, new TextSpan(row.Purpose.Length > 0 ? row.Purpose : row.Description ?? module.Name, Role.Text));
        text.Add(2, new(ModulesTopic.Word(module.State), RoleOf(module.State)), new("  " + HostileText.Clean(module.Evidence, 300), Role.Dim));
        if (row.Blocked is { } blocked)
        {
            text.Add(2, new("kept from loading  ", Role.Warn), new(HostileText.Clean(blocked, 400), Role.Text));
        }

        if (module.State is ModuleState.Available)
        {
            text.Add(2, new("to load it  ", Role.Label), new("modprobe " + module.Name, Role.Strong));
        }

        Facts(text, row);
        if (row.Parameters.Count > 0)
        {
            text.Add("").Add($"Parameters ({row.Parameters.Count})", Role.Title);
            foreach (var parameter in row.Parameters)
            {
                Describe(text, parameter);
            }
        }
        else if (module.IsPresent)
        {
            text.Add("no parameters", Role.Dim);
        }

        if (_model?.Vendor == row && Nested is { } nested)
        {
            _nestedUse.Describe(text, nested);
        }

        if (_model?.InfoReason is { } reason)
        {
            text.Add("").Add(HostileText.Clean(reason, 300), Role.Dim);
        }

        return text;
    }

    private static void Facts(TextDocument text, ModuleEntry row)
    {
        var module = row.Module;
        Pair("stands on", string.Join(", ", module.DependsOn));
        Pair("used by", string.Join(", ", module.Holders));
        Pair("file", row.File ?? "");
        Pair("version", module.Version ?? "");
        Pair("sources", module.SourceVersion ?? "");
        Pair("says", row.Description ?? "");
        foreach (var line in row.Lines)
        {
            text.Add(2, new("modprobe.d  ", Role.Label), new(HostileText.Clean(FormattableString.Invariant($"{line.File}:{line.Line}: {line.Command.ToString().ToLowerInvariant()} {line.Module} {line.Text}"), 400), Role.Text));
        }

        void Pair(string label, string value)
        {
            if (value.Length > 0)
            {
                text.Add(2, new(label + "  ", Role.Label), new(HostileText.Clean(value, 400), Role.Text));
            }
        }
    }

    private static void Describe(TextDocument text, ParameterEntry parameter)
    {
        var (change, role) = parameter.Change switch
        {
            ParameterChange.Now => ("now", Role.Good),
            ParameterChange.Reload => ("reload", Role.Warn),
            ParameterChange.Reboot => ("reboot", Role.Warn),
            _ => ("", Role.Dim),
        };
        var spans = new List<TextSpan>
        {
            new(parameter.Name, Role.Strong),
            new(" = ", Role.Dim),
            parameter.Value is { } value ? new(value.Length == 0 ? "(empty)" : HostileText.Clean(value, 200), Role.Text) : new("- (" + (parameter.Reason ?? "not known") + ")", Role.Disabled),
            new("  " + change, role),
        };
        if (parameter.Default is { } usual)
        {
            var same = parameter.Value is null || ParameterEntry.Same(parameter.Value, usual);
            spans.Add(new(same ? "  default" + (parameter.Value is null ? " " + usual : "") : $"  default {usual}", same ? Role.Dim : Role.Accent));
        }

        text.Add(2, [.. spans]);
        if (parameter.Description is { } description)
        {
            text.Add(4, new TextSpan("    " + HostileText.Clean(description, 400) + (parameter.Type is { } type ? $" ({type})" : ""), Role.Dim));
        }

        foreach (var setting in parameter.Settings)
        {
            text.Add(4, new($"    {HostileText.Clean(setting.Where, 200)}: ", Role.Label), new($"{parameter.Name}={HostileText.Clean(setting.Value, 100)}", Role.Text));
        }

        if (parameter.IsContradicted)
        {
            text.Add("    these contradict each other: the last one counts", Role.Warn, 4);
        }
        else if (parameter.Differs)
        {
            text.Add("    set to another value than it has now: written since, or not loaded again yet", Role.Warn, 4);
        }
    }

    private TextDocument Capabilities(ModulesModel model, bool unicode)
    {
        var spans = new List<TextSpan>();
        foreach (var capability in model.Capabilities.Where(c => c != Nested))
        {
            var (mark, role) = capability.State switch
            {
                CapabilityState.Yes => (unicode ? "● " : "+ ", Role.Good),
                CapabilityState.Off => (unicode ? "○ " : "o ", Role.Warn),
                CapabilityState.No => (unicode ? "· " : "- ", Role.Dim),
                _ => ("? ", Role.Disabled),
            };
            spans.Add(new(mark, role));
            spans.Add(new(capability.Name.Replace(' ', '\u00a0') + (capability.Value is { } value ? "\u00a0" + value.Replace(' ', '\u00a0') : ""), capability.State is CapabilityState.Yes ? Role.Text : Role.Dim));
            spans.Add(new("  ", Role.Dim));
        }

        var text = new TextDocument().Add(0, [.. spans]);
        if (Nested is { } nested)
        {
            _nestedUse.Summarise(text, nested);
        }

        if (model.HasModules == false)
        {
            text.Add("This kernel has no loadable modules: parts that are not built in cannot be added, and parameters change by the kernel command line.", Role.Warn);
        }

        return text;
    }

    private static Role RoleOf(ModuleState state) => state switch
    {
        ModuleState.Loaded or ModuleState.BuiltIn => Role.Good,
        ModuleState.Available => Role.Accent,
        ModuleState.Changing => Role.Warn,
        ModuleState.Unknown => Role.Disabled,
        _ => Role.Dim,
    };
}
