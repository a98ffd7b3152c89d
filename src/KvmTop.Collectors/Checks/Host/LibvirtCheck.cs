namespace KvmTop.Collectors.Checks;

/// <summary>Whether libvirt runs.</summary>
public sealed class LibvirtCheck() : Check("libvirt", "libvirt", CheckGroup.Kvm)
{
    private static readonly string[] s_sockets = ["/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock", "/var/run/libvirt/libvirt-sock"];

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var socket = s_sockets.FirstOrDefault(context.Host.Exists);
        var owned = context.AllVms.Count(v => v.Info.Description.LibvirtOwned);
        if (socket is not null)
        {
            yield return Ok(FormattableString.Invariant($"libvirt listens{(owned > 0 ? $", {owned} VM{(owned == 1 ? " is" : "s are")} its own" : "")}"), socket);
        }
        else if (owned > 0)
        {
            // Whose libvirt is in the pod with it, or starts by itself when its user asks for it, misses nothing here.
            var others = context.AllVms.Count(v => v.Info.Description.LibvirtOwned && (Elsewhere.IsOfSession(v.Info) || Elsewhere.HasLibvirtOfItsOwn(context, v.Info)));
            owned -= others;
            if (owned == 0)
            {
                yield return Ok(FormattableString.Invariant($"{others} VM{(others == 1 ? " is" : "s are")} run by a libvirt of a container or of a user's session"));
                yield break;
            }

            yield return Warning(
                FormattableString.Invariant($"{owned} VM{(owned == 1 ? "" : "s")} of libvirt run{(owned == 1 ? "s" : "")}, and libvirt does not listen"), $"{s_sockets[0]}, {s_sockets[1]}: no such file",
                "these VMs cannot be stopped, changed or migrated until it is back; they go on running", "systemctl start virtqemud.socket (or libvirtd.socket)");
        }
    }
}
