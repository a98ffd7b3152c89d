using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

/// <summary>An option that takes no argument swallowed the next one: "-async-teardown -m 4096" had no memory, and a disk called 4096.</summary>
public sealed class QemuArgumentsTests
{
    [Theory]
    // QEMU 7.2 to 9.1: none; elsewhere on or off.
    [InlineData("-async-teardown -m 4096")]
    [InlineData("-async-teardown on -m 4096")]
    [InlineData("-run-with async-teardown=on,chroot=/x -m 4096")]
    // Of versions gone by, and of Xen's.
    [InlineData("-no-hpet -no-acpi -no-kvm-pit-reinjection -win2k-hack -std-vga -m 4096")]
    [InlineData("-realtime mlock=off -m 4096 -balloon virtio -xen-domid 3")]
    // Proxmox' own, and one that nobody knows, before and with an argument.
    [InlineData("-id 100 -m 4096")]
    [InlineData("-new-in-12 -m 4096")]
    [InlineData("-new-in-12 value -m 4096")]
    [InlineData("--new-in-12 --m 4096")]
    // An argument that looks like an option is one of those that take any.
    [InlineData("-append -m -m 4096")]
    [InlineData("-fw_cfg -S -m 4096")]
    [InlineData("-m 4096 -name")]
    public void Option_swallows_no_other(string line)
    {
        var vm = QemuCommandLine.Parse(["qemu-system-x86_64", .. line.Split(' ')]);
        Assert.Equal((4096UL << 20, false), (vm.MemoryBytes, vm.StartsPaused));
        Assert.Empty(vm.Devices);
    }

    // What this machine's QEMU says of itself is in the tables, or is taken as if it were.
    [Theory]
    [InlineData("-preconfig")]
    [InlineData("-only-migratable")]
    [InlineData("-xen-domid-restrict")]
    [InlineData("-enable-sync-profile")]
    [InlineData("-perfmap")]
    [InlineData("-jitdump")]
    [InlineData("-no-user-config")]
    [InlineData("-snapshot")]
    public void Flag_takes_nothing(string flag) => Assert.Equal("x", QemuCommandLine.Parse(["q", flag, "-name", "x"]).Name);

    [Theory]
    [InlineData("11111111-2222-4333-8444-555555555555")]
    [InlineData("11111111222243338444555555555555")]
    [InlineData("{11111111-2222-4333-8444-555555555555}")]
    [InlineData("urn:uuid:11111111-2222-4333-8444-555555555555")]
    [InlineData("AAAAAAAA-2222-4333-8444-555555555555")]
    public void Uuid_in_any_notation_is_the_same(string text)
    {
        var want = text.Contains("AAAA", StringComparison.Ordinal) ? "aaaaaaaa-2222-4333-8444-555555555555" : "11111111-2222-4333-8444-555555555555";
        Assert.Equal(want, QemuCommandLine.Parse(["q", "-uuid", text]).Uuid);
        // Proxmox, oVirt: in the table of the firmware, which QEMU takes for the machine's.
        Assert.Equal(want, QemuCommandLine.Parse(["q", "-smbios", $"type=1,manufacturer=oVirt,serial=x,uuid={text},family=RHEV"]).Uuid);
        Assert.Equal(want, VmDescriber.Describe(VmmKind.CloudHypervisor, ["ch", "--platform", $"num_pci_segments=1,uuid={text}"]).Uuid);
    }

    // As QEMU 10.0.2 answers query-uuid.
    [Theory]
    [InlineData("-uuid 11111111-2222-4333-8444-555555555555 -smbios type=1,uuid=aaaaaaaa-2222-4333-8444-555555555555", "aaaaaaaa-2222-4333-8444-555555555555")]
    [InlineData("-smbios type=1,uuid=aaaaaaaa-2222-4333-8444-555555555555 -uuid 11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-555555555555")]
    [InlineData("-smbios type=1,uuid=aaaaaaaa-2222-4333-8444-555555555555 -smbios type=1,serial=x", "aaaaaaaa-2222-4333-8444-555555555555")]
    [InlineData("-smbios type=2,uuid=aaaaaaaa-2222-4333-8444-555555555555", null)]
    [InlineData("-uuid 00000000-0000-0000-0000-000000000000", null)]
    [InlineData("-uuid nonsense", null)]
    public void Uuid_that_is_said_last_counts(string line, string? uuid) => Assert.Equal(uuid, QemuCommandLine.Parse(["q", .. line.Split(' ')]).Uuid);

    [Theory]
    [InlineData("-M none -nographic", true)]
    [InlineData("-S -no-user-config -nodefaults -nographic -machine none,accel=kvm:tcg -qmp unix:/var/lib/libvirt/qemu/qmp-x/qmp.monitor,server=on,wait=off -daemonize", true)]
    [InlineData("-version", true)]
    [InlineData("--help", true)]
    [InlineData("-cpu help", true)]
    [InlineData("-M ?", true)]
    [InlineData("-device virtio-blk-pci,help", true)]
    [InlineData("-M q35 -cpu host -name help", false)]
    public void Question_to_qemu_is_no_guest(string line, bool isProbe) => Assert.Equal(isProbe, QemuCommandLine.Parse(["q", .. line.Split(' ')]).IsProbe);

    [Theory]
    [InlineData("", true)]
    [InlineData("-accel tcg", true)]
    [InlineData("-accel kvm -accel tcg", true)]
    [InlineData("-machine q35,accel=kvm:tcg", true)]
    [InlineData("-accel kvm", false)]
    [InlineData("-enable-kvm", false)]
    [InlineData("-machine pc,accel=xen", false)]
    [InlineData("-accel mshv", false)]
    public void Qemu_may_emulate_only_where_it_was_told_so_or_nothing(string line, bool may) =>
        Assert.Equal(may, QemuCommandLine.Parse(["q", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).MayEmulate);
}
