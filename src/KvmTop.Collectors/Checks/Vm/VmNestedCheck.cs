namespace KvmTop.Collectors.Checks;

/// <summary>Guests that run guests of their own, by KVM's counters <c>nested_run</c> and <c>guest_mode</c>. Silent where there are no counters.</summary>
public sealed class VmNestedCheck() : VmCheck("vm-nested", "Guests inside it")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (context.Snapshot.Get(KvmStatsTopic.Instance).Value is not { } model)
        {
            yield break;
        }

        var table = new KvmCounterTable();
        using (var view = model.Open())
        {
            view?.AddVm(vm.Info.Key, table);
        }

        if (table.Find("nested_run") is not { Total: > 0 } runs)
        {
            yield break;
        }

        var inside = table.Find("guest_mode")?.Total ?? 0;
        var evidence = FormattableString.Invariant($"KVM counters by {model.Find(vm.Info.Key)?.Source}: nested_run {runs.Total:0}") + (inside > 0 ? FormattableString.Invariant($", guest_mode {inside:0}") : "");
        yield return Info(
            runs.PerSecond > 0 || inside > 0 ? "it runs guests of its own" : "it has run guests of its own, and does not now", evidence,
            "an exit of a guest inside it costs several exits here; nested cannot be switched off while it runs");
    }
}
