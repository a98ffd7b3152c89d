using KvmTop.Actions;

namespace KvmTop.Tests.Actions;

public sealed class ModprobeFileTests
{
    [Theory]
    [InlineData("", "\noptions kvm_amd nested=1\n")]
    [InlineData("# mine\n", "# mine\noptions kvm_amd nested=1\n")]
    [InlineData("options kvm_amd nested=0\n", "options kvm_amd nested=1\n")]
    [InlineData("options kvm-amd avic=1 nested=0 npt=1\n", "options kvm-amd avic=1 npt=1 nested=1\n")]
    [InlineData("options kvm_amd nested=0\noptions kvm_amd avic=1\n", "options kvm_amd avic=1 nested=1\n")]
    [InlineData("options kvm nested=0\n", "options kvm nested=0\noptions kvm_amd nested=1\n")]
    [InlineData("options kvm_amd avic=1 \\\n  nested=0\nblacklist x\n", "options kvm_amd avic=1 nested=1\nblacklist x\n")]
    [InlineData("options kvm_amd x=\"a  b\" nested\n", "options kvm_amd x=\"a  b\" nested=1\n")]
    [InlineData("no end of line", "no end of line\noptions kvm_amd nested=1\n")]
    [InlineData("# options kvm_amd nested=0\ninstall kvm_amd  /x  y\n", "# options kvm_amd nested=0\ninstall kvm_amd  /x  y\noptions kvm_amd nested=1\n")]
    public void With_sets_the_parameter_once_and_keeps_the_rest(string before, string after) => Assert.Equal(after, ModprobeFile.With(before, "kvm_amd", [("nested", "1")]));

    [Fact]
    public void With_no_file_begins_one_that_says_whose_it_is() =>
        Assert.Equal("# Parameters of kernel modules, set by kvmtop for every boot.\noptions kvm halt_poll_ns=0 tdp_mmu=N\n", ModprobeFile.With(null, "kvm", [("halt_poll_ns", "0"), ("tdp_mmu", "N")]));

    [Fact]
    public void With_twice_is_as_once()
    {
        var once = ModprobeFile.With("# a\n\noptions nbd x=1\n", "kvm_amd", [("nested", "1")]);
        Assert.Equal(once, ModprobeFile.With(once, "kvm_amd", [("nested", "1")]));
    }
}
