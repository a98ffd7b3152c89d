namespace KvmTop.RealTests.Harness;

/// <summary>What the machine must have for a test; skips the running test, with the reason, where it has not.</summary>
public static class Need
{
    /// <summary>An emulator for the guests: <c>qemu-system-x86_64</c> on the PATH, on an x86-64 host.</summary>
    public static string Qemu() => Program("qemu-system-x86_64");

    /// <summary>
    /// A QEMU that knows query-stats and keeps no statistics descriptors open (7.1 to 8.0), from TEST_QEMU_7. Debian 12 has it: <c>apt-get download qemu-system-x86=1:7.2*</c>,
    /// <c>dpkg -x</c>, and the path of its usr/bin/qemu-system-x86_64; the firmware of the installed one will do.
    /// </summary>
    public static string OldQemu() =>
        Environment.GetEnvironmentVariable("TEST_QEMU_7") is { Length: > 0 } path && File.Exists(path) ? path : SkipFor("TEST_QEMU_7 names no QEMU 7.1 to 8.0");

    /// <summary><c>tmux</c> on the PATH.</summary>
    public static string Tmux() => Program("tmux");

    /// <summary>/dev/kvm, readable and writable for this user.</summary>
    public static void Kvm()
    {
        if (!File.Exists("/dev/kvm")) Assert.Skip("no /dev/kvm: the kernel offers no KVM here");
        try
        {
            using var device = File.Open("/dev/kvm", FileMode.Open, FileAccess.ReadWrite);
        }
        catch (UnauthorizedAccessException)
        {
            Assert.Skip("/dev/kvm may not be opened by this user");
        }
    }

    /// <summary>At least this many CPUs to run on.</summary>
    public static void Cpus(int count)
    {
        if (Environment.ProcessorCount < count) Assert.Skip($"needs {count} CPUs, there are {Environment.ProcessorCount}");
    }

    /// <summary>The superuser.</summary>
    public static void Root()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Skip("needs root");
    }

    /// <summary>The full path of a program on the PATH.</summary>
    public static string Program(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        var found = folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (found is null) Assert.Skip($"{name} is not installed");
        return found;
    }

    private static string SkipFor(string reason)
    {
        Assert.Skip(reason);
        return "";
    }
}
