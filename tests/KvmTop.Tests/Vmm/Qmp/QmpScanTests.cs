using System.Text;
using System.Text.Json;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

/// <summary>What is taken for JSON without an exception is what the framework takes for it, and can be read to the last text.</summary>
public sealed class QmpScanTests
{
    private const string Honest = """[{"device":"d0","a":[1,-2.5e+3,true,false,null,{}],"\u00e9\ud83d\ude00":"x\"y\\z\/\b\f\n\r\t","deep":{"b":[[],[{"c":""}]]},"u":"äöü€😀"}]""";

    [Fact]
    public void Damaged_answers_are_told_from_whole_ones_as_the_framework_does()
    {
        var random = new Random(20261201);
        var whole = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(Honest);
            for (var n = random.Next(3); n >= 0; n--)
            {
                var at = random.Next(bytes.Length);
                bytes = random.Next(3) switch
                {
                    0 => [.. bytes[..at], .. bytes[(at + 1)..]],
                    1 => [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]],
                    _ => [.. bytes[..at], (byte)"{}[],:\"\\ 019-+.eEtnud\n"[random.Next(22)], .. bytes[(at + 1)..]],
                };
            }

            byte[] line = [.. "{\"return\":"u8, .. bytes, .. ",\"id\":5}"u8];
            var message = QmpMessage.Parse(line);
            var expected = Reads(line);
            if (expected && message.Kind == QmpMessageKind.Return)
                whole++;
            Assert.True(expected || message.Kind == QmpMessageKind.Invalid, Encoding.Latin1.GetString(line));
            Assert.True(!expected || message.Kind != QmpMessageKind.Invalid, Encoding.Latin1.GetString(line));
        }

        Assert.InRange(whole, 1000, 19_000);
    }

    [Theory]
    [InlineData(62, true)]
    [InlineData(63, true)]
    [InlineData(64, false)]
    [InlineData(100_000, false)]
    public void Nesting_has_a_limit_and_no_stack_overflows(int depth, bool whole)
    {
        var line = Encoding.ASCII.GetBytes("{\"return\":" + new string('[', depth) + new string(']', depth) + "}");
        Assert.Equal(whole ? QmpMessageKind.Return : QmpMessageKind.Invalid, QmpMessage.Parse(line).Kind);
    }

    private static bool Reads(byte[] line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            Texts(document.RootElement);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static void Texts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Texts(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    Texts(property.Value);
                }

                break;
        }
    }
}
