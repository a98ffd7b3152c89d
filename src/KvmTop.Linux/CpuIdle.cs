namespace KvmTop.Linux;

/// <summary>An idle state of a CPU.</summary>
/// <param name="Name">"POLL", "C1", "C6": the driver's own.</param>
/// <param name="LatencyMicroseconds">What waking from it takes, as the driver says; null when it does not.</param>
public sealed record CpuIdleState(string Name, long? LatencyMicroseconds);

/// <summary>How much a CPU has slept in a state since boot; null for what could not be read.</summary>
/// <param name="Microseconds">Time. The kernel adds a sleep to it when the CPU wakes: one that lasts is not in it yet.</param>
/// <param name="Entries">Times that the state was asked for.</param>
/// <param name="Disabled">True when somebody has forbidden it.</param>
public readonly record struct CpuIdleCount(ulong? Microseconds, ulong? Entries, bool? Disabled);

/// <summary>
/// The idle states of one CPU, <c>/sys/devices/system/cpu/cpuN/cpuidle/stateM/{name,latency,time,usage,disable}</c> (Documentation/admin-guide/pm/cpuidle.rst), with the files
/// that count kept open. Without a cpuidle driver, as in most virtual machines, there is no such folder.
/// </summary>
public sealed class CpuIdle : IDisposable
{
    // CPUIDLE_STATE_MAX is 10.
    private const int MostStates = 16;

    private readonly HostFile?[] _times;
    private readonly HostFile?[] _entries;
    private readonly HostFile?[] _disabled;
    private readonly bool?[] _isDisabled;

    private CpuIdle(int cpu, IReadOnlyList<CpuIdleState> states, HostRoot host)
    {
        (Cpu, States) = (cpu, states);
        (_times, _entries, _disabled, _isDisabled) = (new HostFile?[states.Count], new HostFile?[states.Count], new HostFile?[states.Count], new bool?[states.Count]);
        for (var i = 0; i < states.Count; i++)
        {
            var folder = Folder(cpu, i);
            _ = host.Open(folder + "/time", out _times[i]);
            _ = host.Open(folder + "/usage", out _entries[i]);
            _ = host.Open(folder + "/disable", out _disabled[i]);
        }
    }

    /// <summary>Which CPU.</summary>
    public int Cpu { get; }

    /// <summary>Its states, the shallowest first.</summary>
    public IReadOnlyList<CpuIdleState> States { get; }

    /// <summary>Opens the files of a CPU; null when it has no idle states.</summary>
    public static CpuIdle? Open(HostRoot host, int cpu, ReadBuffer buffer)
    {
        var states = new List<CpuIdleState>();
        while (states.Count < MostStates && KernelText.Read(host, buffer, Folder(cpu, states.Count) + "/name", out var errno) is var name && errno != Errno.ENOENT)
        {
            name = name is { Length: > 0 } ? name[..Math.Min(name.Length, 16)] : FormattableString.Invariant($"state{states.Count}");
            states.Add(new CpuIdleState(name, KernelText.ReadNumber(host, buffer, Folder(cpu, states.Count) + "/latency") is >= 0 and var latency ? latency : null));
        }

        return states.Count == 0 ? null : new CpuIdle(cpu, states, host);
    }

    /// <summary>Who knows the idle states and who chooses among them (<c>/sys/devices/system/cpu/cpuidle/current_{driver,governor}</c>); null for what is not told, or none.</summary>
    public static (string? Driver, string? Governor) ReadDriver(HostRoot host, ReadBuffer buffer)
    {
        const string folder = "/sys/devices/system/cpu/cpuidle/";
        return (Word("current_driver"), Word("current_governor") ?? Word("current_governor_ro"));

        string? Word(string file) => KernelText.Read(host, buffer, folder + file, out _) is { Length: > 0 } text and not "none" ? text : null;
    }

    /// <summary>Reads the counters into one place for each state. Whether a state is forbidden seldom changes: it is read again when asked to.</summary>
    public void Read(ReadBuffer buffer, Span<CpuIdleCount> into, bool withDisabled)
    {
        for (var i = 0; i < _times.Length; i++)
        {
            if (withDisabled)
                _isDisabled[i] = Number(_disabled[i], buffer) is { } n ? n != 0 : null;
            into[i] = new CpuIdleCount(Number(_times[i], buffer), Number(_entries[i], buffer), _isDisabled[i]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var files in (HostFile?[][])[_times, _entries, _disabled])
        {
            foreach (var file in files)
                file?.Dispose();
        }
    }

    private static string Folder(int cpu, int state) => FormattableString.Invariant($"/sys/devices/system/cpu/cpu{cpu}/cpuidle/state{state}");

    private static ulong? Number(HostFile? file, ReadBuffer buffer)
    {
        if (file is null)
            return null;
        var fields = new ByteFields(buffer.ReadRecord(file, out _));
        return fields.TryUInt64(out var n) ? n : null;
    }
}
