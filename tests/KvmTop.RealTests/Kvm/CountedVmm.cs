using System.Diagnostics;
using System.Globalization;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Kvm;

/// <summary>counted.c, compiled and running: a VM that exits exactly as often as it is told.</summary>
internal sealed class CountedVmm : IDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private CountedVmm(Process process, string folder) => (_process, _folder) = (process, folder);

    public int Pid => _process.Id;

    /// <summary>Compiles and starts it; skips the test where that cannot be.</summary>
    public static CountedVmm Start()
    {
        Need.Kvm();
        var compiler = Need.Program("gcc");
        var folder = Directory.CreateTempSubdirectory("kvmtop-counted-").FullName;
        var program = Path.Combine(folder, "counted");
        var compiled = Command.Run(compiler, ["-O2", "-o", program, Path.Combine(AppContext.BaseDirectory, "counted.c")]);
        if (compiled.ExitCode != 0)
        {
            Directory.Delete(folder, recursive: true);
            Assert.Skip($"counted.c does not compile here: {compiled.Stderr}");
        }

        var process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var vmm = new CountedVmm(process, folder);
        if (process.StandardOutput.ReadLine() != "ready")
        {
            var reason = process.StandardError.ReadToEnd();
            vmm.Dispose();
            Assert.Skip($"no VM of our own here: {reason}");
        }

        return vmm;
    }

    /// <summary>Calls KVM_RUN so often, each ending in an exit to the VMM, and comes back when that is done.</summary>
    public void Exit(int count)
    {
        _process.StandardInput.WriteLine(count.ToString(CultureInfo.InvariantCulture));
        _process.StandardInput.Flush();
        Assert.Equal(count.ToString(CultureInfo.InvariantCulture), _process.StandardOutput.ReadLine());
    }

    /// <summary>Ends it without a word.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
