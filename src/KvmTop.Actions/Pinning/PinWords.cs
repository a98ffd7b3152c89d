using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Words that pinning and unpinning have in common.</summary>
internal static class PinWords
{
    /// <summary>Options that say which threads.</summary>
    public static IReadOnlyList<string> Flags { get; } = ["--vcpus", "--emulator", "--iothreads"];

    /// <summary>Which threads were asked for.</summary>
    public static PinKinds Kinds(ActionWords words) =>
        (words.Has("--vcpus") ? PinKinds.Vcpus : 0) | (words.Has("--emulator") ? PinKinds.Emulator : 0) | (words.Has("--iothreads") ? PinKinds.IoThreads : 0);

    /// <summary>"4 vCPUs", "vCPU 2", "emulator threads", ..</summary>
    public static string Describe(PinKinds kinds, IReadOnlyList<PinThread> threads, CpuSet? numbers)
    {
        var words = new List<string>();
        if (kinds.HasFlag(PinKinds.Vcpus))
            words.Add(numbers is null ? string.Create(CultureInfo.InvariantCulture, $"{threads.Count(t => t.Kind == PinKinds.Vcpus)} vCPUs") : $"{(numbers.Count == 1 ? "vCPU" : "vCPUs")} {numbers}");
        if (kinds.HasFlag(PinKinds.Emulator))
            words.Add("emulator threads");
        if (kinds.HasFlag(PinKinds.IoThreads))
            words.Add("I/O threads");
        return string.Join(" and ", words);
    }

    /// <summary>Why a VM has no thread of some kinds.</summary>
    public static string WhyNone(VmInfo info, PinKinds kinds) =>
        kinds == PinKinds.IoThreads ? $"{info.Name} has no I/O thread"
        : kinds.HasFlag(PinKinds.Vcpus) && info.VcpuThreads == 0 ? $"which threads of {info.Name} run its vCPUs is not known: {info.VcpuSource}"
        : $"{info.Name} has ended, or its threads may not be seen";
}
