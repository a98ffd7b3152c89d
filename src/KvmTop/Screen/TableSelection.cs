using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Screen;

/// <summary>From rows of a table to what actions apply to.</summary>
internal static class TableSelection
{
    /// <summary>The VMs of some rows, each once, and the vCPUs when the rows are such of a single VM.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="vmOf">The VM that a row is about, and its vCPU; null for none.</param>
    /// <param name="markOf">What a marked row is called; null for one that is not marked.</param>
    public static ActionSelection Of<TRow>(IEnumerable<TRow> rows, Func<TRow, (VmInfo Vm, int? Vcpu)?> vmOf, Func<TRow, string?> markOf)
        where TRow : notnull
    {
        var (vms, vcpus, leftOut, whole) = (new List<VmInfo>(), new List<int>(), new List<string>(), false);
        foreach (var row in rows)
        {
            if (vmOf(row) is not { } one)
            {
                if (markOf(row) is { Length: > 0 } name)
                {
                    leftOut.Add($"{name} is marked and does not run: it is left out.");
                }

                continue;
            }

            if (!vms.Exists(v => v.Key == one.Vm.Key))
            {
                vms.Add(one.Vm);
            }

            if (one.Vcpu is { } vcpu)
            {
                vcpus.Add(vcpu);
            }
            else
            {
                whole = true;
            }
        }

        return vms.Count == 0 && leftOut.Count == 0
            ? ActionSelection.Nothing
            : new ActionSelection(vms, !whole && vms.Count == 1 ? CpuSet.Of(vcpus) : null) { LeftOut = leftOut };
    }
}
