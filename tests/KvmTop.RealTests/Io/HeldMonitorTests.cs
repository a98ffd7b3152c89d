using System.Net.Sockets;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Io;

/// <summary>A real monitor that somebody else holds: the figures that are missing say so, and so do their sources.</summary>
public sealed class HeldMonitorTests
{
    [Fact]
    public void Monitor_held_by_another_client_is_no_source_that_is_ok()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        using var holder = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        holder.Connect(new UnixDomainSocketEndPoint(guest.OtherQmpSocket));
        Assert.True(holder.Receive(new byte[4096]) > 0);

        // The greeting is waited for three seconds before anybody is blamed.
        var last = JsonRecords.Run("-n", "6", "-d", "1")[^1];

        Assert.Equal(System.Text.Json.JsonValueKind.Null, last.Vm(guest.Pid).GetProperty("run_state").ValueKind);
        foreach (var source in last.GetProperty("sources").EnumerateArray().Where(s => s.Text("topic") is "qmp" or "balloon" or "disks"))
        {
            Assert.Equal("partial", source.Text("status"));
            Assert.Contains("another client holds the monitor", source.Text("reason"), StringComparison.Ordinal);
        }
    }
}
