using System.Text;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class NetDevTests
{
    public const string Text = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo: 20103719    4766    0    0    0     0          0         0 20103719    4766    0    0    0     0       0          0
          tap0:100 2 3 4 0 0 0 0 500 6 7 8 0 0 0 0
        eth0:1: 1 1 1 1 1 1 1 1 9 9 9 9 9 9 9 9

        """;

    [Fact]
    public void TryNext_gives_each_interface_with_its_counters()
    {
        var reader = new NetDevReader(Bytes.Of(Text));
        var found = new List<(string, NetDevCounters)>();
        while (reader.TryNext(out var name, out var counters))
            found.Add((Encoding.UTF8.GetString(name), counters));
        Assert.Equal(["lo", "tap0", "eth0:1"], found.Select(f => f.Item1));
        Assert.Equal(new NetDevCounters(100, 2, 3, 4, 500, 6, 7, 8), found[1].Item2);
    }

    [Fact]
    public void TryNext_stands_any_bytes_and_allocates_nothing()
    {
        static void Walk(byte[] bytes)
        {
            var reader = new NetDevReader(bytes);
            while (reader.TryNext(out _, out _))
            {
            }
        }

        Fuzz.NeverThrows(Walk, Text);
        var text = Bytes.Of(Text);
        Fuzz.AllocatesNothing(() => Walk(text));
    }

    [Theory]
    [InlineData("pos:\t0\nflags:\t0104002\nmnt_id:\t26\niff:\ttap7\n", "tap7")]
    [InlineData("pos:\t0\niff:\t\n", null)]
    [InlineData("pos:\t0\n", null)]
    public void Tun_descriptor_names_its_interface(string text, string? name) =>
        Assert.Equal(name, TunDescriptor.TryParse(Bytes.Of(text), out var found) ? Encoding.UTF8.GetString(found) : null);
}
