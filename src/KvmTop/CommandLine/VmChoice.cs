using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.CommandLine;

/// <summary>Finds the VM that a word on the command line means: a name, a UUID or a pid.</summary>
internal static class VmChoice
{
    // Threads are named a moment after they are made, and a command line is read by a worker.
    private const int Tries = 10;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Reads the VMs of a host until all are described.</summary>
    public static VmsModel? Read(HostRoot host, CollectorServices services, out string? problem)
    {
        using var reader = VmsTopic.Instance.CreateReader(new CollectorContext(host, services));
        using var pause = new ManualResetEventSlim();
        VmsModel? vms = null;
        problem = null;
        for (var i = 0; i < Tries; i++)
        {
            var state = reader.Read();
            (vms, problem) = (state.Value as VmsModel ?? vms, state.Reason);
            if (vms is not null && i > 0 && vms.Vms.All(v => v.Info.Arguments.Count > 0 && v.State != VmState.Starting))
            {
                break;
            }

            pause.Wait(s_pause);
        }

        return vms;
    }

    /// <summary>The VM meant; null, and what to tell the user, when there is none or more than one.</summary>
    public static VmInfo? Find(IEnumerable<VmInfo> vms, string word, out string problem)
    {
        var all = vms.ToList();
        var found = VmLookup.Find(all, word, SystemInfo.EffectiveUserId).Found;
        problem = found.Count switch
        {
            1 => "",
            0 when all.Count == 0 => "there are no virtual machines on this host that this user can see",
            0 => $"no VM is called {Configuration.Setting.Quote(word)}, has that UUID or that pid. There are:\n{Table(all)}",
            _ => $"{Configuration.Setting.Quote(word)} is more than one VM; give the pid:\n{Table(found)}",
        };
        return found.Count == 1 ? found[0] : null;
    }

    private static string Table(IReadOnlyList<VmInfo> vms) => string.Join(
        "\n", vms.Take(50).Select(v => string.Create(CultureInfo.InvariantCulture, $"  {v.Pid,8}  {v.Name}{(v.User is null ? "" : $"  ({v.User})")}"))) + (vms.Count > 50 ? "\n  .." : "");
}
