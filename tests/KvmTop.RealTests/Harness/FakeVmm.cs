using System.Diagnostics;

namespace KvmTop.RealTests.Harness;

/// <summary>A process of nobody's that is called like QEMU and says of itself what a test wants: any local user can have one.</summary>
internal sealed class FakeVmm : IDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private FakeVmm(Process process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>Its process.</summary>
    public int Pid => _process.Id;

    /// <summary>It has not ended.</summary>
    public bool IsAlive => !_process.HasExited;

    /// <summary>Starts one, which does nothing; skips the test without root or setpriv.</summary>
    public static FakeVmm Start(params string[] arguments)
    {
        Need.Root();
        var setpriv = Need.Program("setpriv");
        var folder = Directory.CreateTempSubdirectory("kvmtop-fake-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var program = Path.Combine(folder, "qemu-system-x86_64");
        File.Copy(new FileInfo("/bin/sh").ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? "/bin/sh", program);
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);

        // It waits for its standard input to end, which it does with this process.
        string[] all = ["--reuid=65534", "--regid=65534", "--clear-groups", program, "-c", "read -r _; :", .. arguments];
        var fake = new FakeVmm(Process.Start(new ProcessStartInfo(setpriv, all) { RedirectStandardInput = true })!, folder);
        if (!Wait.Until(() => File.ReadAllText($"/proc/{fake.Pid}/comm").StartsWith("qemu", StringComparison.Ordinal), TimeSpan.FromSeconds(30)))
            throw new InvalidOperationException("the fake did not start");
        return fake;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5))) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
