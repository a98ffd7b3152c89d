using KvmTop.Linux;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

/// <summary>Emulation on qemu-kvm, kvm or qemu-system-i386 passed for that of another architecture, where nothing can be done about it.</summary>
public sealed class QemuArchitectureTests
{
    [Theory]
    [InlineData("/usr/bin/qemu-system-x86_64", "x86")]
    [InlineData("/usr/bin/qemu-system-amd64", "x86")]
    [InlineData("/usr/bin/qemu-system-x86_64-microvm", "x86")]
    [InlineData("/usr/bin/qemu-system-x86_64 (deleted)", "x86")]
    [InlineData("/opt/qemu/qemu-system-x86_64-9.2.0", "x86")]
    [InlineData("/usr/bin/qemu-system-i386", "x86")]
    [InlineData("/nix/store/x-qemu-9/bin/.qemu-system-x86_64-wrapped", "x86")]
    [InlineData("qemu-system-x86", "x86")]
    [InlineData("qemu-system-i38", "x86")]
    [InlineData("/usr/libexec/qemu-kvm", "x86")]
    [InlineData("/usr/libexec/qemu-kvm", "arm64")]
    [InlineData("/usr/bin/kvm", "x86")]
    [InlineData("/usr/bin/qemu-system-aarch64", "arm64")]
    [InlineData("/usr/bin/qemu-system-arm", "arm64")]
    [InlineData("qemu-system-aar", "arm64")]
    [InlineData("/usr/bin/qemu-system-ppc64", "ppc64")]
    [InlineData("/usr/bin/qemu-system-s390x", "s390x")]
    [InlineData("/usr/bin/qemu-system-riscv64", "riscv64")]
    [InlineData("/usr/bin/qemu-system-aarch64", null)]
    public void Own_architecture_by_any_name(string program, string? host) => Assert.False(QemuArchitecture.IsForeign(program, host));

    [Theory]
    [InlineData("/usr/bin/qemu-system-aarch64", "x86")]
    [InlineData("qemu-system-aar", "x86")]
    [InlineData("/usr/bin/qemu-system-arm", "x86")]
    [InlineData("/usr/bin/qemu-system-x86_64", "arm64")]
    [InlineData("/usr/bin/qemu-system-i386", "arm64")]
    [InlineData("/usr/bin/qemu-system-riscv32", "riscv64")]
    [InlineData("/usr/bin/qemu-system-m68k", "x86")]
    public void Foreign_architecture(string program, string host) => Assert.True(QemuArchitecture.IsForeign(program, host));

    [Theory]
    [InlineData("processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n", "x86")]
    [InlineData("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n", "arm64")]
    [InlineData("vendor_id       : IBM/S390\n# processors    : 4\nfeatures\t: esan3 zarch sie\n", "s390x")]
    [InlineData("processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\n", "ppc64")]
    [InlineData("processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\n", "riscv64")]
    [InlineData("system type\t\t: generic\nCPU Family\t\t: Loongson-64bit\n", "loongarch64")]
    [InlineData("", null)]
    public void Architecture_of_a_host_by_its_cpuinfo(string text, string? architecture) => Assert.Equal(architecture, HostArchitecture.Of(Bytes.Of(text)));

    [Theory]
    [InlineData("/nix/store/x/bin/.qemu-system-x86_64-wrapped", VmmKind.Qemu)]
    [InlineData("..qemu-kvm-wrapped-wrapped", VmmKind.Qemu)]
    [InlineData("qemu-kvm-9.1", VmmKind.Qemu)]
    [InlineData("kvm-spice", VmmKind.Qemu)]
    [InlineData("/usr/bin/qemu-system-x86_64.real", VmmKind.Qemu)]
    [InlineData("qemu-kvm-tools", VmmKind.Unknown)]
    [InlineData("qemu-img", VmmKind.Unknown)]
    [InlineData("qemu-nbd", VmmKind.Unknown)]
    [InlineData("qemu-storage-daemon", VmmKind.Unknown)]
    [InlineData("qemu-ga", VmmKind.Unknown)]
    [InlineData("qemu-bridge-helper", VmmKind.Unknown)]
    [InlineData("qemu-pr-helper", VmmKind.Unknown)]
    [InlineData("vhost-user-gpu", VmmKind.Unknown)]
    [InlineData("virtiofsd", VmmKind.Unknown)]
    [InlineData("swtpm", VmmKind.Unknown)]
    [InlineData("firecracker-containerd", VmmKind.Unknown)]
    [InlineData("firecracker-v1.7.0-x86_64", VmmKind.Firecracker)]
    public void Programs_around_a_guest_are_no_monitors(string program, VmmKind kind) => Assert.Equal(kind, VmmDetector.FromExecutable(program));
}
