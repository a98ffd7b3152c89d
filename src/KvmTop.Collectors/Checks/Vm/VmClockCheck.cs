using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>
/// What a guest has to tell the time by, as far as its command line shows it: KVM's own clock for Linux, Hyper-V's for Windows, and how its RTC runs. What it really uses is
/// seen inside only.
/// </summary>
public sealed class VmClockCheck() : VmCheck("vm-clock", "Clock")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var arguments = vm.Info.Arguments;
        if (vm.Info.Description.Vmm != VmmKind.Qemu || vm.Info.Accelerator == "tcg" || !context.Cpu.IsX86)
        {
            yield break;
        }

        // Of several, QEMU takes the last -cpu, and merges -rtc.
        var cpu = QemuOptions.Of(arguments, "cpu", "model").LastOrDefault();
        var rtc = QemuOptions.Of(arguments, "rtc", null).LastOrDefault();
        if (LooksLikeWindows(vm, rtc) is { } looks)
        {
            foreach (var finding in Windows(cpu, rtc, looks))
            {
                yield return finding;
            }
        }
        else if (cpu is not null && WithoutKvmClock(cpu.Set) is { } why)
        {
            yield return Info($"the guest gets no kvm-clock: {why}", cpu.Text, "a Linux guest without it trusts the TSC, or reads an emulated timer, at the price of an exit each time", "leave that out of -cpu (libvirt: <kvm><hidden state='off'/></kvm>, <timer name='kvmclock' present='yes'/>), unless a driver in the guest refuses to work with it");
        }

        if (rtc?.Set["clock"] == "vm")
        {
            yield return Info("its RTC runs on virtual time", rtc.Text, "it stands still while the guest is paused, and is behind from then on", "start it with -rtc base=..,clock=host, or have the guest set its clock after each pause (NTP, guest agent)");
        }
    }

    private static IEnumerable<CheckFinding> Windows(QemuOption? cpu, QemuOption? rtc, string looks)
    {
        const string fix = "start it with -cpu host,hv-relaxed,hv-vapic,hv-spinlocks=0x1fff,hv-vpindex,hv-runtime,hv-time,hv-synic,hv-stimer,hv-frequencies (libvirt: <hyperv mode='passthrough'/>)";
        if (cpu is not null && Hv(cpu.Set, "passthrough"))
        {
            yield break;
        }

        var any = cpu is not null && (Hv(cpu.Set, "relaxed") || Hv(cpu.Set, "time") || Hv(cpu.Set, "vapic") || Hv(cpu.Set, "vpindex") || Hv(cpu.Set, "synic"));
        if (!any)
        {
            yield return Warning(
                "it looks like Windows, and has no Hyper-V enlightenments", $"{looks}; {cpu?.Text ?? "no -cpu"}", "Windows knows nothing of KVM's own clock: what it has are emulated clocks and timers, which cost CPU even when it idles", fix);
            yield break;
        }

        var missing = new List<string>();
        foreach (var name in (string[])["time", "stimer"])
        {
            if (!Hv(cpu!.Set, name))
            {
                missing.Add("hv-" + name);
            }
        }

        if (missing.Count > 0)
        {
            yield return Info($"it looks like Windows, and lacks {string.Join(" and ", missing)}", $"{looks}; {cpu!.Text}", "what it does not get from Hyper-V's interface it takes from emulated clocks and timers", fix);
            if (rtc?.Set["driftfix"] != "slew")
            {
                yield return Info("ticks of its RTC that come late are lost", rtc?.Text ?? "no -rtc", "Windows that counts them falls behind while the host is busy", "start it with -rtc base=localtime,driftfix=slew (libvirt: <timer name='rtc' tickpolicy='catchup'/>)");
            }
        }
    }

    private static string? WithoutKvmClock(OptionSet cpu) =>
        IsOff(cpu, "kvmclock") ? "kvmclock is off"
        : cpu.Flag("kvm") == false ? "KVM is hidden from it (kvm=off)"
        : IsOff(cpu, "hypervisor") ? "it does not know that it is a guest (hypervisor=off)"
        : null;

    // "-kvmclock" and "kvmclock=off" mean the same.
    private static bool IsOff(OptionSet cpu, string feature) => cpu.Flag(feature) == false || cpu["-" + feature] is not null;

    // With a dash or, as older versions write it, an underscore; hv-spinlocks has a number.
    private static bool Hv(OptionSet cpu, string name) => (cpu.Flag("hv-" + name) ?? cpu.Flag("hv_" + name) ?? cpu["+hv-" + name] is not null) == true;

    // No more than signs, so the finding says which.
    private static string? LooksLikeWindows(VmModel vm, QemuOption? rtc)
    {
        if (rtc?.Set["base"] == "localtime")
        {
            return rtc.Text;
        }

        var name = vm.Info.Name;
        if (name.Contains("windows", StringComparison.OrdinalIgnoreCase)
            || (name.StartsWith("win", StringComparison.OrdinalIgnoreCase) && (name.Length == 3 || !char.IsLetter(name[3]) || name.AsSpan(3).StartsWith("srv", StringComparison.OrdinalIgnoreCase))))
        {
            return $"its name: {name}";
        }

        foreach (var argument in vm.Info.Arguments)
        {
            if (argument.Contains("virtio-win", StringComparison.OrdinalIgnoreCase))
            {
                return HostileText.Clean(argument, 120);
            }
        }

        return null;
    }
}
