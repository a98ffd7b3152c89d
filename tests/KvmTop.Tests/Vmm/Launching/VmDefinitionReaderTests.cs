using System.Text;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Launching;

public sealed class VmDefinitionReaderTests
{
    internal const string Everything =
        """
        {
          "name": "web3", "uuid": "7e43f89c-4140-8dec-9b41-6cccc553197a", "memory": "4G", "vcpus": 4, "cpu": "host,-arch-capabilities", "machine": "q35", "firmware": "uefi",
          "disks": [
            { "path": "/images/a,b.qcow2", "format": "qcow2", "cache": "writeback", "aio": "io_uring", "bus": "scsi",
              "data-file": "/images/a.data", "backing": { "path": "/images/base", "format": "qcow2" } },
            { "path": "/dev/vg/web3", "format": "raw", "cache": "directsync", "readonly": true },
            { "path": "/iso/debian.iso", "media": "cdrom" }
          ],
          "networks": [
            { "type": "user", "forward": ["2222:22", "5353:53/udp"] },
            { "type": "tap", "device": "tap0", "mac": "52:54:00:01:02:03", "queues": 4, "vhost": true },
            { "type": "bridge", "device": "br0", "model": "e1000e" }
          ],
          "hugepages": "2M", "prealloc": true, "node": 1, "affinity": "0-3,8", "display": "vnc",
          "kernel": "/boot/vmlinuz", "initrd": "/boot/initrd", "append": "console=ttyS0 quiet",
          "arguments": ["-device", "usb-kbd"]
        }
        """;

    [Fact]
    public void Read_everything_that_can_be_said_is_understood()
    {
        var vm = Read(Everything, out var mistake);

        Assert.Equal("", mistake);
        Assert.Equal(("web3", 4UL << 30, 4, 2UL << 20), (vm!.Name, vm.MemoryBytes, vm.Vcpus, vm.HugepageBytes));
        Assert.Equal(["/images/a,b.qcow2", "/dev/vg/web3", "/iso/debian.iso"], vm.Disks.Select(d => d.Path));
        Assert.Equal((true, true, "raw", "writeback"), (vm.Disks[2].IsCdrom, vm.Disks[2].ReadOnly, vm.Disks[2].Format, vm.Disks[2].Cache));
        Assert.Equal([new VmForward("tcp", 2222, 22), new VmForward("udp", 5353, 53)], vm.Networks[0].Forwards);
        Assert.Equal((1, "0-3,8", "vnc", "console=ttyS0 quiet"), (vm.Node, vm.Affinity, vm.Display, vm.Append));
    }

