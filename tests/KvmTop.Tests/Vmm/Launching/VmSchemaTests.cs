using KvmTop.Tests.Linux;
using KvmTop.Vmm;
using NJsonSchema;

namespace KvmTop.Tests.Vmm.Launching;

/// <summary>schema/kvmtop-vm.schema.json says what the reader says.</summary>
public sealed class VmSchemaTests
{
    private static readonly string s_file = Path.Combine(TestHost.FixturePath("hosts"), "../../../schema/kvmtop-vm.schema.json");

    [Fact]
    public async Task Schema_takes_all_that_the_reader_takes()
    {
        var schema = await Read();

        Assert.Empty(schema.Validate(VmDefinitionReaderTests.Everything));
        Assert.Empty(schema.Validate(VmDefinitionText.Of(VmDefinitionReaderTests.Read(VmDefinitionReaderTests.Everything, out _)!)));
        Assert.Empty(schema.Validate("""{"name": "a", "memory": "1G", "vcpus": 1, "hugepages": true}"""));
    }

    [Fact]
    public async Task Schema_has_no_key_that_the_reader_does_not_know()
    {
        var schema = await Read();

        // The reader lists its keys when it is given one that it does not know.
        _ = VmDefinitionReaderTests.Read("""{"name": "a", "memory": "1G", "vcpus": 1, "?": 1}""", out var top);
        _ = VmDefinitionReaderTests.Read("""{"name": "a", "memory": "1G", "vcpus": 1, "disks": [{"path": "/a", "format": "raw", "?": 1}]}""", out var disk);
        _ = VmDefinitionReaderTests.Read("""{"name": "a", "memory": "1G", "vcpus": 1, "disks": [{"path": "/a", "format": "qcow2", "backing": {"path": "/b", "format": "raw", "?": 1}}]}""", out var image);
        _ = VmDefinitionReaderTests.Read("""{"name": "a", "memory": "1G", "vcpus": 1, "networks": [{"type": "user", "?": 1}]}""", out var network);

        Assert.Equal(Keys(top), schema.Properties.Keys.Order());
        Assert.Equal(Keys(disk), schema.Properties["disks"].Item!.Properties.Keys.Order());
        Assert.Equal(Keys(image), schema.Definitions["image"].Properties.Keys.Order());
        Assert.Equal(Keys(network), schema.Properties["networks"].Item!.Properties.Keys.Order());
    }

    private static IEnumerable<string> Keys(string mistake) => mistake[(mistake.IndexOf("there are ", StringComparison.Ordinal) + 10)..].Split(", ").Order();

    private static async Task<JsonSchema> Read() =>
        await JsonSchema.FromJsonAsync(await File.ReadAllTextAsync(s_file, TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
}
