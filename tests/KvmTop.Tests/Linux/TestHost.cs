using System.Text;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

/// <summary>A host made of files: a captured one of tests/fixtures/hosts, or one that a test writes into a directory of its own.</summary>
public sealed class TestHost : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kvmtop-test-").FullName;

    public HostRoot Root => new DirectoryHost(_directory);

    public static HostRoot Captured(string name) => new DirectoryHost(FixturePath("hosts/" + name));

    public static string FixturePath(string below)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var path = Path.Combine(at.FullName, "tests", "fixtures", below);
            if (Path.Exists(path))
                return path;
        }

        throw new FileNotFoundException("tests/fixtures/" + below);
    }

    public TestHost Write(string path, string text)
    {
        var full = _directory + path;
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return this;
    }

    public void Dispose() => Directory.Delete(_directory, true);
}

/// <summary>Short for the bytes of a text.</summary>
public static class Bytes
{
    public static byte[] Of(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Captured(string path) => File.ReadAllBytes(TestHost.FixturePath("hosts/two-nodes" + path));
}

/// <summary>What a parser of hostile bytes must stand: noise, and real texts that were cut, changed and stretched.</summary>
public static class Fuzz
{
    public static void NeverThrows(Action<byte[]> parse, params string[] seeds)
    {
        FsCheck.Fluent.Prop.ForAll<byte[]>(FsCheck.Fluent.ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            parse(bytes);
            return true;
        }).QuickCheckOrThrow();

        var random = new Random(20261122);
        foreach (var seed in seeds.Select(Bytes.Of))
        {
            for (var i = 0; i < 400; i++)
                parse(Mutate(seed, random));
            for (var cut = 0; cut < Math.Min(seed.Length, 600); cut++)
                parse(seed[..cut]);
        }
    }

    /// <summary>Asserts that <paramref name="action"/> leaves nothing to the garbage collector once it is warm.</summary>
    public static void AllocatesNothing(Action action)
    {
        for (var i = 0; i < 200; i++)
            action();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            action();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = seed.ToList();
        for (var n = random.Next(1, 6); n > 0 && bytes.Count > 0; n--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, "99999999999999999999999"u8.ToArray());
                    break;
                case 3:
                    bytes.InsertRange(at, new[] { "-1"u8.ToArray(), ",,"u8.ToArray(), "=\0:"u8.ToArray(), "\n\n"u8.ToArray(), "{\"\\ud800\":["u8.ToArray() }[random.Next(5)]);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(0, Math.Min(bytes.Count, 200)));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Runs a property and fails the test with the smallest counterexample.</summary>
    public static void QuickCheckOrThrow(this FsCheck.Property property) => FsCheck.Check.One(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(300), property);
}
