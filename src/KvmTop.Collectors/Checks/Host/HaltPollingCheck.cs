namespace KvmTop.Collectors.Checks;

/// <summary>Halt polling: CPU spent so that guests wake sooner.</summary>
public sealed class HaltPollingCheck() : Check("halt-polling", "Halt polling", CheckGroup.Cpu)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/sys/module/kvm/parameters/halt_poll_ns");
        if (file.Number is not { } ns)
        {
            yield break;
        }

        yield return ns == 0
            ? Info("halt polling is off", file.Evidence, "idle guests cost nothing and wake later; latency of guests that wait for each other grows", "kvmtop halt-poll 200000; by hand: echo 200000 > /sys/module/kvm/parameters/halt_poll_ns")
            : ns > 500_000
            ? Warning(FormattableString.Invariant($"KVM polls up to {ns / 1000} us for a halted guest"), file.Evidence, "guests that are nearly idle keep CPUs busy", "kvmtop halt-poll 200000; by hand: echo 200000 > /sys/module/kvm/parameters/halt_poll_ns")
            : Ok(FormattableString.Invariant($"KVM polls up to {ns / 1000} us for a halted guest"), file.Evidence);
    }
}
