using KvmTop.Linux;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Linux;

public sealed class DescriptorLinksTests
{
    private readonly FakeHost _host = new();
    private readonly DescriptorLinks _links;
    private TimeSpan _now = TimeSpan.FromSeconds(100);

    public DescriptorLinksTests()
    {
        _host.Link("/proc/40/fd/3", "/dev/null");
        _host.Link("/proc/40/fd/9", "anon_inode:kvm-vm");
        _host.Link("/proc/40/fd/20", "/dev/net/tun");
        _links = new DescriptorLinks(_host, 40);
    }

    [Fact]
    public void Only_links_that_tell_something_are_kept()
    {
        Assert.Equal(Errno.None, _links.Refresh(_now));
        Assert.Equal([new DescriptorLink(9, "anon_inode:kvm-vm"), new DescriptorLink(20, "/dev/net/tun")], _links.Links.OrderBy(l => l.Fd));
    }

    [Fact]
    public void New_number_is_seen_at_once()
    {
        _links.Refresh(_now);
        _host.Link("/proc/40/fd/21", "/dev/vhost-net");
        _links.Refresh(_now += TimeSpan.FromSeconds(1));
        Assert.Contains(new DescriptorLink(21, "/dev/vhost-net"), _links.Links);
    }

    [Fact]
    public void Number_that_stands_for_something_else_in_place_of_another_is_seen_at_once()
    {
        _links.Refresh(_now);
        _host.Remove("/proc/40/fd/20");
        _host.Link("/proc/40/fd/22", "/dev/tap7");
        _links.Refresh(_now += TimeSpan.FromSeconds(1));
        Assert.Equal(["anon_inode:kvm-vm", "/dev/tap7"], _links.Links.OrderBy(l => l.Fd).Select(l => l.Target));
    }

    [Fact]
    public void Same_numbers_are_read_again_after_a_minute()
    {
        _links.Refresh(_now);
        _host.Link("/proc/40/fd/20", "/dev/vhost-net");
        _links.Refresh(_now += TimeSpan.FromSeconds(59));
        Assert.Contains(_links.Links, l => l.Target == "/dev/net/tun");
        _links.Refresh(_now += TimeSpan.FromSeconds(2));
        Assert.Contains(_links.Links, l => l.Target == "/dev/vhost-net");
        Assert.DoesNotContain(_links.Links, l => l.Target == "/dev/net/tun");
    }

    [Theory]
    [InlineData("/proc/40/fd", Errno.EACCES)]
    [InlineData("/proc/40/fd/9", Errno.EACCES)]
    [InlineData("/proc/40/fd", Errno.ESRCH)]
    public void Process_that_cannot_be_looked_into_says_why_and_has_no_links(string path, Errno errno)
    {
        _links.Refresh(_now);
        _host.Fail(path, errno);
        Assert.Equal(errno, _links.Refresh(_now += TimeSpan.FromSeconds(61)));
        Assert.DoesNotContain(_links.Links, l => l.Fd == 9);
    }

    [Fact]
    public void After_a_failure_the_same_numbers_are_read_again()
    {
        _links.Refresh(_now);
        _host.Fail("/proc/40/fd", Errno.EACCES);
        _links.Refresh(_now += TimeSpan.FromSeconds(1));
        _host.Fail("/proc/40/fd", Errno.None);
        Assert.Equal(Errno.None, _links.Refresh(_now += TimeSpan.FromSeconds(1)));
        Assert.Equal(2, _links.Links.Count);
    }
}
