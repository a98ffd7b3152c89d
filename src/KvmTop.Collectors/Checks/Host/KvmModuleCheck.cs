using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether the kernel has KVM, and why a part of it is not loaded.</summary>
public sealed class KvmModuleCheck() : Check("kvm-module", "KVM is in the kernel", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var modules = context.Modules;
        var kvm = modules.Find("kvm");
        if (kvm is null || !kvm.Module.IsPresent)
        {
            // The part for this CPU brings kvm with it; kvm alone makes no /dev/kvm.
            var vendorPart = KnownModules.VendorOf(context.Cpu) is { } wanted && modules.Find(wanted) is { Module.State: ModuleState.Available } found ? found : null;
            yield return kvm is null ? Unknown("whether the kernel has KVM cannot be seen", "/sys/module") : Absent(context, vendorPart ?? kvm, vendorPart?.Module.Name ?? "kvm");
            yield break;
        }

        if (modules.Vendor is { } vendor)
        {
            yield return Ok($"kvm is {ModulesTopic.Word(kvm.Module.State)}, and its part for this CPU: {vendor.Module.Name} is {ModulesTopic.Word(vendor.Module.State)}", vendor.Module.Evidence);
        }
        else if (KnownModules.VendorOf(context.Cpu) is { } name)
        {
            yield return modules.Find(name) is { } part ? Absent(context, part, name) : Unknown($"whether {name} is there cannot be seen");
        }
        else
        {
            yield return Ok($"kvm is {ModulesTopic.Word(kvm.Module.State)}", kvm.Module.Evidence);
        }
    }

    private static CheckFinding Absent(CheckContext context, ModuleEntry entry, string name)
    {
        const string why = "without it there is no /dev/kvm, and guests can only be emulated";
        if (entry.Blocked is { } blocked)
        {
            return Failure($"{name} is not loaded: it is kept from loading", blocked, why, $"remove that ({blocked.Split(": ")[0]}), then: modprobe {name}");
        }

        if (entry.Module.State == ModuleState.Available && WrongValue(context, name) is { } wrong)
        {
            return wrong with { Why = why };
        }

        var said = KvmObstacle.Said(context);
        var log = said is null ? "" : $"; kernel log: {said.Text}";
        var unsupported = said?.Text.Contains("not supported", StringComparison.OrdinalIgnoreCase) == true || said?.Text.Contains("no hardware support", StringComparison.OrdinalIgnoreCase) == true;
        return entry.Module.State switch
        {
            ModuleState.Available when unsupported => Failure($"{name} cannot be loaded: the CPU does not offer what it needs", entry.Module.Evidence + log, why,
                KvmObstacle.IsTold(context) ? "see cpu-virtualisation above" : $"modprobe {name}, and look at what it says: dmesg | tail (its part for another maker's CPU, the firmware, or another hypervisor that has the CPU)"),
            ModuleState.Available => Failure($"{name} is not loaded", entry.Module.Evidence + log, why, $"{(context.IsContainer ? "on the host, not in this container: " : "")}modprobe {name}"),
            ModuleState.Changing => Info($"{name} is being loaded or unloaded", entry.Module.Evidence),
            ModuleState.Missing => Failure(
                $"this kernel has no {name}", entry.Module.Evidence, why,
                context.Modules.HasModules == false
                    ? $"boot a kernel built with {KernelConfig.OptionOf(name) ?? "CONFIG_KVM"}=y: this one cannot load modules"
                    : "install the distribution's package of extra kernel modules, or a kernel with KVM; after a kernel update: reboot, for the modules of the running kernel may be gone"),
            _ => Unknown($"whether the kernel has {name} cannot be seen", entry.Module.Evidence),
        };
    }

    /// <summary>A setting that the module refused: the kernel log says "kvm_amd: `banana' invalid for parameter `nested'", and it is still set to that.</summary>
    private static CheckFinding? WrongValue(CheckContext context, string module)
    {
        foreach (var options in context.Modules.Config.Of(module))
        {
            foreach (var (parameter, value) in options.Command == ModprobeCommand.Options ? options.Options : [])
            {
                if (Refusal(context, module, parameter, value) is { } text)
                {
                    var place = FormattableString.Invariant($"{options.File}:{options.Line}");
                    var plain = (parameter + value).All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
                    return Failure(
                        $"{module} cannot be loaded: its parameter {parameter} cannot be {value}", $"{place}: {parameter}={value}; kernel log: {text}", "",
                        plain ? FormattableString.Invariant($"sed -i '{options.Line}s/ {parameter}={value}//' {ShellWord.Of(options.File)} && modprobe {module}") : $"remove {parameter}={value} from {place}, then: modprobe {module}");
                }
            }
        }

        foreach (var (parameter, value) in context.CommandLine.OfModule(module))
        {
            if (Refusal(context, module, parameter, value) is { } text)
            {
                return Failure(
                    $"{module} cannot be loaded: its parameter {parameter} cannot be {value}", $"/proc/cmdline: {module}.{parameter}={value}; kernel log: {text}", "",
                    $"remove {module}.{parameter}={value} from the kernel command line, and reboot");
            }
        }

        return null;
    }

    private static string? Refusal(CheckContext context, string module, string parameter, string value) =>
        context.Log.LastOrDefault(l => l.Text.StartsWith($"{module}: `{value}' invalid for parameter `{parameter}'", StringComparison.Ordinal))?.Text;
}
