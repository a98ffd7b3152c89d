using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

/// <summary>Only -vnc was seen: SPICE, -display, monitors, debugger stubs and consoles stood open to the network without a word.</summary>
public sealed class QemuListenersTests
{
    [Theory]
    [InlineData("-vnc :1", QemuService.Display)]
    [InlineData("-vnc 0.0.0.0:1", QemuService.Display)]
    [InlineData("-vnc [::]:3", QemuService.Display)]
    [InlineData("-vnc *:3,websocket=on", QemuService.Display)]
    [InlineData("-vnc vnc=:1,audiodev=a", QemuService.Display)]
    [InlineData("-vnc [::ffff:0.0.0.0]:1", QemuService.Display)]
    [InlineData("-vnc [0:0:0:0:0:0:0:0]:1", QemuService.Display)]
    [InlineData("-vnc 0:1", QemuService.Display)]
    [InlineData("-display vnc=:2", QemuService.Display)]
    [InlineData("-display vnc=0.0.0.0:2,share=force-shared", QemuService.Display)]
    [InlineData("-spice port=5930,disable-ticketing=on", QemuService.Display)]
    [InlineData("-spice port=5930,disable-ticketing", QemuService.Display)]
    [InlineData("-spice tls-port=5931,addr=::,disable-ticketing=on,x509-dir=/x", QemuService.Display)]
    [InlineData("-monitor tcp:0.0.0.0:4444,server,nowait", QemuService.Monitor)]
    [InlineData("-monitor telnet::4444,server=on,wait=off", QemuService.Monitor)]
    [InlineData("-qmp tcp:[::]:4445,server=on", QemuService.Monitor)]
    [InlineData("-qmp-pretty tcp::4445,server", QemuService.Monitor)]
    [InlineData("-serial mon:telnet::4446,server", QemuService.Monitor)]
    [InlineData("-chardev socket,id=m,host=0.0.0.0,port=4,server=on -mon chardev=m,mode=control", QemuService.Monitor)]
    [InlineData("-mon m -chardev socket,id=m,port=4,server,nowait", QemuService.Monitor)]
    [InlineData("-chardev socket,id=m,port=4,server=on -qmp chardev:m", QemuService.Monitor)]
    [InlineData("-mon chardev=m -chardev {\"id\":\"m\",\"backend\":{\"type\":\"socket\",\"data\":{\"addr\":{\"type\":\"inet\",\"data\":{\"host\":\"::\",\"port\":\"4\"}}}}}", QemuService.Monitor)]
    [InlineData("-gdb tcp::1234", QemuService.Debugger)]
    [InlineData("-gdb tcp:0.0.0.0:1234,server,nowait", QemuService.Debugger)]
    [InlineData("-s", QemuService.Debugger)]
    [InlineData("-s -S", QemuService.Debugger)]
    [InlineData("-serial tcp:0.0.0.0:4446,server,nowait", QemuService.Console)]
    [InlineData("-serial udp::4446@0.0.0.0:4447", QemuService.Console)]
    [InlineData("-serial telnet:0.0.0.0:4446,server=on", QemuService.Console)]
    [InlineData("-chardev socket,id=charserial0,host=0.0.0.0,port=4555,server=on,wait=off -device {\"driver\":\"isa-serial\",\"chardev\":\"charserial0\",\"id\":\"serial0\"}", QemuService.Console)]
    public void What_stands_open_is_found(string line, QemuService service)
    {
        var open = Assert.Single(QemuListeners.Of(["qemu", .. line.Split(' ')]));
        Assert.Equal((service, QemuReach.Everywhere), (open.Service, open.Reach));
    }

    [Theory]
    [InlineData("-vnc 10.0.0.5:0", QemuService.Display)]
    [InlineData("-vnc host.example:0", QemuService.Display)]
    [InlineData("-spice port=1,addr=2001:db8::1,disable-ticketing=on", QemuService.Display)]
    [InlineData("-qmp tcp:10.0.0.5:4444,server", QemuService.Monitor)]
    public void What_stands_open_on_one_address_is_told_apart(string line, QemuService service)
    {
        var open = Assert.Single(QemuListeners.Of(["qemu", .. line.Split(' ')]));
        Assert.Equal((service, QemuReach.OneAddress), (open.Service, open.Reach));
    }

    [Theory]
    [InlineData("-vnc none")]
    [InlineData("-vnc unix:/var/run/qemu-server/1.vnc,password=on")]
    [InlineData("-vnc vnc=unix:/run/kubevirt-private/u/virt-vnc,audiodev=audio1")]
    [InlineData("-vnc 127.0.0.1:0,audiodev=audio1")]
    [InlineData("-vnc 127.1.2.3:0")]
    [InlineData("-vnc [::1]:0")]
    [InlineData("-vnc [::ffff:127.0.0.1]:0")]
    [InlineData("-vnc localhost:5,websocket=5705")]
    [InlineData("-vnc 192.0.2.9:5500,reverse=on")]
    [InlineData("-vnc :1,password")]
    [InlineData("-vnc :1,password-secret=s")]
    [InlineData("-vnc :1,tls-creds=t")]
    [InlineData("-vnc :1,sasl=on")]
    [InlineData("-display vnc=127.0.0.1:2")]
    [InlineData("-display gtk,gl=on")]
    [InlineData("-display none")]
    [InlineData("-spice unix=on,addr=/run/incus/x/qemu.spice,disable-ticketing=on")]
    [InlineData("-spice tls-port=61000,addr=127.0.0.1,tls-ciphers=HIGH,disable-ticketing=on")]
    [InlineData("-spice port=5930")]
    [InlineData("-spice port=5930,password-secret=s")]
    [InlineData("-spice port=5930,disable-ticketing=on,sasl=on")]
    [InlineData("-spice port=0,disable-ticketing=on")]
    [InlineData("-monitor stdio")]
    [InlineData("-monitor unix:/run/m,server,nowait")]
    [InlineData("-monitor tcp:192.0.2.1:4444")]
    [InlineData("-monitor tcp:localhost:4444,server")]
    [InlineData("-serial pty")]
    [InlineData("-serial udp:192.0.2.1:4446")]
    [InlineData("-serial chardev:none")]
    [InlineData("-gdb tcp:127.0.0.1:1234")]
    [InlineData("-gdb unix:/run/g")]
    [InlineData("-chardev socket,id=m,path=/run/m,server=on -mon m")]
    [InlineData("-chardev socket,id=m,host=0.0.0.0,port=4,server=on")]
    [InlineData("-chardev socket,id=m,host=0.0.0.0,port=4,server=on,tls-creds=t -mon m")]
    [InlineData("-chardev socket,id=m,host=192.0.2.1,port=4 -mon m")]
    [InlineData("-append -vnc -name -s")]
    public void What_is_closed_is_not(string line) => Assert.Empty(QemuListeners.Of(["qemu", .. line.Split(' ')]));

    [Fact]
    public void Thousands_of_options_are_bounded() =>
        Assert.InRange(QemuListeners.Of(["qemu", .. Enumerable.Range(0, 20000).SelectMany(i => new[] { "-vnc", ":1", "-device", $"x,chardev=c{i}" })]).Count, 1, 65);
}
