using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Configuration;

namespace KvmTop.CommandLine;

/// <summary>Sets up where actions are planned and carried out.</summary>
internal static class ActionStart
{
    /// <summary>The desk of a monitor's host; null, and why, when there is no place for the journal, without which nothing is done.</summary>
    /// <param name="monitor">The host and its connections.</param>
    /// <param name="environment">Says where the journal lies, and who is behind sudo.</param>
    /// <param name="moment">The latest moment, from any thread: a VM's monitor is found by its command line, which its identity alone does not tell.</param>
    /// <param name="problem">Why there is none.</param>
    public static ActionDesk? Desk(Monitor monitor, EnvironmentBlock environment, Func<Snapshot> moment, out string problem)
    {
        problem = "neither XDG_STATE_HOME nor HOME says where the journal of actions may lie";
        if (JournalAccess.PathOf(environment) is not { } path)
        {
            return null;
        }

        var control = new LiveControl(
            monitor.Host,
            key => moment().Get(VmsTopic.Instance).Value?.Find(key) is { } vm ? monitor.Qmp.Open(vm.Info) : monitor.Qmp.Find(key),
            environment["SUDO_USER"],
            monitor.Libvirt);
        control.SweepNotes();
        return new ActionDesk(control, new Journal(path, control));
    }
}
