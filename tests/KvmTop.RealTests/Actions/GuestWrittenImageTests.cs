using System.Globalization;
using KvmTop.RealTests.Harness;
using KvmTop.Tests.Vmm.Launching;

namespace KvmTop.RealTests.Actions;

/// <summary>"What a guest can write never decides what the host opens": a real QEMU has no file open that was not named, whatever the headers of its images say.</summary>
public sealed class GuestWrittenImageTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);
    private static int s_count;

    private readonly Workplace _place = new();
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"kvmtop-image-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
    private readonly Keeper _keeper;

    public GuestWrittenImageTests()
    {
        Need.Root();
        Need.Kvm();
        _ = Need.Qemu();
        _keeper = new Keeper("""[ -s "/run/kvmtop/$1.pid" ] && kill -9 "$(cat "/run/kvmtop/$1.pid")" 2>/dev/null; rm -f "/run/kvmtop/$1".*""", _name);
        foreach (var file in new[] { "secret", "base.img", "data.raw" })
            File.WriteAllBytes(Full(file), new byte[1 << 20]);
    }

    public void Dispose()
    {
        _keeper?.Dispose();
        _place.Dispose();
    }

    [Fact]
    public void A_raw_disk_with_a_guests_header_stays_raw()
    {
        File.WriteAllBytes(Full("disk.img"), Qcow2File.Make(Full("secret")));

        Assert.Equal(["disk.img"], Started(["vm", "run", "--name", _name, "--memory", "64M", "--vcpus", "1", "--network", "none", "--disk", Full("disk.img") + ",format=raw"]));
    }

    [Fact]
    public void A_disk_whose_format_is_not_said_is_not_started()
    {
        File.WriteAllBytes(Full("disk.img"), Qcow2File.Make(Full("secret")));

        var result = KvmTopProgram.Run(["vm", "run", "--name", _name, "--memory", "64M", "--disk", Full("disk.img"), "--yes"], s_deadline, Surroundings);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(",format=raw or ,format=qcow2", result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secret", false)]
    [InlineData("secret", true)]
    public void A_header_that_names_more_than_the_definition_is_refused(string named, bool asData)
    {
        File.WriteAllBytes(Full("disk.img"), asData ? Qcow2File.Make(dataFile: Full(named), hasDataFile: true) : Qcow2File.Make(Full(named)));

        var result = KvmTopProgram.Run(["vm", "start", Define(""), "--yes"], s_deadline, Surroundings);

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("secret by its header", result.Stderr, StringComparison.Ordinal);
        Assert.False(File.Exists($"/run/kvmtop/{_name}.pid"));
    }

    [Fact]
    public void A_chain_that_the_definition_names_is_opened_and_nothing_else()
    {
        File.WriteAllBytes(Full("disk.img"), Qcow2File.Make("base.img"));

        Assert.Equal(["base.img", "disk.img"], Started(["vm", "start", Define($$""", "backing": {"path": "{{Full("base.img")}}", "format": "raw"}""")]));
    }

    [Fact]
    public void A_data_file_that_the_definition_names_is_opened_and_nothing_else()
    {
        File.WriteAllBytes(Full("disk.img"), Qcow2File.Make(dataFile: "data.raw", hasDataFile: true));

        Assert.Equal(["data.raw", "disk.img"], Started(["vm", "start", Define($", \"data-file\": \"{Full("data.raw")}\"")]));
    }

    private Dictionary<string, string?> Surroundings => _place.Environment.ToDictionary(e => e.Key, e => (string?)e.Value);

    private string Full(string file) => Path.Combine(_place.Folder, file);

    private string Define(string more) => _place.Write(
        _name + ".json", $$"""{"name": "{{_name}}", "memory": "64M", "vcpus": 1, "disks": [{"path": "{{Full("disk.img")}}", "format": "qcow2"{{more}}}]}""");

    /// <summary>Starts it, and tells which files of this test's folder QEMU has open.</summary>
    private List<string> Started(string[] words)
    {
        var result = KvmTopProgram.Run([.. words, "--yes"], s_deadline, Surroundings);
        Assert.True(result.ExitCode == 0, result.Stdout + result.Stderr);
        var pid = int.Parse(File.ReadAllText($"/run/kvmtop/{_name}.pid"), CultureInfo.InvariantCulture);
        var open = Directory.GetFiles(FormattableString.Invariant($"/proc/{pid}/fd")).Select(f => new FileInfo(f).LinkTarget ?? "");
        return [.. open.Where(o => o.StartsWith(_place.Folder + "/", StringComparison.Ordinal)).Select(o => Path.GetFileName(o)).Distinct().Order(StringComparer.Ordinal)];
    }
}
