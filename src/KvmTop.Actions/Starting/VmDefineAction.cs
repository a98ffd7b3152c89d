using System.Text;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Writes a definition: from a file that has been looked through, or from a few options.</summary>
public sealed class VmDefineAction() : HostAction("vm define")
{
    /// <inheritdoc/>
    public override char? Key => 'S';

    /// <inheritdoc/>
    public override string Usage => "--file FILE.json | NAME [--memory SIZE] [--vcpus N] [--disk IMAGE,format=FORMAT|--iso FILE] [..]";

    /// <inheritdoc/>
    public override string Summary => "Writes the definition of a virtual machine, to be started by its name.";

    /// <inheritdoc/>
    public override string Writes => "/etc/kvmtop/vms.d/NAME.json as root, else ~/.config/kvmtop/vms.d/NAME.json";

    /// <inheritdoc/>
    public override string Details => "  --file FILE       A definition (schema/kvmtop-vm.schema.json) to be put in its place.\n" + VmQuickForm.Help;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["--file", .. VmQuickForm.Options, .. VmQuickForm.Flags];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context) =>
        [new ActionChoice("Define a VM..") { Fields = VmQuickForm.Fields, Words = values => VmQuickForm.Words(Name, values) }];

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, VmQuickForm.Flags, ["--file", .. VmQuickForm.Options], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count > 1)
            return Mistake(words, "expected one name");
        var name = parsed.Rest.Count == 1 ? parsed.Rest[0] : null;
        var (vm, text) = parsed.Value("--file") is { } file ? FromFile(context.Control, file, out mistake) : FromOptions(parsed, name, out mistake);
        if (vm is null)
            return Mistake(words, mistake);
        if (name is not null && vm.Name != name)
            return Mistake(words, $"the file defines {vm.Name}, not {HostileText.Clean(name, 60)}");

        var title = $"Define {vm.Name} ({VmLaunch.Vcpus(vm)}, {VmDefinitionText.Size(vm.MemoryBytes)})";
        if (new VmStore(context.Control).Writable is not { } directory)
            return Refuse(words, title, "there is no place for it: neither XDG_CONFIG_HOME nor HOME is set");
        var path = $"{directory}/{vm.Name}.json";
        var old = TextFile.Read(context.Control, path, out var fault, out var errno);
        if (fault is not null)
            return Refuse(words, title, TextFile.Refusal(fault, errno));
        return new ActionPlan
        {
            Action = Name,
            Title = title,
            Words = WithName(words),
            Effects = old == text ? [] : [new ReplaceFileEffect(path, old, text)],
            Notes = [$"kvmtop vm start {vm.Name} starts it."],
        };
    }

    private static (VmDefinition? Vm, string Text) FromOptions(ActionWords words, string? name, out string mistake)
    {
        var vm = VmQuickForm.Read(words, name, out mistake);
        return (vm, vm is null ? "" : VmDefinitionText.Of(vm));
    }

    private static (VmDefinition? Vm, string Text) FromFile(HostControl host, string file, out string mistake)
    {
        mistake = "--file: this is no path";
        if (file.Contains('\0', StringComparison.Ordinal) || file.Length == 0)
            return default;
        var path = Path.GetFullPath(file);
        var text = host.ReadObeyed(path, VmDefinitionReader.LargestFile, out mistake);
        if (text is null)
            return default;

        var vm = VmDefinitionReader.Read(text, out mistake);
        mistake = $"{HostileText.Clean(path, 200)}: {mistake}";
        return (vm, Encoding.UTF8.GetString(text));
    }
}
