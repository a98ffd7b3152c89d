using System.Globalization;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>
/// How many of the monitors that a topic asks do answer: what it read is not "ok" while one that ought to answer says nothing. Monitors that nobody may ask (libvirt's, none at all)
/// are not counted: that is no trouble of this moment, and each figure gives it as its reason.
/// </summary>
internal struct MonitorCensus
{
    private int _asked;
    private int _silent;
    private int _waiting;
    private string? _first;

    /// <summary>Counts the monitor of a VM.</summary>
    public void Add(TrackedVm vm, QmpConnection connection)
    {
        var state = connection.State;
        if (state == QmpState.Refused)
        {
            return;
        }

        _asked++;
        if (connection.IsSilent)
        {
            _silent++;
            _first ??= $"{vm.Info.Name}: {connection.Reason}";
        }
        else if (state != QmpState.Ready)
        {
            _waiting++;
        }
    }

    /// <summary>What was read, with how far it can be relied on.</summary>
    public readonly Reading<T> Judge<T>(T value)
        where T : class
    {
        var reason = _silent > 0 ? string.Create(CultureInfo.InvariantCulture, $"{_silent} of {_asked} monitors say nothing: {_first}")
            : _waiting > 0 ? string.Create(CultureInfo.InvariantCulture, $"{_waiting} of {_asked} monitors have not answered yet")
            : null;
        return Reading<T>.Partly(value, reason);
    }
}
