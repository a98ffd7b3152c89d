using System.Runtime.InteropServices;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// KVM's binary statistics, from duplicates of the descriptors that a VMM keeps open (QEMU from 8.1 on: one for each vCPU). Works under kernel lockdown and for
/// libvirt's guests, costs one pread per vCPU, and needs the right to trace the process.
/// </summary>
internal sealed class StatsFdSource(HostRoot host, KvmStatsSettings settings) : IKvmStatsSourceKind
{
    private readonly List<KvmStatsLayout> _layouts = [];
    private string? _refusal;
    private bool _checked;

    public string Name => "stats fd";

    public KvmParts Delivers => KvmParts.Vcpus | KvmParts.Vm;

    public TimeSpan SpareTimePace => TimeSpan.Zero;

    /// <summary>Why this run does not duplicate descriptors at all; null when it does.</summary>
    public string? Refusal
    {
        get
        {
            if (!_checked)
            {
                _checked = true;
                _refusal = Check();
            }

            return _refusal;
        }
    }

    public IKvmStatsSource? Open(TrackedVm vm, TimeSpan uptime, out string reason)
    {
        if (Refusal is { } refusal)
        {
            reason = refusal;
            return null;
        }

        var errno = vm.Descriptors.Refresh(uptime);
        if (errno != Errno.None)
        {
            reason = errno.IsDenied() ? "its descriptors may not be listed: needs root" : errno.Describe();
            return null;
        }

        var found = KvmDescriptors.FindStats(vm.Descriptors.Links);
        if (found.Count == 0)
        {
            reason = "the VMM keeps none open (QEMU does from 8.1 on)";
            return null;
        }

        var open = new OpenDescriptors(vm.Info.Threads, uptime);
        reason = "";
        foreach (var descriptor in found)
        {
            if (!Add(open, vm, descriptor, ref reason))
            {
                open.Dispose();
                return null;
            }
        }

        if (!open.HasVcpus)
        {
            reason = "the VMM keeps one for the VM open, but none for its vCPUs";
            open.Dispose();
            return null;
        }

        open.CheckThreads();
        return open;
    }

    /// <summary>Tells which thread created which vCPU, for VMMs whose threads have no names. False when they cannot be read, or when one thread created all.</summary>
    public bool FindThreads(int pid, Dictionary<int, int> vcpuOfThread)
    {
        if (Refusal is not null)
        {
            return false;
        }

        var descriptors = new DescriptorLinks(host, pid);
        _ = descriptors.Refresh(TimeSpan.Zero);
        foreach (var descriptor in KvmDescriptors.FindStats(descriptors.Links))
        {
            if (descriptor.VcpuId < 0 || host.OpenDescriptor(pid, descriptor.Fd, out var file) != Errno.None)
            {
                continue;
            }

            using (file)
            {
                if (KvmStatsLayout.Read(file!, _layouts, out var id, out _) is not null && KvmStatsLayout.TryParseVcpu(id, out var tid, out var vcpu) && !vcpuOfThread.TryAdd(tid, vcpu))
                {
                    vcpuOfThread.Clear();
                    return false;
                }
            }
        }

        return vcpuOfThread.Count > 0;
    }

    private string? Check()
    {
        if (settings.StatsFds == StatsFdUse.Never)
        {
            return "switched off by stats-fds=never";
        }

        return settings.StatsFds == StatsFdUse.Always || (KernelVersion.Read(host) is { } version && KvmStatsFdSafety.IsSafe(version))
            ? null
            : "this kernel is not known to keep a VM in memory while its descriptor is held (fixed in 6.5, 6.4.8, 6.1.43, 5.15.124); stats-fds=always uses them all the same";
    }

