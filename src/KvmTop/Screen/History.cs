using KvmTop.Collectors;

namespace KvmTop.Screen;

/// <summary>Which figure of a VM or of the host a series holds.</summary>
internal enum SeriesKind
{
    /// <summary>CPU in percent: of one CPU for a VM, of the whole host for the host.</summary>
    Cpu,

    /// <summary>Ready time of the vCPU that waits most, in percent; for the host, that of the worst vCPU of all VMs.</summary>
    Ready,

    /// <summary>Emulator, in percent of one CPU; not for the host.</summary>
    Emulator,

    /// <summary>Bytes a second read; for the host, all VMs together.</summary>
    Read,

    /// <summary>Bytes a second written; for the host, all VMs together.</summary>
    Write,

    /// <summary>Exits a second; for the host, all VMs together. Missing while nobody looks at them.</summary>
    Exits,
}

/// <summary>The figures of the last ticks, one value a tick, oldest first; NaN where a figure was missing.</summary>
internal sealed class Series
{
    /// <summary>How many ticks are kept.</summary>
    public const int Capacity = 512;

    private float[] _values = new float[32];
    private int _start;

    /// <summary>How many values are held.</summary>
    public int Count { get; private set; }

    /// <summary>The newest value, or NaN.</summary>
    public double Latest => Count == 0 ? double.NaN : _values[(_start + Count - 1) % _values.Length];

    /// <summary>Appends a value and forgets the oldest when full.</summary>
    public void Add(double value)
    {
        if (Count == _values.Length && Count < Capacity)
        {
            // Not yet full to capacity: nothing has wrapped, so growing keeps the order.
            Array.Resize(ref _values, Math.Min(_values.Length * 2, Capacity));
        }

        if (Count < _values.Length)
        {
            _values[(_start + Count++) % _values.Length] = (float)value;
        }
        else
        {
            _values[_start] = (float)value;
            _start = (_start + 1) % _values.Length;
        }
    }

    /// <summary>Copies the newest values into <paramref name="target"/>, oldest first, and returns how many there were.</summary>
    public int CopyLatest(Span<double> target)
    {
        var n = Math.Min(Count, target.Length);
        for (var i = 0; i < n; i++)
        {
            target[i] = _values[(_start + Count - n + i) % _values.Length];
        }

        return n;
    }
}

/// <summary>Series of the host and of each VM that is there, fed by every tick.</summary>
internal sealed class History
{
    private static readonly int s_kinds = Enum.GetValues<SeriesKind>().Length;

    private readonly Dictionary<VmKey, Series[]> _vms = [];
    private readonly Series[] _host = New();
    private long _sequence;

    /// <summary>A series of the host.</summary>
    public Series Host(SeriesKind kind) => _host[(int)kind];

    /// <summary>A series of a VM, or null when the VM is not there.</summary>
    public Series? Vm(VmKey key, SeriesKind kind) => _vms.TryGetValue(key, out var series) ? series[(int)kind] : null;

    /// <summary>Appends the figures of a tick; a snapshot that only adds topics to the same tick is not counted twice.</summary>
    public void Add(Snapshot snapshot)
    {
        if (snapshot.Sequence == _sequence)
        {
            return;
        }

        _sequence = snapshot.Sequence;
        double ready = double.NaN, read = double.NaN, write = double.NaN;
        var vms = snapshot.Get(VmsTopic.Instance).Value;
        var kvm = snapshot.Get(KvmStatsTopic.Instance).Value;
        foreach (var vm in vms?.Vms ?? [])
        {
            if (!_vms.TryGetValue(vm.Info.Key, out var series))
            {
                _vms.Add(vm.Info.Key, series = New());
            }

            series[(int)SeriesKind.Cpu].Add(vm.CpuPct);
            series[(int)SeriesKind.Ready].Add(vm.Ready.Worst);
            series[(int)SeriesKind.Emulator].Add(vm.EmulatorPct);
            series[(int)SeriesKind.Read].Add(vm.ReadBytesPerSecond);
            series[(int)SeriesKind.Write].Add(vm.WriteBytesPerSecond);
            series[(int)SeriesKind.Exits].Add(kvm?.Find(vm.Info.Key)?.ExitsPerSecond ?? double.NaN);
            ready = vm.Ready.Worst > ready || double.IsNaN(ready) ? vm.Ready.Worst : ready;
            read = Sum(read, vm.ReadBytesPerSecond);
            write = Sum(write, vm.WriteBytesPerSecond);
        }

        _host[(int)SeriesKind.Cpu].Add(snapshot.Get(HostTopic.Instance).Value?.Total.Busy ?? double.NaN);
        _host[(int)SeriesKind.Ready].Add(ready);
        _host[(int)SeriesKind.Read].Add(read);
        _host[(int)SeriesKind.Write].Add(write);
        _host[(int)SeriesKind.Exits].Add(kvm?.ExitsPerSecond ?? double.NaN);
        if (vms is not null && _vms.Count > vms.Vms.Count)
        {
            Forget(vms);
        }
    }

    private static double Sum(double sum, double value) => double.IsNaN(value) ? sum : double.IsNaN(sum) ? value : sum + value;

    private static Series[] New() => [.. Enumerable.Range(0, s_kinds).Select(_ => new Series())];

    private void Forget(VmsModel vms)
    {
        foreach (var key in _vms.Keys)
        {
            if (vms.Find(key) is null)
            {
                _vms.Remove(key);
            }
        }
    }
}
