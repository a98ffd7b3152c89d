using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

/// <summary>Class: what was chosen is what is meant. A word never comes to mean another user's VM while there is one of one's own.</summary>
public sealed class VmLookupTests
{
    private const uint Root = 0, Alice = 1000, Nobody = 65534;
    private const string Uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";

    private readonly List<VmInfo> _vms = [];

    [Fact]
    public void Number_is_a_pid_though_another_vm_is_called_by_it()
    {
        Add(9271, "victim", Root);
        Add(9272, "9271", Nobody);

        Assert.Equal(("9271", "9272"), Find("9271", Root));
        Assert.Equal(("9271", "9272"), Find("9271", Nobody));
    }

    [Fact]
    public void Number_that_is_no_pid_is_a_name()
    {
        Add(5, "9271", Root);

        Assert.Equal(("5", ""), Find("9271", Root));
    }

    [Theory]
    [InlineData("web-x")]
    [InlineData(Uuid)]
    [InlineData("eb-")]
    public void Ones_own_goes_before_those_of_managers_and_these_before_strangers(string word)
    {
        Add(1, "web-x", Nobody);
        Add(2, "web-x", 64055, "libvirt-qemu");
        Add(3, "web-x", Alice);

        Assert.Equal(("3", "1 2"), Find(word, Alice));
        Assert.Equal(("2", "1 3"), Find(word, Root));
        Assert.Equal(("1", "2 3"), Find(word, Nobody));
    }

    [Fact]
    public void Stranger_cannot_make_a_word_unclear()
    {
        Add(1, "web-x", Nobody);
        Add(2, "web-x", Nobody);
        Add(3, "web-x", Root);

        Assert.Equal(("3", "1 2"), Find("web-x", Root));
    }

    [Fact]
    public void Two_of_the_same_owner_are_not_clear()
    {
        Add(1, "web-x", Root);
        Add(2, "web-x", Root);

        Assert.Equal(("1 2", ""), Find("web-x", Root));
    }

    [Fact]
    public void Owner_that_could_not_be_read_is_a_stranger()
    {
        Add(1, "web-x", null);
        Add(2, "web-x", Root);

        Assert.Equal(("2", "1"), Find("web-x", Alice));
    }

    [Fact]
    public void Account_that_calls_itself_like_a_managers_but_is_a_part_of_its_name_is_a_stranger()
    {
        Add(1, "web-x", Alice, "libvirt-qemu2");
        Add(2, "web-x", 64055, "libvirt-qemu");

        Assert.Equal(("2", "1"), Find("web-x", Root));
    }

    private (string Found, string Others) Find(string word, uint caller) =>
        VmLookup.Find(_vms, word, caller) is var match ? (string.Join(' ', match.Found.Select(v => v.Pid)), string.Join(' ', match.Others.Select(v => v.Pid))) : default;

    private void Add(int pid, string name, uint? uid, string? user = null) => _vms.Add(new VmInfo
    {
        Key = new VmKey(pid, 1), Name = name, Vmm = VmmKind.Qemu, Accelerator = "kvm", Confirmed = true, User = user ?? $"{uid}", Uid = uid, Arguments = [], Threads = [], VcpuThreads = 0,
        VcpuSource = "", Description = VmDescriber.Describe(VmmKind.Qemu, ["qemu", "-uuid", Uuid]),
    });
}