    private bool Add(OpenDescriptors open, TrackedVm vm, KvmStatsDescriptor descriptor, ref string reason)
    {
        var errno = host.OpenDescriptor(vm.Info.Pid, descriptor.Fd, out var file);
        if (file is null)
        {
            reason = errno switch
            {
                Errno.EPERM or Errno.EACCES => "duplicating it is not permitted: needs root or CAP_SYS_PTRACE",
                Errno.ENOSYS => "this kernel has no pidfd_getfd (5.6)",
                _ => $"duplicating it: {errno.Describe()}",
            };
            return false;
        }

        if (KvmStatsLayout.Read(file, _layouts, out var id, out var problem) is not { } layout)
        {
            file.Dispose();
            reason = $"descriptor {descriptor.Fd}: {problem}";
            return false;
        }

        var tid = -1;
        if (descriptor.VcpuId >= 0 && KvmStatsLayout.TryParseVcpu(id, out var creator, out _))
        {
            tid = creator;
        }

        open.Add(file, layout, descriptor.VcpuId, tid);
        return true;
    }

    private sealed class OpenDescriptors(IReadOnlyList<VmThread> threads, TimeSpan opened) : IKvmStatsSource
    {
        // A new vCPU's thread is there before its descriptor: until the numbers agree we look again, but not for ever at every tick.
        private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(2);

        private readonly List<OfVcpu> _vcpus = [];
        private (HostFile File, KvmStatsLayout Layout)? _vm;

        public bool HasVcpus => _vcpus.Count > 0;

        public void Add(HostFile file, KvmStatsLayout layout, int id, int tid)
        {
            if (id >= 0)
            {
                _vcpus.Add(new OfVcpu(file, layout, id, tid));
            }
            else if (_vm is null)
            {
                _vm = (file, layout);
            }
            else
            {
                file.Dispose();
            }
        }

        /// <summary>A VMM that creates all vCPUs from one thread leaves its id in all of them: then it says nothing about who runs which.</summary>
        public void CheckThreads()
        {
            for (var i = 1; i < _vcpus.Count; i++)
            {
                if (_vcpus[i].Tid == _vcpus[0].Tid)
                {
                    for (var j = 0; j < _vcpus.Count; j++)
                    {
                        _vcpus[j] = _vcpus[j] with { Tid = -1 };
                    }

                    return;
                }
            }
        }

        public bool IsOutdated(TrackedVm vm, TimeSpan uptime) =>
            !ReferenceEquals(vm.Info.Threads, threads) || (vm.Info.VcpuThreads > _vcpus.Count && uptime - opened >= s_lookAgain);

        public bool Read(KvmStatsBuffer buffer, ref KvmVmEntry vm, KvmParts wanted, out string reason)
        {
            if ((wanted & KvmParts.Vcpus) != 0)
            {
                foreach (var (file, layout, id, tid) in _vcpus)
                {
                    if (!Read(buffer, file, layout, out var at, out reason))
                    {
                        buffer.DropVcpus();
                        return false;
                    }

                    buffer.AddVcpu(id, tid, new KvmValues(layout.Counters, at));
                }
            }

            if ((wanted & KvmParts.Vm) != 0 && _vm is { } own)
            {
                if (!Read(buffer, own.File, own.Layout, out var at, out reason))
                {
                    return false;
                }

                vm.Own = new KvmVmValues(new KvmValues(own.Layout.Counters, at), "stats fd", vm.At, vm.At);
            }

            reason = "";
            return true;
        }

        public void Dispose()
        {
            foreach (var vcpu in _vcpus)
            {
                vcpu.File.Dispose();
            }

            _vcpus.Clear();
            _vm?.File.Dispose();
            _vm = null;
        }

        private static bool Read(KvmStatsBuffer buffer, HostFile file, KvmStatsLayout layout, out int at, out string reason)
        {
            var bytes = MemoryMarshal.AsBytes(buffer.Reserve(layout.Counters, out at));
            var n = file.ReadAt(layout.DataOffset, bytes);
            reason = n == bytes.Length ? "" : n < 0 ? ((Errno)(-n)).Describe() : $"short read: {n} of {bytes.Length} bytes";
            return n == bytes.Length;
        }

        /// <summary>The descriptor of one vCPU, KVM's number of it and the thread that created it, -1 when that says nothing.</summary>
        private sealed record OfVcpu(HostFile File, KvmStatsLayout Layout, int Id, int Tid);
    }
}
