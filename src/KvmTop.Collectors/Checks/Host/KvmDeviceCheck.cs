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
                Fix(context))];
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
                    : [Failure("/dev/kvm cannot be opened", $"open /dev/kvm: {errno.Describe()}", why, errno == Errno.ENODEV && !IsLoaded(context) ? "load KVM first: see kvm-module above" : "rmmod and modprobe KVM's part for this CPU, and look at the kernel log: dmesg | grep -i kvm")];
            }

            var version = device.ApiVersion;
            return version == KvmDevice.KnownApiVersion
                ? [Ok("/dev/kvm works", FormattableString.Invariant($"/dev/kvm: KVM_GET_API_VERSION = {version}"))]
                : [Failure("/dev/kvm is not KVM", FormattableString.Invariant($"/dev/kvm: KVM_GET_API_VERSION = {version}"), why, "rm /dev/kvm && mknod /dev/kvm c 10 232")];
        }
    }

    // Another check is named only when it has something to say.
    private static string Fix(CheckContext context) =>
        KvmObstacle.IsTold(context) ? "see cpu-virtualisation above"
        : !IsLoaded(context) ? "load KVM first: see kvm-module above"
        : context.IsContainer ? "start this container with --device /dev/kvm (Kubernetes: a device plugin, or a hostPath of it); inside, where that is allowed: mknod /dev/kvm c 10 232"
        : KnownModules.VendorOf(context.Cpu) is null && context.Modules.Vendor is null ? "the kernel has KVM, and made no device: it says at boot why (dmesg | grep -i kvm); if it is only the node that is missing: mknod /dev/kvm c 10 232 && chgrp kvm /dev/kvm && chmod 660 /dev/kvm"
        : "mknod /dev/kvm c 10 232, then: kvmtop fix kvm-device; by hand: chgrp kvm /dev/kvm && chmod 660 /dev/kvm; in a container: start it with --device /dev/kvm";

    private static bool IsLoaded(CheckContext context) => context.Modules.Find("kvm") is { Module.IsPresent: true } && (context.Modules.Vendor is not null || KnownModules.VendorOf(context.Cpu) is null);
}
