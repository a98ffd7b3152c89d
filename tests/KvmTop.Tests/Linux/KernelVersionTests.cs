using KvmTop.Linux;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Linux;

public sealed class KernelVersionTests
{
    [Theory]
    [InlineData("6.5.0", true)]
    [InlineData("6.18.44-fc", true)]
    [InlineData("7.0-rc1", true)]
    [InlineData("6.4.8", true)]
    [InlineData("6.4.7", false)]
    [InlineData("6.3.13", false)]
    [InlineData("6.1.43", true)]
    [InlineData("6.1.42", false)]
    [InlineData("6.1.170", true)]
    [InlineData("5.15.124", true)]
    [InlineData("5.15.123", false)]
    [InlineData("5.16.20", false)]
    [InlineData("5.14.0-427.el9.x86_64", false)]
    [InlineData("6.0.19", false)]
    public void IsSafe_is_as_the_fix_was_released(string version, bool safe) => Assert.Equal(safe, KvmStatsFdSafety.IsSafe(KernelVersion.Parse(version)!.Value));

    [Theory]
    [InlineData("6.1.0-56-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-10-02)", null, "6.1.170")]
    [InlineData("5.15.0-91-generic", "#101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023", "Ubuntu 5.15.0-91.101-generic 5.15.131", "5.15.131")]
    [InlineData("6.1.0-56-amd64", "#1 SMP Debian 5.10.1-1", null, "6.1.0")]
    [InlineData("6.6.30", "#1 SMP", "Ubuntu 6.6.30 nonsense", "6.6.30")]
    public void Read_distributions_say_elsewhere_what_they_stand_on(string release, string build, string? signature, string version)
    {
        var host = new FakeHost();
        host.Write("/proc/sys/kernel/osrelease", release + "\n");
        host.Write("/proc/sys/kernel/version", build + "\n");
        if (signature is not null)
            host.Write("/proc/version_signature", signature + "\n");
        Assert.Equal(version, KernelVersion.Read(host)!.Value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("linux")]
    [InlineData("6")]
    [InlineData(".1")]
    public void Parse_refuses_what_is_no_version(string text) => Assert.Null(KernelVersion.Parse(text));

    [Theory]
    [InlineData("none [integrity] confidentiality\n", LockdownLevel.Integrity)]
    [InlineData("[none] integrity confidentiality\n", LockdownLevel.None)]
    [InlineData("none integrity [confidentiality]\n", LockdownLevel.Confidentiality)]
    [InlineData("none integrity", LockdownLevel.Unknown)]
    [InlineData("", LockdownLevel.Unknown)]
    public void Lockdown_is_the_word_in_brackets(string text, LockdownLevel level) => Assert.Equal(level, Lockdown.Parse(Bytes.Of(text)));
}
