using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Io;

/// <summary>Balloons of real guests. None of them boots a kernel: their balloons have no driver.</summary>
public sealed class BalloonTests
{
    private const ulong Mebibyte = 1 << 20;
    private const string Device = "virtio-balloon-pci,id=b0";

    [Fact]
    public void Balloon_has_what_qemu_says_and_nobody_has_the_guest_report()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt, ExtraArguments = ["-device", Device] });
        var balloon = Until(guest, b => b.ActualBytes is not null && b.GuestReason?.Contains("polling-interval", StringComparison.Ordinal) == true);
        Assert.Equal(guest.Qmp("query-balloon").GetProperty("actual").GetUInt64(), balloon.ActualBytes);
        Assert.Null(balloon.Guest);
        // It was looked at, and left as it was.
        Assert.Equal(0, guest.Qmp("qom-get", """{"path":"/machine/peripheral/b0","property":"guest-stats-polling-interval"}""").GetInt32());
    }

    [Theory]
    [InlineData(Device, "/machine/peripheral/b0")]
    [InlineData("virtio-balloon-pci", "/machine/peripheral-anon/device[0]")]
    public void Balloon_without_a_driver_keeps_its_size_and_says_so(string device, string path)
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt, MemoryMiB = 64, ExtraArguments = ["-device", device] });
        guest.Qmp("qom-set", $$"""{"path":"{{path}}","property":"guest-stats-polling-interval","value":1}""");
        guest.Qmp("balloon", $$"""{"value":{{32 * Mebibyte}}}""");
        var balloon = Until(guest, b => b.ActualBytes is not null && b.GuestReason?.Contains("no driver", StringComparison.Ordinal) == true);
        Assert.Equal(64 * Mebibyte, balloon.ActualBytes);
    }

    [Fact]
    public void Guest_without_a_balloon_says_so()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        Until(guest, b => b.Reason == "it has no balloon device" && b.GuestReason == b.Reason);
    }

    private static VmBalloon Until(Guest guest, Func<VmBalloon, bool> condition)
    {
        using var services = new CollectorServices();
        var context = new CollectorContext(new DirectoryHost(), services);
        using var vms = VmsTopic.Instance.CreateReader(context);
        using var balloons = BalloonTopic.Instance.CreateReader(context);
        VmBalloon? latest = null;
        Assert.True(
            Wait.Until(
                () =>
                {
                    var key = ((VmsModel?)vms.Read().Value)?.Vms.SingleOrDefault(v => v.Info.Pid == guest.Pid)?.Info.Key;
                    latest = key is { } k && balloons.Read().Value is BalloonModel model ? model.Find(k) : null;
                    return latest is not null && condition(latest);
                },
                TimeSpan.FromSeconds(30)),
            latest?.ToString() ?? "the guest is not listed");
        return latest!;
    }
}
