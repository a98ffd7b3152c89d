namespace KvmTop.Collectors.Checks;

/// <summary>vm.overcommit_memory.</summary>
public sealed class CommitLimitCheck() : Check("commit-limit", "Limit of promised memory", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/proc/sys/vm/overcommit_memory");
        if (file.Number == 2)
        {
            yield return Info("the kernel promises no more memory than it has", file.Evidence, "guests that would fit may be refused: \"Cannot allocate memory\" at start", "sysctl vm.overcommit_memory=0");
        }
    }
}
