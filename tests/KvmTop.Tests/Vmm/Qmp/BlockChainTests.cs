using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

/// <summary>A disk behind a filter or on the network showed QEMU's JSON for its image and "throttle" or "file" for its format.</summary>
public sealed class BlockChainTests
{
    // As QEMU 10.0.2 answers query-block, cut to what is read.
    [Theory]
    [InlineData("""{"drv":"throttle","file":"json:{\"throttle-group\": \"tg\", \"driver\": \"throttle\", \"file\": {\"driver\": \"raw\", \"file\": {\"driver\": \"host_device\", \"filename\": \"/dev/pve/vm-100-disk-0\"}}}","image":{"format":"throttle"}}""", "/dev/pve/vm-100-disk-0", "raw")]
    [InlineData("""{"drv":"copy-on-read","file":"json:{\"driver\": \"copy-on-read\", \"file\": {\"image\": {\"driver\": \"file\", \"filename\": \"/tmp/raw3.img\"}, \"driver\": \"blkdebug\"}}","image":{"format":"copy-on-read"}}""", "/tmp/raw3.img", "raw")]
    [InlineData("""{"drv":"raw","file":"nbd+unix:///exp?socket=/tmp/nbd","image":{"format":"raw"}}""", "nbd+unix:///exp?socket=/tmp/nbd", "raw")]
    [InlineData("""{"drv":"throttle","file":"json:{\"throttle-group\": \"tg\", \"driver\": \"throttle\", \"file\": {\"driver\": \"null-co\", \"size\": 1048576}}","image":{"format":"throttle"}}""", "null", "raw")]
    // A filter whose file name is its child's: only its image tells the format.
    [InlineData("""{"drv":"copy-before-write","file":"/a.qcow2","image":{"format":"copy-before-write","backing-image":{"format":"throttle","backing-image":{"format":"qcow2","backing-image":{"format":"raw"}}}}}""", "/a.qcow2", "qcow2")]
    [InlineData("""{"drv":"throttle","file":"/a.qcow2","image":{"format":"throttle"}}""", "/a.qcow2", null)]
    [InlineData("""{"drv":"qcow2","file":"/a.qcow2","image":{"format":"qcow2","backing-image":{"format":"raw"}}}""", "/a.qcow2", "qcow2")]
    [InlineData("""{"drv":"host_device","file":"/dev/sdb","image":{"format":"host_device"}}""", "/dev/sdb", "raw")]
    [InlineData("""{"drv":"raw","file":"json:{\"driver\":\"raw\",\"file\":{\"driver\":\"rbd\",\"pool\":\"vms\",\"namespace\":\"n\",\"image\":\"a\",\"user\":\"admin\"}}"}""", "rbd:vms/n/a", "raw")]
    [InlineData("""{"drv":"raw","file":"rbd:vms/a:id=admin:key=SECRET:mon_host=10.0.0.1"}""", "rbd:vms/a", "raw")]
    [InlineData("""{"drv":"qcow2","file":"json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"nfs\",\"path\":\"/e/a.qcow2\",\"server\":{\"type\":\"inet\",\"host\":\"10.0.0.9\"}}}"}""", "nfs:10.0.0.9/e/a.qcow2", "qcow2")]
    [InlineData("""{"drv":"raw","file":"json:{\"driver\":\"raw\",\"file\":{\"driver\":\"iscsi\",\"portal\":\"10.0.0.9\",\"target\":\"iqn.x\",\"lun\":3}}"}""", "iscsi:iqn.x/3", "raw")]
    [InlineData("""{"drv":"raw","file":"json:{\"driver\":\"raw\",\"file\":{\"driver\":\"gluster\",\"volume\":\"v\",\"path\":\"a\",\"server\":[{\"type\":\"inet\",\"host\":\"g1\",\"port\":\"1\"}]}}"}""", "gluster:g1/v/a", "raw")]
    [InlineData("""{"drv":"raw","file":"json:{\"driver\":\"raw\",\"file\":{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"10.0.0.9\",\"port\":\"10810\"},\"export\":\"e\"}}"}""", "nbd:10.0.0.9:10810/e", "raw")]
    [InlineData("""{"drv":"quorum","file":"json:{\"driver\":\"quorum\",\"children\":[{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"/a\"}}]}","image":{"format":"quorum"}}""", "/a", "qcow2")]
    public void Query_block_tells_what_stands_at_the_end(string inserted, string image, string? format)
    {
        var disk = Assert.Single(QmpBlocks.Parse(Bytes.Of($$"""[{"device":"d","inserted":{{inserted}}}]"""))!);
        Assert.Equal((image, format), (disk.Image, disk.Format));
    }

