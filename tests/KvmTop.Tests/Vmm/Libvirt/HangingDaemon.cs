using System.Net.Sockets;

namespace KvmTop.Tests.Vmm.Libvirt;

/// <summary>Takes connections and says nothing.</summary>
internal sealed class HangingDaemon : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmtop-hang-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public HangingDaemon()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_folder + "/sock"));
        _listener.Listen(16);
    }

    public string Uri => $"qemu+unix:///system?socket={_folder}/sock";

    public void Dispose()
    {
        _listener.Dispose();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }
}
