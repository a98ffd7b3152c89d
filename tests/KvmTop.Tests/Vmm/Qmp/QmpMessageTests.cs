using System.Text;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

public sealed class QmpMessageTests
{
    [Theory]
    [InlineData(FakeMonitor.Greeting, QmpMessageKind.Greeting)]
    [InlineData("""{"return": {}, "id": 3}""", QmpMessageKind.Return)]
    [InlineData("""{"id": 3, "error": {"class": "X", "desc": "y"}}""", QmpMessageKind.Error)]
    [InlineData("""{"timestamp": {"seconds": 1}, "event": "STOP"}""", QmpMessageKind.Event)]
    [InlineData("""{"event": 5}""", QmpMessageKind.Invalid)]
    [InlineData("""{"other": 5}""", QmpMessageKind.Invalid)]
    [InlineData("""{"return": {}""", QmpMessageKind.Invalid)]
    [InlineData("", QmpMessageKind.Invalid)]
    public void Parse_line_tells_what_it_is(string line, QmpMessageKind kind) => Assert.Equal(kind, QmpMessage.Parse(Bytes.Of(line)).Kind);

    [Fact]
    public void Parse_return_points_at_its_value_and_id()
    {
        var message = QmpMessage.Parse("""{"return": [{"a": 1}, "x"], "id": 77}"""u8);
        Assert.Equal(("""[{"a": 1}, "x"]""", 77), (Encoding.UTF8.GetString(message.Payload), message.Id));
    }

    [Fact]
    public void Parse_any_bytes_does_not_throw() =>
        Fuzz.NeverThrows(b => QmpMessage.Parse(b), FakeMonitor.Greeting, """{"id": 3, "error": {"class": "X", "desc": "y"}}""", """{"event": "STOP", "data": {"a": [1, {"b": null}]}}""");

    [Fact]
    public void Parse_leaves_nothing_to_the_garbage_collector()
    {
        var line = Bytes.Of("""{"return": [{"a": 1}, "x"], "id": 77}""");
        Fuzz.AllocatesNothing(() => QmpMessage.Parse(line));
    }
}
