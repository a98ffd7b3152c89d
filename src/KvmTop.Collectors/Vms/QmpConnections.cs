using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>When QEMU's monitors are asked.</summary>
public enum QmpUse
{
    /// <summary>Where one may: see <see cref="QmpTarget"/>.</summary>
    Auto,

    /// <summary>Never.</summary>
    Off,
}

/// <summary>What was asked for about QMP. Shared through <see cref="CollectorServices"/>.</summary>
/// <param name="Use">When monitors are asked.</param>
/// <param name="Requests">The directory where another kvmtop of this user asks for a monitor (<see cref="MonitorRequest"/>); null where there is none.</param>
public sealed record QmpSettings(QmpUse Use = QmpUse.Auto, string? Requests = null);

/// <summary>The QMP connections of this run, one for each VM that has a monitor to talk to. Shared through <see cref="CollectorServices"/>; made when first asked for.</summary>
/// <param name="host">Whose VMs.</param>
/// <param name="settings">Whether any monitor is to be asked.</param>
public sealed class QmpConnections(HostRoot host, QmpSettings settings) : IDisposable
{
    private static readonly QmpTarget s_off = new([], "QMP: switched off (qmp=off)");

    private readonly Dictionary<VmKey, QmpConnection> _known = [];
    private readonly object _gate = new();
    private QmpIo? _io;

    /// <summary>Those of a run.</summary>
    public static QmpConnections Of(CollectorContext context) =>
        context.Services.Get(() => new QmpConnections(context.Host, context.Services.Get(() => new QmpSettings())));

    /// <summary>The connection of a VM that somebody has asked for, or null. From any thread.</summary>
    public QmpConnection? Find(VmKey key)
    {
        lock (_gate)
            return _known.GetValueOrDefault(key);
    }

    /// <summary>The connection of a VM, made when nobody has asked for it yet: for an action, which may speak to a VM whose pane nobody looks at. From any thread.</summary>
    public QmpConnection Open(VmInfo vm)
    {
        lock (_gate)
        {
            if (!_known.TryGetValue(vm.Key, out var connection))
            {
                _io ??= new QmpIo(host);
                connection = _io.Open(settings.Use == QmpUse.Off ? s_off : QmpTarget.Find(host, vm.Pid, vm.Description, vm.User), Peer(vm));
                _known.Add(vm.Key, connection);
            }

            return connection;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _known.Clear();
        _io?.Dispose();
    }

    /// <summary>The connection of a VM; null while its command line is not known. Nothing is connected before something is asked of it.</summary>
    internal QmpConnection? Get(TrackedVm vm)
    {
        if (vm.Qmp is null && vm.Described)
            vm.Qmp = Open(vm.Info);
        if (settings.Requests is { } folder && vm.Qmp is { State: QmpState.Ready } held && MonitorRequest.IsMade(host, folder, vm.Info.Pid))
            held.Lend(MonitorRequest.Absence);
        return vm.Qmp;
    }

    private static QmpPeer Peer(VmInfo vm)
    {
        var disks = 0;
        foreach (var device in vm.Description.Devices)
        {
            if (device.Kind == VmDeviceKind.Disk)
                disks++;
        }

        return new QmpPeer(vm.Pid, vm.Key.StartTimeTicks, disks, vm.Description.MaxVcpus ?? vm.Description.VcpuCount ?? 1);
    }

    /// <summary>Lets go of those whose VM has gone (the VM closes its own).</summary>
    internal void Forget(IReadOnlyList<TrackedVm> alive)
    {
        lock (_gate)
        {
            if (_known.Count <= alive.Count)
                return;
            var keys = new HashSet<VmKey>(alive.Count);
            foreach (var vm in alive)
                keys.Add(vm.Info.Key);
            foreach (var key in _known.Keys)
            {
                if (!keys.Contains(key) && _known.Remove(key, out var connection))
                    connection.Close();
            }
        }
    }
}