    [Theory]
    [InlineData("-blockdev {\"driver\":\"throttle\",\"node-name\":\"drive-scsi0\",\"throttle-group\":\"g\",\"file\":{\"driver\":\"raw\",\"node-name\":\"f1\",\"file\":{\"driver\":\"host_device\",\"node-name\":\"e1\",\"filename\":\"/dev/pve/a\"}}}", "/dev/pve/a")]
    [InlineData("-blockdev driver=file,filename=/a.img,node-name=s -blockdev driver=qcow2,file=s,node-name=f -blockdev driver=throttle,throttle-group=g,file=f,node-name=drive-scsi0", "/a.img")]
    [InlineData("-blockdev driver=file,filename=/a.img,node-name=s -blockdev driver=copy-on-read,file.driver=qcow2,file.file=s,node-name=drive-scsi0", "/a.img")]
    [InlineData("-blockdev driver=blkdebug,image.driver=file,image.filename=/a.img,node-name=drive-scsi0", "/a.img")]
    [InlineData("-blockdev {\"driver\":\"raw\",\"node-name\":\"drive-scsi0\",\"file\":{\"driver\":\"rbd\",\"pool\":\"p\",\"image\":\"i\",\"user\":\"u\"}}", "rbd:p/i")]
    [InlineData("-blockdev {\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"/run/n\"},\"export\":\"e\",\"node-name\":\"drive-scsi0\"}", "nbd:/run/n/e")]
    [InlineData("-blockdev {\"driver\":\"iscsi\",\"portal\":\"p\",\"target\":\"iqn.x\",\"lun\":0,\"node-name\":\"drive-scsi0\"}", "iscsi:iqn.x")]
    [InlineData("-drive file=rbd:rbd/vm-1-disk-0:conf=/etc/pve/ceph.conf:id=admin:keyring=/k,if=none,id=drive-scsi0", "rbd:rbd/vm-1-disk-0")]
    [InlineData("-drive file=nbd://10.0.0.1/e,if=none,id=drive-scsi0,format=raw", "nbd://10.0.0.1/e")]
    [InlineData("-drive file=json:{\"driver\":\"raw\",,\"file\":{\"driver\":\"file\",,\"filename\":\"/a.img\"}},if=none,id=drive-scsi0", "/a.img")]
    [InlineData("-drive file.driver=https,file.url=https://x/y.img,if=none,id=drive-scsi0", "https://x/y.img")]
    public void Command_line_tells_what_stands_at_the_end(string line, string image)
    {
        var vm = QemuCommandLine.Parse(["q", .. line.Split(' '), "-device", "scsi-hd,drive=drive-scsi0"]);
        Assert.Equal(image, vm.Devices[^1].Detail);
    }

    [Fact]
    public void Chain_that_is_a_ring_has_no_end() =>
        Assert.Null(QemuCommandLine.Parse(["q", "-blockdev", "driver=raw,node-name=a,file=b", "-blockdev", "driver=raw,node-name=b,file=a", "-device", "scsi-hd,drive=a"]).Devices[0].Detail);

    // nvdimm is in "plugged-memory" of query-memory-size-summary, and is none of the guest's memory.
    [Theory]
    [InlineData("""[{"type":"dimm","data":{"size":134217728}},{"type":"nvdimm","data":{"size":268435456}},{"type":"virtio-mem","data":{"size":2097152,"max-size":268435456,"requested-size":67108864}}]""", 136314880UL)]
    [InlineData("[]", 0UL)]
    public void Plugged_memory_is_what_the_guest_has_now(string json, ulong bytes) => Assert.Equal(bytes, QmpAnswers.PluggedMemory(Bytes.Of(json)));

    [Theory]
    [InlineData("{}")]
    [InlineData("3")]
    [InlineData("x")]
    public void Plugged_memory_that_is_no_answer_is_not_known(string json) => Assert.Null(QmpAnswers.PluggedMemory(Bytes.Of(json)));
}
