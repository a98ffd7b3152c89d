using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Launching;

/// <summary>"What a guest can write never decides what the host opens": what a header says is read only to be compared.</summary>
public sealed class Qcow2HeaderTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_names_are_told_as_they_stand(uint version)
    {
        Assert.Equal(new Qcow2Header(null, false, null), Qcow2Header.Read(Qcow2File.Make(version: version), out _));
        Assert.Equal("/etc/shadow", Qcow2Header.Read(Qcow2File.Make("/etc/shadow", version: version), out _)!.Backing);
    }

    [Fact]
    public void Read_data_file_counts_by_its_bit()
    {
        Assert.Equal(new Qcow2Header(null, true, "/root/x"), Qcow2Header.Read(Qcow2File.Make(dataFile: "/root/x", hasDataFile: true), out _));
        Assert.True(Qcow2Header.Read(Qcow2File.Make(hasDataFile: true), out _)!.HasDataFile);
    }

    [Fact]
    public void Read_what_cannot_be_used_says_why()
    {
        Assert.Null(Qcow2Header.Read(Qcow2File.Make(crypt: 2), out var encrypted));
        Assert.Contains("encrypted", encrypted, StringComparison.Ordinal);
        Assert.Null(Qcow2Header.Read(Qcow2File.Make(version: 4), out var version));
        Assert.Equal("its version is 4, not 2 or 3", version);
        Assert.Null(Qcow2Header.Read(new string('x', 2000).Select(c => (byte)c).ToArray(), out _));
    }

    [Theory]
    [InlineData("base.img", true)]
    [InlineData("/vm/base.img", true)]
    [InlineData("./base.img", true)]
    [InlineData("file:/vm/base.img", true)]
    [InlineData("../vm/base.img", true)]
    [InlineData("/etc/shadow", false)]
    [InlineData("../base.img", false)]
    [InlineData("json:{\"driver\":\"file\",\"filename\":\"/vm/base.img\"}", false)]
    [InlineData("nbd:/vm/base.img", false)]
    [InlineData("", false)]
    [InlineData("base.img\0", false)]
    public void Means_one_file_only(string name, bool expected) => Assert.Equal(expected, Qcow2Header.Means(name, "/vm/top.qcow2", "/vm/base.img"));

    [Fact]
    public void Read_whatever_comes_never_throws()
    {
        Fuzz.NeverThrows(b => Qcow2Header.Read(b, out _));
        var random = new Random(20261201);
        var seed = Qcow2File.Make("/base", "/data", hasDataFile: true);
        for (var i = 0; i < 1000; i++)
        {
            var bytes = seed.ToArray();
            for (var n = random.Next(1, 8); n > 0; n--)
                bytes[random.Next(160)] = (byte)random.Next(256);
            _ = Qcow2Header.Read(bytes, out _);
            _ = Qcow2Header.Read(bytes.AsSpan(0, random.Next(300)), out _);
        }
    }
}
