using System.Buffers.Text;
using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// KVM's counters from <c>/sys/kernel/debug/kvm/PID-FD/NAME</c>: one file a counter, the vCPUs' added up. Every file is opened for its reading and closed at once, since an open
/// one keeps the VM in memory. Under kernel lockdown the kernel refuses them, and may log each try: at the first refusal this source is done with for the run.
/// </summary>
internal sealed class DebugfsSource(HostRoot host) : IKvmStatsSourceKind
{
    private const string Folder = "/sys/kernel/debug/kvm";
    private const int MostCounters = 512;
    private const int LongestName = 64;

    private readonly ReadBuffer _buffer = new(64, 64);
    private readonly Dictionary<string, KvmCounterSet> _sets = [];
    private string? _refusal;
    private bool _checked;

    public string Name => "debugfs";

    public KvmParts Delivers => KvmParts.Sum | KvmParts.Vm;

    // Dozens of files a VM: as a second source for what moves slowly, now and then.
    public TimeSpan SpareTimePace => TimeSpan.FromSeconds(5);

    public IKvmStatsSource? Open(TrackedVm vm, TimeSpan uptime, out string reason)
    {
        if (!_checked)
        {
            _checked = true;
            _refusal = Lockdown.Read(host) switch
            {
                LockdownLevel.Integrity => "kernel lockdown (integrity) hides debugfs",
                LockdownLevel.Confidentiality => "kernel lockdown (confidentiality) hides debugfs",
                _ => null,
            };
        }

        reason = _refusal ?? "";
        if (_refusal is not null)
        {
            return null;
        }

        var names = new List<string>();
        var errno = host.List(Folder, names);
        if (errno != Errno.None)
        {
            reason = errno.IsDenied() ? "debugfs is for root" : IsMounted() ? $"{Folder}: {errno.Describe()}" : "debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug";
            return null;
        }

        var prefix = string.Create(CultureInfo.InvariantCulture, $"{vm.Info.Pid}-");
        if (names.Find(n => n.StartsWith(prefix, StringComparison.Ordinal)) is not { } place)
        {
            reason = "debugfs has no folder for this VM";
            return null;
        }

        var folder = $"{Folder}/{place}";
        names.Clear();
        _ = host.List(folder, names);
        var open = new OpenFolder(this, folder, names.Where(IsCounter).Take(MostCounters).Order(StringComparer.Ordinal).ToList());
        if (!open.Probe(out reason))
        {
            return null;
        }

        return open;
    }

    // Folders (vcpuN) and histograms, of which debugfs shows no more than one bucket, are no counters.
    private static bool IsCounter(string name) =>
        name.Length is > 0 and <= LongestName && !name.EndsWith("_hist", StringComparison.Ordinal) && !name.StartsWith("vcpu", StringComparison.Ordinal)
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');

    private bool IsMounted()
    {
        var names = new List<string>();
        return host.List("/sys/kernel/debug", names) == Errno.None && names.Count > 0;
    }

    /// <summary>A counter's value. debugfs writes signed numbers.</summary>
    private bool TryRead(string path, out ulong value, out Errno errno)
    {
        value = 0;
        var text = _buffer.ReadAll(host, path, out errno);
        if (errno != Errno.None || !Utf8Parser.TryParse(text, out long number, out _))
        {
            return false;
        }

        value = (ulong)Math.Max(number, 0);
        return true;
    }

    /// <summary>One set for all VMs that have the same files.</summary>
    private KvmCounterSet SetOf(List<string> names)
    {
        var key = string.Join(' ', names);
        if (!_sets.TryGetValue(key, out var set))
        {
            set = new KvmCounterSet([.. names.Select((n, i) => KvmCounterGuide.Describe(n, i))], names.Count);
            _sets.Add(key, set);
        }

        return set;
    }

    private sealed class OpenFolder(DebugfsSource source, string folder, List<string> names) : IKvmStatsSource
    {
        private List<string> _vcpuPaths = [];
        private List<string> _vmPaths = [];
        private KvmCounterSet? _vcpuSet;
        private KvmCounterSet? _vmSet;

        /// <summary>Finds out which counters can be read, and shares them out: those of vCPUs and those of the VM.</summary>
        public bool Probe(out string reason)
        {
            reason = "its folder in debugfs holds no counter that can be read";
            var (vcpu, vm) = (new List<string>(), new List<string>());
            foreach (var name in names)
            {
                if (source.TryRead($"{folder}/{name}", out _, out var errno))
                {
                    (KvmCounterGuide.IsOfVm(name) ? vm : vcpu).Add(name);
                }
                else if (errno == Errno.EPERM)
                {
                    source._refusal = "debugfs answers not permitted: kernel lockdown";
                    reason = source._refusal;
                    return false;
                }
                else if (errno.IsDenied())
                {
                    reason = "debugfs is for root";
                    return false;
                }
            }

            _vcpuPaths = vcpu.ConvertAll(n => $"{folder}/{n}");
            _vmPaths = vm.ConvertAll(n => $"{folder}/{n}");
            _vcpuSet = vcpu.Count > 0 ? source.SetOf(vcpu) : null;
            _vmSet = vm.Count > 0 ? source.SetOf(vm) : null;
            return _vcpuSet is not null || _vmSet is not null;
        }

        public bool IsOutdated(TrackedVm vm, TimeSpan uptime) => false;

        public bool Read(KvmStatsBuffer buffer, ref KvmVmEntry vm, KvmParts wanted, out string reason)
        {
            reason = "";
            if ((wanted & KvmParts.Sum) != 0 && _vcpuSet is not null)
            {
                if (!Read(buffer, _vcpuSet, _vcpuPaths, out var at, out reason))
                {
                    return false;
                }

                vm.Sum = new KvmVmValues(new KvmValues(_vcpuSet, at), source.Name, vm.At, vm.At);
            }

            if ((wanted & KvmParts.Vm) != 0 && _vmSet is not null)
            {
                if (!Read(buffer, _vmSet, _vmPaths, out var at, out reason))
                {
                    return false;
                }

                vm.Own = new KvmVmValues(new KvmValues(_vmSet, at), source.Name, vm.At, vm.At);
            }

            return true;
        }

        public void Dispose()
        {
        }

        private bool Read(KvmStatsBuffer buffer, KvmCounterSet set, List<string> paths, out int at, out string reason)
        {
            var values = buffer.Reserve(set, out at);
            for (var i = 0; i < paths.Count; i++)
            {
                if (!source.TryRead(paths[i], out values[i], out var errno))
                {
                    if (errno == Errno.EPERM)
                    {
                        source._refusal = "debugfs answers not permitted: kernel lockdown";
                    }

                    reason = $"{paths[i]}: {errno.Describe()}";
                    return false;
                }
            }

            reason = "";
            return true;
        }
    }
}
