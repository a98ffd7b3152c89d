using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Makes a user a member of the group that may run guests.</summary>
public sealed class FixKvmGroupAction() : HostAction("fix kvm-group")
{
    private const int LongestName = 32;

    /// <inheritdoc/>
    public override string Usage => "USER";

    /// <inheritdoc/>
    public override string Summary => "Lets a user run guests: makes it a member of the group of /dev/kvm.";

    /// <inheritdoc/>
    public override string Writes => "gpasswd -a USER kvm (or usermod -aG kvm USER)";

    /// <inheritdoc/>
    public override string Details =>
        """
          USER          A user of this machine. It takes effect at the user's next login.
        """;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        yield return new ActionChoice("Let a user run guests") { Fields = [new ActionField("User", "a login name") { Initial = context.Control.Actor.Sudo ?? "" }], Words = values => ["fix", "kvm-group", values[0].Trim()] };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest is not [var user])
            return Mistake(words, "expected the name of a user");
        if (user.Length is 0 or > LongestName || !(char.IsAsciiLetterOrDigit(user[0]) || user[0] == '_') || !user.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
            return Mistake(words, $"{HostileText.Clean(user, 40)} is no name of a user");

        var host = context.Control;
        var title = $"Let {user} run guests";
        if (!(host.ReadText("/etc/passwd", out _) ?? "").Split('\n').Any(l => l.StartsWith(user + ":", StringComparison.Ordinal)))
            return Refuse(words, title, $"/etc/passwd has no user {user}");

        // The device's group, where that may use it at all; a root group is never given away.
        const int groupMay = 0x30;
        var byDevice = host.Files.Stat(KvmDevice.Path, out var facts) == Errno.None && facts.Gid != 0 && (facts.Mode & groupMay) == groupMay;
        if ((byDevice ? GroupFile.Find(host, null, facts.Gid) : GroupFile.Find(host, "kvm", null)) is not { } group)
            return Refuse(words, title, byDevice ? $"/etc/group has no group {facts.Gid}, which /dev/kvm is of" : "there is no group kvm", "kvmtop fix kvm-device");
        if (group.Members.Contains(user))
            return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Notes = [$"{user} is a member of {group.Name}; it is in effect after the next login."] };

        string[] undo = ["gpasswd", "-d", user, group.Name];
        var effect = host.HasProgram("gpasswd") ? new RunCommandEffect(["gpasswd", "-a", user, group.Name], undo) : new RunCommandEffect(["usermod", "-aG", group.Name, user], []);
        effect = effect with
        {
            Expect = new Expectation(GroupFile.Place, $"{group.Name}:{user}", Of: Aspect.Member),
            ExpectUndone = new Expectation(GroupFile.Place, $"{group.Name}:{user}", Exists: false, Aspect.Member),
        };
        List<string> notes = [$"It takes effect when {user} logs in again; services of {user} must be restarted."];
        if (!byDevice)
            notes.Add($"/dev/kvm itself does not let {group.Name} in yet: kvmtop fix kvm-device.");
        return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Effects = [effect], Notes = notes };
    }
}
