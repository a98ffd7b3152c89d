namespace KvmTop.Collectors;

/// <summary>How near a VM's owner is to whoever asks. What a VM calls itself is its own word; whose process it is, is the kernel's.</summary>
public enum VmOwner
{
    /// <summary>The caller's own.</summary>
    Own,

    /// <summary>Root's, or of an account under which a manager (libvirt, LXD, OpenNebula, ..) runs its VMs.</summary>
    Manager,

    /// <summary>Another user's, or of nobody knows whom.</summary>
    Stranger,
}

/// <summary>Whose VMs come first.</summary>
public static class VmOwners
{
    // Accounts that packages of managers make; no login has them.
    private static readonly string[] s_managers = ["libvirt-qemu", "qemu", "nova", "oneadmin", "vdsm", "lxd", "incus"];

    /// <summary>Whose a VM is, seen from a user.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="caller">Who asks: a user id.</param>
    public static VmOwner Of(VmInfo vm, uint caller) =>
        vm.Uid is not { } uid ? VmOwner.Stranger
        : uid == caller ? VmOwner.Own
        : uid == 0 || Array.IndexOf(s_managers, vm.User) >= 0 ? VmOwner.Manager
        : VmOwner.Stranger;
}
