using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether this user, and users at all, may use /dev/kvm.</summary>
public sealed class KvmAccessCheck() : Check("kvm-access", "/dev/kvm may be used", CheckGroup.Kvm)
{
    private const string OpenUp = "kvmtop fix kvm-device --persist; by hand: groupadd -fr kvm; chgrp kvm /dev/kvm; chmod 660 /dev/kvm; to keep it: echo 'KERNEL==\"kvm\", GROUP=\"kvm\", MODE=\"0660\"' > /etc/udev/rules.d/65-kvm.rules";

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var errno = context.Host.Stat(KvmDevice.Path, out var facts);
        if (errno != Errno.None || facts.Kind != FileKind.CharacterDevice)
        {
            return errno is Errno.None or Errno.ENOENT ? [] : [Unknown("owner and mode of /dev/kvm cannot be seen", $"/dev/kvm: {errno.Describe()}")];
        }

        var groups = new GroupTable(context.Host);
        var group = groups.NameOf(facts.Gid) ?? facts.Gid.ToString(CultureInfo.InvariantCulture);
        var owner = new UserNames(context.Host).NameOf((int)facts.Uid);
        var evidence = $"/dev/kvm: {facts.ModeText} {owner}:{group}";
        if (context.User is not { } user)
        {
            return [Ok("owner and mode of /dev/kvm", evidence)];
        }

        var everyone = (facts.Mode & 6) == 6;
        var byGroup = (facts.Mode >> 3 & 6) == 6;
        if (user.IsRoot)
        {
            return everyone || (byGroup && facts.Gid != 0)
                ? [Ok(everyone ? "everybody may run guests" : $"members of {group} may run guests", evidence)]
                : [Info("only root may run guests", evidence, "VMMs of other users (libvirt's user sessions, rootless containers) fall back to emulation or fail", OpenUp)];
        }

        if (everyone || (byGroup && user.Groups.Contains(facts.Gid)) || (user.Uid == facts.Uid && (facts.Mode >> 6 & 6) == 6))
        {
            return [Ok($"{user.Name} may run guests", evidence)];
        }

        const string why = "QEMU of this user cannot use KVM and fails, or emulates, which is many times slower";
        return !byGroup || facts.Gid == 0
            ? [Failure($"{user.Name} may not run guests: no group may", evidence, why, "as root: " + OpenUp + $"; usermod -aG kvm {ShellWord.Of(user.Name)}; then log out and in again")]
            : groups.HasMember(facts.Gid, user.Name)
            ? [Failure($"{user.Name} is a member of {group}, which is not yet in effect in this login", $"{evidence}; /etc/group has {user.Name}, getgroups(2) does not", why, $"log out and in again, or: newgrp {ShellWord.Of(group)}")]
            : [Failure($"{user.Name} may not run guests: not a member of {group}", evidence, why, $"as root: {(group == "kvm" ? $"kvmtop fix kvm-group {ShellWord.Of(user.Name)}; by hand: " : "")}usermod -aG {ShellWord.Of(group)} {ShellWord.Of(user.Name)}, then log out and in again")];
    }
}
