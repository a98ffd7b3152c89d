namespace KvmTop.Collectors.Checks;

/// <summary>The host's clock, on which guests' clocks stand.</summary>
public sealed class ClockSourceCheck() : Check("clock-source", "Clock source", CheckGroup.Cpu)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
        if (file.Value is not { } name)
        {
            yield break;
        }

        yield return context.Cpu.IsX86 && name is "hpet" or "acpi_pm" or "jiffies" or "pit" or "refined-jiffies"
            ? Warning(
                $"the clock source is {name}", file.Evidence, "reading the time takes microseconds instead of nanoseconds, and guests lose their fast paravirtual clock",
                "look why the TSC was given up: dmesg | grep -i tsc; " + (context.Cpu.IsGuest ? "the hypervisor below should give this machine a stable one (QEMU: -cpu ..,+invtsc)"
                    : context.CommandLine.ValueOf("tsc") is { } set ? $"tsc={set} is on the kernel command line; a firmware update may help" : "a firmware update or tsc=reliable on the kernel command line may help"))
            : Ok($"the clock source is {name}", file.Evidence);
    }
}
