using System.Text;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

public sealed class HostileTextTests
{
    [Theory]
    [InlineData("web1", "web1")]
    [InlineData("a\u001b]0;owned\u0007b", "a·]0;owned·b")]
    [InlineData("a\u009b31mb", "a·31mb")]
    [InlineData("evil\u202egnp.exe", "evilgnp.exe")]
    [InlineData("zero\u200bwidth\ufeff", "zerowidth")]
    [InlineData("two\nlines\t", "two·lines·")]
    [InlineData("\ue000", "·")]
    [InlineData("\u200b\u202e", "?")]
    [InlineData("   ", "?")]
    [InlineData("", "")]
    [InlineData("naïve 日本語 🐧", "naïve 日本語 🐧")]
    public void Clean_text_is_fit_for_a_terminal(string text, string expected)
    {
        Assert.Equal(expected, HostileText.Clean(text, 64));
        Assert.Equal(expected, HostileText.Clean(Encoding.UTF8.GetBytes(text), 64));
    }

    [Fact]
    public void Clean_invalid_utf8_is_replaced() => Assert.Equal("a\ufffdb", HostileText.Clean([(byte)'a', 0xff, (byte)'b'], 10));

    [Fact]
    public void Clean_long_text_is_cut_with_an_ellipsis()
    {
        Assert.Equal("abc…", HostileText.Clean("abcdefgh", 4));
        Assert.Equal("abcd", HostileText.Clean("abcd", 4));
        Assert.Equal("🐧…", HostileText.Clean("🐧🐧🐧🐧", 4));
    }

    [Fact]
    public void Clean_pile_of_marks_is_flattened() => Assert.Equal("Z\u0300\u0301!", HostileText.Clean("Z\u0300\u0301" + new string('\u0302', 500) + "!", 1000));

    [Fact]
    public void Clean_anything_is_bounded_and_without_controls() => Fuzz.NeverThrows(bytes =>
    {
        foreach (var length in new[] { 1, 2, 7, 100 })
        {
            var text = HostileText.Clean(bytes, length);
            Assert.True(text.Length <= length);
            Assert.Equal(bytes.Length == 0, text.Length == 0);
            Assert.DoesNotContain(text, char.IsControl);
            Assert.Equal(text, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));
        }
    }, "a\u001b]0;owned\u0007b 🐧🐧 \u202e", new string('\u0301', 300));
}

public sealed class CommandLineTests
{
    [Fact]
    public void Split_ends_arguments_at_nul() => Assert.Equal(["qemu", "", "-m", "64"], ProcessArguments.Split("qemu\0\0-m\064\0"u8, 100, 100));

    [Fact]
    public void Split_without_a_last_nul_keeps_the_last() => Assert.Equal(["a", "b"], ProcessArguments.Split("a\0b"u8, 100, 100));

    [Fact]
    public void Split_two_megabytes_are_bounded()
    {
        var bytes = new byte[2 << 20];
        Array.Fill(bytes, (byte)'x');
        Assert.Equal(4096, Assert.Single(ProcessArguments.Split(bytes, 1000, 4096)).Length);
        Array.Clear(bytes);
        Assert.Equal(1000, ProcessArguments.Split(bytes, 1000, 4096).Count);
    }
}

public sealed class VcpuThreadNameTests
{
    [Theory]
    [InlineData("CPU 0/KVM", 0, false)]
    [InlineData("CPU 12/KVM\n", 12, false)]
    [InlineData("CPU 3/TCG", 3, true)]
    [InlineData("CPU 12345/KV", 12345, false)]
    [InlineData("ALL CPUs/TCG", 0, true)]
    [InlineData("fc_vcpu 1", 1, false)]
    [InlineData("vcpu7", 7, false)]
    [InlineData("crosvm_vcpu2", 2, false)]
    [InlineData("kvm-vcpu-4", 4, false)]
    public void TryParse_vcpu_thread_has_its_index(string comm, int index, bool tcg)
    {
        Assert.True(VcpuThreadName.TryParse(Bytes.Of(comm), out var actual, out var isTcg));
        Assert.Equal((index, tcg), (actual, isTcg));
    }

    [Theory]
    [InlineData("vcpu")]
    [InlineData("vcpu+1")]
    [InlineData("CPU /KVM")]
    [InlineData("CPU -1/KVM")]
    [InlineData("CPU 0")]
    [InlineData("vcpu99999999999")]
    [InlineData("vcpu1x")]
    [InlineData("")]
    public void TryParse_other_names_fail(string comm) => Assert.False(VcpuThreadName.TryParse(Bytes.Of(comm), out _, out _));

    [Theory]
    [InlineData("IO iothread1", ThreadRole.IoThread)]
    [InlineData("IO mon_iothread", ThreadRole.IoThread)]
    [InlineData("worker", ThreadRole.Worker)]
    [InlineData("vnc_worker", ThreadRole.Vnc)]
    [InlineData("call_rcu", ThreadRole.CallRcu)]
    [InlineData("vhost-4711", ThreadRole.Vhost)]
    [InlineData("live_migration", ThreadRole.Migration)]
    [InlineData("CPU 0/KVM", ThreadRole.Vcpu)]
    [InlineData("kvm-nx-lpage-re", ThreadRole.Other)]
    public void RoleOf_thread_by_name(string comm, ThreadRole role) => Assert.Equal(role, VcpuThreadName.RoleOf(Bytes.Of(comm), false));

    [Fact]
    public void RoleOf_main_thread_by_its_id() => Assert.Equal(ThreadRole.Main, VcpuThreadName.RoleOf("qemu-system-x86"u8, true));

    [Fact]
    public void TryParse_hostile_name_does_not_throw() => Fuzz.NeverThrows(b =>
    {
        _ = VcpuThreadName.TryParse(b, out _, out _);
        _ = VcpuThreadName.RoleOf(b, false);
    }, "CPU 0/KVM", "fc_vcpu 1", "vcpu7", "kvm-vcpu-4");

    [Fact]
    public void TryParse_hot_allocates_nothing() => Fuzz.AllocatesNothing(() =>
    {
        _ = VcpuThreadName.TryParse("CPU 12/KVM\n"u8, out _, out _);
        _ = VcpuThreadName.RoleOf("IO iothread1"u8, false);
    });
}

public sealed class VmmDetectorTests
{
    [Theory]
    [InlineData("/usr/bin/qemu-system-x86_64", VmmKind.Qemu)]
    [InlineData("/usr/bin/qemu-system-aarch64 (deleted)", VmmKind.Qemu)]
    [InlineData("qemu-system-x86", VmmKind.Qemu)]
    [InlineData("/usr/libexec/qemu-kvm", VmmKind.Qemu)]
    [InlineData("/nix/store/x/bin/.qemu-system-x86_64-wrapped", VmmKind.Qemu)]
    [InlineData("firecracker", VmmKind.Firecracker)]
    [InlineData("cloud-hyperviso", VmmKind.CloudHypervisor)]
    [InlineData("/usr/bin/crosvm", VmmKind.Crosvm)]
    [InlineData("lkvm", VmmKind.Kvmtool)]
    [InlineData("/usr/bin/qemu-img", VmmKind.Unknown)]
    [InlineData("/home/qemu-system-x86_64/bash", VmmKind.Unknown)]
    [InlineData("", VmmKind.Unknown)]
    public void FromExecutable_judges_the_last_step(string path, VmmKind kind) => Assert.Equal(kind, VmmDetector.FromExecutable(path));
}
