using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace KvmTop.RealTests.Harness;

/// <summary>A VMM of our own (programs/exact_vmm.c) whose one vCPU makes an exactly known number of exits, when it is told to.</summary>
internal sealed class ExactVmm : IDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private ExactVmm(Process process, string folder) => (_process, _folder) = (process, folder);

    public int Pid => _process.Id;

    /// <summary>Starts it, with its vCPU waiting; skips the test without a C compiler or KVM.</summary>
    public static ExactVmm Start(int rounds)
    {
        var compiler = Need.Program("cc");
        Need.Kvm();
        var folder = Directory.CreateTempSubdirectory("kvmtop-vmm-").FullName;
        var program = Path.Combine(folder, "exact_vmm");
        var built = Command.Run(compiler, ["-O2", "-pthread", "-o", program, Source()], TimeSpan.FromSeconds(60));
        Assert.True(built.ExitCode == 0, built.Stderr);
        var process = Process.Start(new ProcessStartInfo(program, [rounds.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var vmm = new ExactVmm(process, folder);
        Assert.Equal("ready", process.StandardOutput.ReadLine());
        return vmm;
    }

    /// <summary>Lets the vCPU run to its end; returns how often KVM_RUN came back with I/O.</summary>
    public long Run()
    {
        _process.StandardInput.WriteLine();
        var done = _process.StandardOutput.ReadLine();
        Assert.StartsWith("done ", done, StringComparison.Ordinal);
        return long.Parse(done!.AsSpan(5), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Source([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "programs", "exact_vmm.c");
}
