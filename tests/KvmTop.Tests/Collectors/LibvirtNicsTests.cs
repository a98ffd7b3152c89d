using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

/// <summary>Networks of domains whose descriptors this user may not see.</summary>
public sealed class LibvirtNicsTests : IDisposable
{
    private const int Pid = 500;
    private const string Uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";

    private readonly VmHost _host = new();
    private readonly CollectorServices _services = new();
    private readonly LibvirtDomains _libvirt;
    private readonly ITopicReader _vms;
    private readonly ITopicReader _nics;

    public LibvirtNicsTests()
    {
        _host.Qemu(Pid, 1, commandLine: $"/usr/bin/qemu-system-x86_64\0-name\0guest=web,debug-threads=on\0-uuid\0{Uuid}\0-chardev\0socket,id=charmonitor,fd=29,server=on\0-mon\0chardev=charmonitor,id=monitor,mode=control\0-netdev\0tap,fd=30,id=hostnet0\0-device\0virtio-net-pci,netdev=hostnet0\0-sandbox\0on\0-object\0{{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":\"/var/lib/libvirt/qemu/domain-1-web/master-key.aes\"}}\0");
        var context = new CollectorContext(_host.Files, _services);
        _libvirt = _services.Get(() => new LibvirtDomains(_host.Files));
        _vms = VmsTopic.Instance.CreateReader(context);
        _nics = NicsTopic.Instance.CreateReader(context);
    }

    public void Dispose()
    {
        _nics.Dispose();
        _vms.Dispose();
        _services.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Interfaces_that_may_not_be_seen_are_asked_of_libvirt_and_counted_as_the_guest_sees_them()
    {
        _ = Tick();
        _host.Files.Fail($"/proc/{Pid}/fd", Errno.EACCES);
        var nics = Tick(60);
        Assert.Contains("needs root", nics.Reason, StringComparison.Ordinal);
        Assert.True(_libvirt.NicsWanted);

        Answer(at: 1, rx: 1000, tx: 10);
        Assert.True(double.IsNaN(Tick().RxBytesPerSecond));
        Answer(at: 3, rx: 5000, tx: 30);
        nics = Tick();
        Assert.Equal((2000, 10, null), (nics.RxBytesPerSecond, nics.TxBytesPerSecond, nics.Reason));
        Assert.Equal(("vnet7", "virtio-net-pci"), (nics.Nics[0].Info.Name, nics.Nics[0].Info.Model));

        // The answer is older than the tick: its rate stays until the next one.
        Assert.Equal(2000, Tick().RxBytesPerSecond);
        _nics.Dispose();
        Assert.False(_libvirt.NicsWanted);
    }

    [Fact]
    public void Interfaces_that_can_be_seen_are_not_asked_of_libvirt()
    {
        _ = Tick();
        _ = Tick(60);
        Assert.False(_libvirt.NicsWanted);
    }

    private VmNics Tick(double seconds = 1)
    {
        _host.Files.Advance(seconds);
        Assert.Equal(ReadingStatus.Ok, _vms.Read().Status);
        var state = _nics.Read();
        Assert.True(state.Status == ReadingStatus.Ok, state.Reason);
        return ((NicsModel)state.Value!).Vms.Single().Value;
    }

    private void Answer(double at, ulong rx, ulong tx)
    {
        var domain = new LibvirtDomain { Name = "web", Uuid = Guid.Parse(Uuid), Id = 3, State = LibvirtState.Running, Nics = [new LibvirtNic(0, "vnet7", new NetDevCounters(rx, 0, 0, 0, tx, 0, 0, 0))] };
        var vms = ((VmsModel)_vms.Read().Value!).Vms.Select(v => v.Info).ToList();
        Assert.True(vms[0].Description.LibvirtOwned);
        _libvirt.Take(new LibvirtAnswer(TimeSpan.FromSeconds(at), [domain], 0), vms);
        Assert.Single(_libvirt.ByVm);
    }
}
