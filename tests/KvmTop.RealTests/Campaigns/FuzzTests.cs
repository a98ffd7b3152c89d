using KvmTop.RealTests.Harness;
using KvmTop.Tests.Campaigns;

namespace KvmTop.RealTests.Campaigns;

/// <summary>The program itself on captured hosts whose files were spoiled: it ends, says something, and prints nothing that a terminal obeys.</summary>
public sealed class FuzzTests
{
    [Fact]
    public void Captured_hosts()
    {
        var source = Path.Combine(Checkout.Folder(), "tests", "fixtures", "hosts", "two-nodes");
        var files = Directory.GetFiles(source, "*", SearchOption.AllDirectories).Where(f => new FileInfo(f).LinkTarget is null).Select(f => Path.GetRelativePath(source, f)).Order(StringComparer.Ordinal).ToArray();
        // A run of the program costs as much as a hundred inputs to a parser.
        Campaign.Run("captured hosts, by the program", Math.Max(10, Campaign.Count(50) / 10), mutator =>
        {
            using var tree = new Workplace();
            _ = Command.Run("cp", ["-r", "--no-preserve=mode", source + "/.", tree.Folder]);
            for (var n = mutator.Next(12); n >= 0; n--)
            {
                var file = Path.Combine(tree.Folder, mutator.One(files));
                File.WriteAllBytes(file, mutator.Spoil(File.ReadAllBytes(file)));
            }

            Plain(KvmTopProgram.Run("--root", tree.Folder, "--once"), 0, 1);
            Plain(KvmTopProgram.Run("--root", tree.Folder, "-b", "-n", "2", "-d", "0.1", "-o", "csv"), 0, 1);
            Plain(KvmTopProgram.Run("--root", tree.Folder, "check"), 0, 1, 2);
        });
    }

    private static void Plain(CommandResult result, params int[] expected)
    {
        Assert.True(Array.IndexOf(expected, result.ExitCode) >= 0, $"exit {result.ExitCode}: {result.Stderr}");
        Assert.DoesNotContain("Unhandled exception", result.Stderr, StringComparison.Ordinal);
        foreach (var c in result.Stdout + result.Stderr)
            Assert.False(c != '\n' && (char.IsControl(c) || c is '\u202e' or '\u2066' or '\u2028'), $"U+{(int)c:X4} on the terminal");
    }
}
