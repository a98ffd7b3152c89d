using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>SELinux and AppArmor: what guards the host from its guests.</summary>
public sealed class SecurityModulesCheck() : Check("security-modules", "SELinux and AppArmor", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var selinux = context.Read("/sys/fs/selinux/enforce");
        var apparmor = context.Read("/sys/module/apparmor/parameters/enabled");
        if (selinux.Value == "1")
        {
            yield return Ok("SELinux enforces", selinux.Evidence);
        }
        else if (selinux.Value == "0")
        {
            yield return Info("SELinux is permissive", selinux.Evidence, "sVirt does not keep a broken-out guest from other guests' disks", "setenforce 1");
        }
        else if (apparmor.Value == "Y")
        {
            yield return Ok("AppArmor is on", apparmor.Evidence);
        }
        else
        {
            yield return Info("neither SELinux nor AppArmor is active", $"{selinux.Path}: {selinux.Errno.Describe()}", "nothing but its user keeps a broken-out guest from the host's files");
        }
    }
}
