using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

public sealed class QmpBalloonTests
{
    // As QEMU 10.0.2 answers, cut to what is read.
    public const string Stats = """
        {"stats": {"stat-htlb-pgfail": 0, "stat-swap-out": 0, "stat-available-memory": 700000000, "stat-free-memory": 600000000, "stat-total-memory": 1000000000,
        "stat-minor-faults": 12, "stat-disk-caches": 18446744073709551615}, "last-update": 1763841600}
        """;

    [Fact]
    public void Actual_is_a_number_of_bytes() => Assert.Equal(67108864UL, QmpBalloon.Actual("""{"actual": 67108864}"""u8.ToArray()));

    [Fact]
    public void Guest_memory_has_what_the_driver_reports() =>
        Assert.Equal(new GuestMemory(1000000000, 600000000, 700000000, null, DateTimeOffset.FromUnixTimeSeconds(1763841600)), QmpBalloon.GuestMemory(Bytes.Of(Stats)));

    [Fact]
    public void Guest_memory_that_was_never_reported_has_no_time() =>
        Assert.Equal(new GuestMemory(null, null, null, null, null), QmpBalloon.GuestMemory("""{"stats": {"stat-free-memory": 18446744073709551615}, "last-update": 0}"""u8.ToArray()));

    [Theory]
    [InlineData("virtio-balloon-pci", "balloon0", "/f/balloon0")]
    [InlineData("virtio-balloon-ccw", "device[3]", "/f/device[3]")]
    [InlineData("virtio-net-pci", "net0", null)]
    [InlineData("virtio-balloon-pci", "a\\\"}", null)]
    [InlineData("virtio-balloon-pci", "", null)]
    public void Device_is_found_by_its_type_and_only_under_a_plain_name(string type, string name, string? path) => Assert.Equal(
        path,
        QmpBalloon.Device(Bytes.Of($$"""[{"name": "type", "type": "string"}, {"name": "{{name}}", "type": "child<{{type}}>"}]"""), "/f"));

    [Fact]
    public void Any_bytes_are_no_answer() => Fuzz.NeverThrows(
        bytes =>
        {
            _ = QmpBalloon.Actual(bytes);
            _ = QmpBalloon.Device(bytes, "/f");
            _ = QmpBalloon.GuestMemory(bytes);
        },
        Stats.ReplaceLineEndings(""),
        """[{"name": "balloon0", "type": "child<virtio-balloon-pci>"}]""");
}
