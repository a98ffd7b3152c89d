using KvmTop.Linux;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Libvirt;

public sealed class LibvirtTargetTests
{
    [Theory]
    [InlineData("qemu:///system", true)]
    [InlineData("qemu:///session", true)]
    [InlineData("qemu+unix:///system?socket=/tmp/x", true)]
    [InlineData("test:///default", true)]
    [InlineData("qemu+ssh://host/system", false)]
    [InlineData("qemu+ssh:///system", false)]
    [InlineData("qemu+ext:///system?command=/bin/sh", false)]
    [InlineData("qemu+tls:///system", false)]
    [InlineData("qemu://host/system", false)]
    [InlineData("qemu:///embed?root=/tmp/x", false)]
    [InlineData("qemu:///%65mbed?root=/tmp/x", false)]
    [InlineData("qemu+unix+ssh:///system", false)]
    [InlineData("QEMU+UNIX:///system", true)]
    [InlineData("vbox:///session", true)]
    [InlineData("1qemu:///system", false)]
    [InlineData("qe mu:///system", false)]
    [InlineData(":///system", false)]
    [InlineData("qemu", false)]
    [InlineData("/system", false)]
    [InlineData("", false)]
    public void IsLocal_takes_what_stays_on_this_machine(string uri, bool local) => Assert.Equal(local, LibvirtTarget.IsLocal(uri));

    [Fact]
    public void Find_switched_off_asks_nobody() => Assert.Equal((null, true), Of(LibvirtTarget.Find("off", new DirectoryHost(), 0, null)));

    [Fact]
    public void Find_on_a_host_that_is_not_this_machine_asks_nobody() => Assert.Equal((null, true), Of(LibvirtTarget.Find("qemu:///system", TestHost.Captured("two-nodes"), 0, null)));

    [Fact]
    public void Find_named_one_is_asked_without_looking() => Assert.Equal(("test:///default", false), Of(LibvirtTarget.Find("test:///default", new DirectoryHost(), 0, null)));

    [Fact]
    public void Find_of_a_user_prefers_the_session_that_runs()
    {
        var folder = Directory.CreateTempSubdirectory("kvmtop-libvirt-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "libvirt"));
        try
        {
            File.WriteAllText(Path.Combine(folder, "libvirt", "libvirt-sock"), "");
            Assert.Equal("qemu:///session", LibvirtTarget.Find("auto", new DirectoryHost(), 1000, folder).Uri);
            Assert.NotEqual("qemu:///session", LibvirtTarget.Find("auto", new DirectoryHost(), 0, folder).Uri);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (string? Uri, bool Refused) Of(LibvirtTarget target) => (target.Uri, target.Refusal is not null);
}
