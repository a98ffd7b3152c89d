using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Load;

/// <summary>One guest of each kind that looks different from outside, seen once by root and once by somebody without privileges.</summary>
public sealed class MixedHost : IDisposable
{
    private const int SigStop = 19, SigCont = 18;

    private readonly List<IDisposable> _owned = [];
    private CommandResult? _asNobody;
    private bool _started;

    public Guest Paused { get; private set; } = null!;

    public Guest Halted { get; private set; } = null!;

    public Guest Stopped { get; private set; } = null!;

    public Guest Tcg { get; private set; } = null!;

    public Guest Unnamed { get; private set; } = null!;

    public IEnumerable<Guest> All => [Paused, Halted, Stopped, Tcg, Unnamed];

    /// <summary>What root sees.</summary>
    public JsonElement Record { get; private set; }

    public void Start()
    {
        if (_started) return;
        Paused = Own(Guest.Start(new GuestOptions { Work = GuestWork.Idle, Vcpus = 2 }));
        Halted = Own(Guest.Start(new GuestOptions { Work = GuestWork.Halt }));
        Stopped = Own(Guest.Start(new GuestOptions { Work = GuestWork.Halt }));
        Tcg = Own(Guest.Start(new GuestOptions { Work = GuestWork.Halt, Tcg = true }));
        Unnamed = Own(Guest.Start(new GuestOptions { Work = GuestWork.Halt, Vcpus = 3, DebugThreads = false }));
        _ = Native.Kill(Stopped.Pid, SigStop);
        Record = JsonRecords.Run("-n", "2", "-d", "0.5")[^1];
        _started = true;
    }

    /// <summary>The program run by the user "nobody", once.</summary>
    public CommandResult AsNobody()
    {
        Need.Root();
        var setpriv = Need.Program("setpriv");
        string[] drop = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--"];
        if (Command.Run(setpriv, [.. drop, "test", "-r", KvmTopProgram.CommandLine[^1]]).ExitCode != 0) Assert.Skip("nobody may not read the program where it was built");
        var environment = new Dictionary<string, string?> { ["HOME"] = "/", ["DOTNET_CLI_HOME"] = "/tmp", ["TMPDIR"] = null };
        return _asNobody ??= Command.Run(
            setpriv, [.. drop, .. KvmTopProgram.With("-b", "-n", "1", "-d", "0.5", "-o", "json")], TimeSpan.FromSeconds(30), environment);
    }

    public void Dispose()
    {
        if (Stopped is not null) _ = Native.Kill(Stopped.Pid, SigCont);
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }

    private Guest Own(Guest guest)
    {
        _owned.Add(guest);
        return guest;
    }
}
