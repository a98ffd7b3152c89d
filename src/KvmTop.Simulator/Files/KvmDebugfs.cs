using System.Globalization;
using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>/sys/kernel/debug/kvm: a folder for each VM under KVM, a file for each counter; those of vCPUs added up.</summary>
internal sealed class KvmDebugfs(HostModel host)
{
    private const string Root = "/sys/kernel/debug/kvm";

    /// <summary>The VM descriptor's number in every simulated VMM.</summary>
    private const int VmFd = 11;

    public static bool Covers(string path) => path.StartsWith(Root, StringComparison.Ordinal) && (path.Length == Root.Length || path[Root.Length] == '/');

    public Errno List(string path, List<string> names)
    {
        if (path == Root)
        {
            var now = host.Clock.Now();
            foreach (var process in host.Processes)
            {
                if (process.IsKvm && process.Life.GenerationAt(now) is >= 0 and var generation)
                {
                    names.Add(string.Create(CultureInfo.InvariantCulture, $"{process.Life.PidOf(generation)}-{VmFd}"));
                }
            }

            return Errno.None;
        }

        if (Find(path, out _, out var name) is null)
        {
            return Errno.ENOENT;
        }

        if (name.Length > 0)
        {
            return Errno.ENOTDIR;
        }

        foreach (var counter in KvmCounters.OfVcpu)
        {
            if (!counter.EndsWith("_hist", StringComparison.Ordinal))
            {
                names.Add(counter);
            }
        }

        names.AddRange(KvmCounters.OfVm);
        return Errno.None;
    }

    /// <summary>The file of a counter; null for what does not exist or is a folder.</summary>
    public HostFile? Open(string path)
    {
        if (Find(path, out var generation, out var name) is not { } process || name.Length == 0)
        {
            return null;
        }

        var vcpu = Array.IndexOf(KvmCounters.OfVcpu, name);
        if (vcpu < 0 && Array.IndexOf(KvmCounters.OfVm, name) < 0)
        {
            return null;
        }

        return new ProcessFile(host, process, generation, null, (ref Utf8Writer writer, in ProcessMoment moment) =>
        {
            writer.Number(vcpu < 0 ? KvmCounters.OfVmAt(name, moment) : SumOf(vcpu, moment));
            writer.Text("\n"u8);
        });
    }

    private static long SumOf(int counter, in ProcessMoment moment)
    {
        // Three histograms stand in the middle, each as one counter of many words.
        var histograms = 0;
        for (var i = 0; i < counter; i++)
        {
            histograms += KvmCounters.OfVcpu[i].EndsWith("_hist", StringComparison.Ordinal) ? 1 : 0;
        }

        Span<ulong> values = stackalloc ulong[KvmCounters.WordsOfVcpu];
        var sum = 0L;
        foreach (var thread in moment.Process.Threads)
        {
            if (thread.Role == ThreadRole.Vcpu)
            {
                KvmCounters.FillVcpu(values, new ProcessMoment(moment.Host, moment.Process, moment.Generation, thread, moment.Now));
                sum += (long)values[counter + (histograms * (KvmCounters.Buckets - 1))];
            }
        }

        return sum;
    }

    private SimProcess? Find(string path, out long generation, out string name)
    {
        (generation, name) = (0, "");
        if (path.Length <= Root.Length + 1)
        {
            return null;
        }

        var rest = path.AsSpan(Root.Length + 1);
        var slash = rest.IndexOf('/');
        var folder = slash < 0 ? rest : rest[..slash];
        name = slash < 0 ? "" : rest[(slash + 1)..].ToString();
        var dash = folder.IndexOf('-');
        return dash > 0 && int.TryParse(folder[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && folder[(dash + 1)..].SequenceEqual("11")
            && host.Find(pid, host.Clock.Now(), out generation) is { IsKvm: true } process ? process : null;
    }
}
