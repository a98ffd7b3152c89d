using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Lets the members of a group run guests: group and mode of /dev/kvm.</summary>
public sealed class FixKvmDeviceAction() : HostAction("fix kvm-device")
{
    private const string PersistFlag = "--persist";
    private const string Group = "kvm";
    private const string RuleFile = "/etc/udev/rules.d/65-kvm.rules";
    private const string Rule = "KERNEL==\"kvm\", GROUP=\"kvm\", MODE=\"0660\"\n";
    private const int Wanted = 0x1B0;

    /// <inheritdoc/>
    public override string Usage => "[--persist]";

    /// <inheritdoc/>
    public override string Summary => "Lets the members of the group kvm run guests.";

    /// <inheritdoc/>
    public override string Writes => $"groupadd -r kvm, chgrp kvm /dev/kvm, chmod 0660 /dev/kvm, as far as needed; with --persist {RuleFile}";

    /// <inheritdoc/>
    public override string Details =>
        $"""
          {PersistFlag}     A rule for udev too, so that it is so after the next boot.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [PersistFlag];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        foreach (var words in (IReadOnlyList<string>[])[[], [PersistFlag]])
        {
            yield return ActionChoice.Of($"Let the group kvm use /dev/kvm{(words.Count > 0 ? ", after the next boot too" : "")}", ["fix", "kvm-device", .. words]) with { DisabledReason = ModuleMenu.WhyNot(Plan(context, words)) };
        }
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [PersistFlag], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count > 0)
            return Mistake(words, "expected nothing but --persist");

        var host = context.Control;
        const string title = "Let the group kvm use /dev/kvm";
        var errno = host.Files.Stat(KvmDevice.Path, out var facts);
        if (errno == Errno.ENOENT)
            return Refuse(words, title, "/dev/kvm is not there", host.Files.Exists("/sys/module/kvm") ? "is KVM's part for this CPU loaded? kvmtop check; in a container: start it with --device /dev/kvm" : "load KVM first: kvmtop module load kvm_intel, or kvm_amd");
        if (errno != Errno.None)
            return Refuse(words, title, $"/dev/kvm: {errno.Describe()}");
        if (facts.Kind != FileKind.CharacterDevice && host.Files.IsLive)
            return Refuse(words, title, $"/dev/kvm is not a device: {facts.ModeText}", "rm /dev/kvm && mknod /dev/kvm c 10 232");

        var (effects, notes) = (new List<Effect>(), new List<string>());
        var permissions = facts.Mode & 0x1FF;
        var group = GroupFile.Find(host, Group, null);
        if ((permissions & 6) == 6)
        {
            notes.Add($"Everybody may use /dev/kvm: {facts.ModeText}.");
        }
        else
        {
            if (group is null)
                effects.Add(Run(["groupadd", "-r", Group], ["groupdel", Group], new(GroupFile.Place, Group + ":", true, Aspect.Line), new(GroupFile.Place, Group + ":", false, Aspect.Line)));
            if (group is null || facts.Gid != group.Gid)
            {
                var gid = facts.Gid.ToString(CultureInfo.InvariantCulture);
                effects.Add(Run(["chgrp", Group, KvmDevice.Path], ["chgrp", gid, KvmDevice.Path], Device(Group, Aspect.Group), Device(gid, Aspect.Group)));
            }

            // After chgrp, which may take bits away. Whoever may more keeps it.
            if ((permissions & Wanted) != Wanted)
            {
                var mode = "0" + Convert.ToString(permissions, 8).PadLeft(3, '0');
                effects.Add(Run(["chmod", "0660", KvmDevice.Path], ["chmod", mode, KvmDevice.Path], Device("0660", Aspect.Mode), Device(mode, Aspect.Mode)));
            }

            notes.Add($"/dev/kvm is {facts.ModeText}, of group {GroupFile.Find(host, null, facts.Gid)?.Name ?? facts.Gid.ToString(CultureInfo.InvariantCulture)}, now.");
            if (!parsed.Has(PersistFlag))
                notes.Add($"udev makes the device anew at each boot: {PersistFlag} writes {RuleFile} ({Rule.TrimEnd()}).");
        }

        if (parsed.Has(PersistFlag) && (permissions & 6) != 6)
        {
            var old = TextFile.ReadLines(host, RuleFile, out var fault, out errno);
            if (fault is not null)
                return Refuse(words, title, TextFile.Refusal(fault, errno));
            if (old?.Contains(Rule, StringComparison.Ordinal) != true)
                effects.Insert(0, new ReplaceFileEffect(RuleFile, old, (old is null or "" ? "" : old.TrimEnd('\n') + "\n") + Rule));
        }

        return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Effects = effects, Notes = notes };
    }

    private static RunCommandEffect Run(string[] command, string[] undo, Expectation expect, Expectation undone) => new(command, undo) { Expect = expect, ExpectUndone = undone };

    private static Expectation Device(string value, Aspect of) => new(KvmDevice.Path, value, Of: of);
}