    [Fact]
    public void Of_definition_read_again_is_the_same()
    {
        var text = VmDefinitionText.Of(Read(Everything, out _)!);

        var again = Read(text, out var mistake);

        Assert.Equal("", mistake);
        Assert.Equal(text, VmDefinitionText.Of(again!));
        Assert.Contains("\"5353:53/udp\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"nmae\": \"x\"", "nmae: there is no such key")]
    [InlineData("\"memory\": \"1G\"", "memory: it is there twice")]
    [InlineData("\"cpu\": 5", "cpu: expected a text, found 5")]
    [InlineData("\"cpu\": \"host -S\"", "cpu: expected letters")]
    [InlineData("\"cpu\": \"-S\"", "cpu: expected letters")]
    [InlineData("\"disks\": {}", "disks: expected a list, found {}")]
    [InlineData("\"disks\": [1]", "disks[0]: expected an object, found 1")]
    [InlineData("\"disks\": [{\"path\": \"/a\"}]", "disks[0].format: it is missing")]
    [InlineData("\"disks\": [{\"path\": \"/a/../b\", \"format\": \"raw\"}]", "disks[0].path: '..' is not allowed")]
    [InlineData("\"disks\": [{\"path\": \"a\", \"format\": \"raw\"}]", "disks[0].path: expected an absolute path")]
    [InlineData("\"disks\": [{\"path\": \"/a\\nb\", \"format\": \"raw\"}]", "disks[0].path: control characters")]
    [InlineData("\"disks\": [{\"path\": \"/a\\u001b[2J\", \"format\": \"raw\"}]", "disks[0].path: control characters")]
    [InlineData("\"disks\": [{\"path\": \"/a\", \"format\": \"vmdk\"}]", "disks[0].format: expected raw or qcow2")]
    [InlineData("\"disks\": [{\"path\": \"/a\", \"format\": \"raw\", \"cache\": \"writeback\", \"aio\": \"native\"}]", "disks[0].aio: native goes with")]
    [InlineData("\"disks\": [{\"path\": \"/a\", \"format\": \"raw\"}, {\"path\": \"/a\", \"format\": \"raw\"}]", "disks: /a is there twice")]
    [InlineData("\"networks\": [{\"type\": \"tap\"}]", "networks[0].device: it is missing")]
    [InlineData("\"networks\": [{\"type\": \"tap\", \"device\": \"t,script=/x\"}]", "networks[0].device: expected the name")]
    [InlineData("\"networks\": [{\"type\": \"user\", \"mac\": \"01:00:00:00:00:00\"}]", "networks[0].mac: expected an address")]
    [InlineData("\"networks\": [{\"type\": \"user\", \"queues\": 2}]", "networks[0].queues: more than one")]
    [InlineData("\"networks\": [{\"type\": \"user\", \"forward\": [\"0:22\"]}]", "networks[0].forward[0]: expected HOST:GUEST")]
    [InlineData("\"hugepages\": \"3M\"", "hugepages: expected true")]
    [InlineData("\"node\": -1", "node: expected a whole number")]
    [InlineData("\"affinity\": \"0-\"", "affinity: expected a list of CPUs")]
    [InlineData("\"append\": \"x\"", "append: it goes with kernel only")]
    [InlineData("\"arguments\": [\"-daemonize\"]", "arguments[0]: -daemonize is not allowed")]
    [InlineData("\"arguments\": [\"--name\"]", "arguments[0]: --name is not allowed")]
    [InlineData("\"arguments\": [\"a\\u0000b\"]", "arguments[0]: control characters")]
    [InlineData("\"disks\": [{\"path\": \"/a\", \"format\": \"raw\", \"backing\": {\"path\": \"/b\", \"format\": \"raw\"}}]", "disks[0].backing: it goes with format qcow2 only")]
    [InlineData("\"disks\": [{\"path\": \"/a\", \"format\": \"raw\", \"data-file\": \"/b\"}]", "disks[0].data-file: it goes with format qcow2 only")]
    [InlineData("\"disks\": [{\"path\": \"/a\", \"format\": \"qcow2\", \"backing\": {\"path\": \"/b\"}}]", "disks[0].backing.format: it is missing")]
    [InlineData("\"disks\": [{\"path\": \"/a\", \"format\": \"qcow2\", \"backing\": {\"path\": \"json:{}\", \"format\": \"raw\"}}]", "disks[0].backing.path: expected an absolute path")]
    [InlineData("\"disks\": [{\"path\": \"/dev/fd/3\", \"format\": \"raw\"}]", "disks[0].path: expected a file")]
    [InlineData("\"disks\": [{\"path\": \"/dev//./fdset/3\", \"format\": \"raw\"}]", "disks[0].path: expected a file")]
    [InlineData("\"kernel\": \"/proc/self/fd/3\"", "kernel: expected a file")]
    [InlineData("\"uuid\": \"\\ud800\"", "uuid: it is no valid text")]
    public void Read_mistake_names_the_key_and_what_was_expected(string more, string expected)
    {
        Assert.Null(Read($$"""{"name": "a", "memory": "1G", "vcpus": 1, {{more}}}""", out var mistake));
        Assert.StartsWith(expected, mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"memory": "1G", "vcpus": 1}""", "name: it is missing")]
    [InlineData("""{"name": "-S", "memory": "1G", "vcpus": 1}""", "name: -S looks like an option")]
    [InlineData("""{"name": "a,b", "memory": "1G", "vcpus": 1}""", "name: expected letters")]
    [InlineData("""{"name": "../a", "memory": "1G", "vcpus": 1}""", "name: expected letters")]
    [InlineData("""{"name": "a", "memory": 1024, "vcpus": 1}""", "memory: expected a text, found 1024")]
    [InlineData("""{"name": "a", "memory": "1024", "vcpus": 1}""", "memory: expected a size")]
    [InlineData("""{"name": "a", "memory": "1G", "vcpus": 0}""", "vcpus: expected a whole number from 1")]
    [InlineData("""{"name": "a", "memory": "1G", "vcpus": 1.5}""", "vcpus: expected a whole number from 1")]
    [InlineData("[]", "the file: expected an object")]
    [InlineData("{", "line 1: this is no JSON")]
    public void Read_no_machine_says_why(string text, string expected)
    {
        Assert.Null(Read(text, out var mistake));
        Assert.StartsWith(expected, mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_whatever_comes_never_throws() => Fuzz.NeverThrows(b => VmDefinitionReader.Read(b, out _), Everything);

    internal static VmDefinition? Read(string text, out string mistake) => VmDefinitionReader.Read(Encoding.UTF8.GetBytes(text), out mistake);

    [Fact]
    public void Read_images_one_over_the_other_are_bounded()
    {
        static string Chain(int images)
        {
            var text = """{"path": "/0", "format": "raw"}""";
            for (var i = 1; i < images; i++)
                text = $$"""{"path": "/{{i}}", "format": "qcow2", "backing": {{text}}}""";
            return $$"""{"name": "a", "memory": "1G", "vcpus": 1, "disks": [{{text}}]}""";
        }

        Assert.NotNull(Read(Chain(VmImage.Deepest), out var mistake));
        Assert.Equal("", mistake);
        Assert.Null(Read(Chain(VmImage.Deepest + 1), out _));
        Assert.Null(Read(Chain(500), out _));
    }

    [Theory]
    [InlineData("-readconfig", "/x")]
    [InlineData("--readconfig", "/x")]
    [InlineData("-set", "chardev.console0.path=/x")]
    [InlineData("-add-fd", "fd=3,set=1")]
    [InlineData("-loadvm", "x")]
    [InlineData("-qmp", "tcp::4444")]
    [InlineData("-qmp-pretty", "tcp::4444")]
    [InlineData("-mon", "chardev=console0")]
    [InlineData("--monitor", "stdio")]
    [InlineData("-incoming", "tcp::1")]
    [InlineData("-run-with", "chroot=/x")]
    [InlineData("-S", "-S")]
    [InlineData("-hda", "/x.img")]
    [InlineData("-cdrom", "/x.iso")]
    [InlineData("-pflash", "/x.fd")]
    [InlineData("/x.img", "/y.img")]
    [InlineData("-usb", "/x.img")]
    [InlineData("-rtc", "-readconfig")]
    [InlineData("-rtc", "-x")]
    [InlineData("-drive", "file=/x.img")]
    [InlineData("-drive", "file=/x.img,format=qcow2")]
    [InlineData("-drive", "file=/x.img,format=raw,format=qcow2")]
    [InlineData("-drive", "file=json:{},format=raw")]
    [InlineData("-drive", "file=nbd://x,format=raw")]
    [InlineData("-drive", "file=/x.img,format=raw,backing.file.filename=/etc/shadow")]
    [InlineData("-drive", "file=/x.img,format=raw,snapshot=on")]
    [InlineData("-blockdev", "driver=qcow2,node-name=n,file.driver=file,file.filename=/x")]
    [InlineData("-blockdev", "{\"driver\": \"\\u0071cow2\", \"file\": \"n\"}")]
    [InlineData("-blockdev", "{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"json:{}\"}}")]
    public void What_arguments_may_not_say_cannot_be_brought_back(params string[] words) => Assert.NotNull(ExtraArguments.Fault(words, out _));

    [Theory]
    [InlineData("-device", "usb-kbd", "-usb", "-global", "ICH9-LPC.disable_s3=1")]
    [InlineData("-drive", "if=pflash,format=raw,unit=1,file=/vars,,1.fd")]
    [InlineData("-blockdev", "driver=raw,node-name=n,file.driver=nbd,file.server.type=unix,file.server.path=/s")]
    [InlineData("-no-reboot")]
    public void What_arguments_may_say(params string[] words) => Assert.Null(ExtraArguments.Fault(words, out _));

    [Fact]
    public void Files_of_arguments_are_told() => Assert.Equal(["/vars,1.fd"], ExtraArguments.Files(["-device", "x", "-drive", "if=pflash,format=raw,unit=1,file=/vars,,1.fd"]));
}
