using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether /dev/kvm is there and is KVM.</summary>
public sealed class KvmDeviceCheck() : Check("kvm-device", "/dev/kvm is there", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        const string why = "it is how every VMM asks for guests";
        if (!context.Host.Exists(KvmDevice.Path))
        {
            return [Failure(
                "/dev/kvm is not there", "/dev/kvm: no such file", why,
                context.Modules.Vendor is null ? "load KVM first: see kvm-module above" : "mknod /dev/kvm c 10 232 && chgrp kvm /dev/kvm && chmod 660 /dev/kvm (in a container: start it with --device /dev/kvm)")];
        }

        if (context.Host.Stat(KvmDevice.Path, out var facts) == Errno.None && facts.Kind != FileKind.CharacterDevice)
        {
            return context.Host.IsLive
                ? [Failure("/dev/kvm is not a device", $"/dev/kvm: {facts.ModeText}", why, "rm /dev/kvm && mknod /dev/kvm c 10 232 && chgrp kvm /dev/kvm && chmod 660 /dev/kvm")]
                : [Unknown("/dev/kvm of a captured host is a file: what it was cannot be seen", $"/dev/kvm: {facts.ModeText}")];
        }

        if (!context.Host.IsLive)
        {
            return [Ok("/dev/kvm is there", facts.Kind == FileKind.CharacterDevice ? $"/dev/kvm: {facts.ModeText}" : null)];
        }

        var errno = KvmDevice.Open(out var device);
        using (device)
        {
            if (device is null)
            {
                // Who may open it is kvm-access's business.
                return errno.IsDenied()
                    ? [Unknown("/dev/kvm is there; whether it works cannot be tried by this user", $"open /dev/kvm: {errno.Describe()}")]
                    : [Failure("/dev/kvm cannot be opened", $"open /dev/kvm: {errno.Describe()}", why, errno == Errno.ENODEV ? "load KVM first: see kvm-module above" : "rmmod and modprobe KVM's part for this CPU, and look at the kernel log: dmesg | grep -i kvm")];
            }

            var version = device.ApiVersion;
            return version == KvmDevice.KnownApiVersion
                ? [Ok("/dev/kvm works", FormattableString.Invariant($"/dev/kvm: KVM_GET_API_VERSION = {version}"))]
                : [Failure("/dev/kvm is not KVM", FormattableString.Invariant($"/dev/kvm: KVM_GET_API_VERSION = {version}"), why, "rm /dev/kvm && mknod /dev/kvm c 10 232")];
        }
    }
}
