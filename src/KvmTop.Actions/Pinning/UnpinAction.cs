using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Lets threads of VMs run on all CPUs again.</summary>
public sealed class UnpinAction() : HostAction("unpin")
{
    /// <inheritdoc/>
    public override char? Key => 'P';

    /// <inheritdoc/>
    public override string Usage => "VM.. [--vcpus] [--emulator] [--iothreads]";

    /// <inheritdoc/>
    public override string Summary => "Lets all threads of VMs run on all CPUs again.";

    /// <inheritdoc/>
    public override string Writes => "sched_setaffinity(2) of each thread; guests of libvirt through it: virDomainPinVcpuFlags, virDomainPinEmulator, virDomainPinIOThread";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, a part of it that no other has, its UUID or pid.
          --vcpus --emulator --iothreads
                        Only these threads; without any all of them.
          All CPUs are those that are online, or that the VM's cpuset has.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => PinWords.Flags;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var vms = context.Selection.Vms;
        if (vms.Count == 0)
        {
            yield return new ActionChoice("Unpin") { Words = _ => [Name], DisabledReason = "put the cursor on a virtual machine" };
            yield break;
        }

        var pinned = vms.Any(v => PinVm.Read(context, v, PinKinds.All, new Cpusets(context.Control.Files)).Threads.Any(t => !t.Now.Equals(t.Limit)));
        yield return ActionChoice.Of("Unpin: let all threads run anywhere", [Name, .. vms.Select(ActionContext.WordOf)]) with { DisabledReason = pinned ? null : "nothing is pinned" };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, PinWords.Flags, [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (context.FindVms(parsed.Rest, out var problem) is not { } infos)
            return Mistake(words, problem);

        words = parsed.Rest.Count > 0 ? words : [.. infos.Select(ActionContext.WordOf), .. words];
        var kinds = PinWords.Kinds(parsed) is not PinKinds.None and var some ? some : PinKinds.All;
        var title = "Unpin " + string.Join(", ", infos.Select(i => i.Name));
        var draft = new PinDraft(context);
        foreach (var info in infos)
        {
            var vm = draft.Add(info);
            if (vm.Threads.Count == 0)
                return Refuse(words, title, PinWords.WhyNone(info, PinKinds.All));
            foreach (var thread in vm.Threads.Where(t => (kinds & t.Kind) != 0))
                draft.Set(thread, thread.Limit);
        }

        return draft.ToPlan(Name, title, WithName(words));
    }
}
