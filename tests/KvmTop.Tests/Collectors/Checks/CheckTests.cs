using KvmTop.Collectors.Checks;

namespace KvmTop.Tests.Collectors.Checks;

/// <summary>Each check on a host where all is well, and on one where what it looks for is spoilt.</summary>
public sealed class CheckTests
{
    private static readonly Dictionary<string, List<(string Case, Action<CheckStage> Spoil, CheckLevel Level, string Says)>> s_cases = new()
    {
        ["cpu-virtualisation"] =
        [
            ("no flag", s => s.Write("/proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu\n\n").Remove("/sys/module/kvm_intel").Write("/proc/modules", ""), CheckLevel.Failure, "in the firmware setup"),
            ("guest without nesting", s => s.Write("/proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n\n").Remove("/sys/module/kvm_intel").Write("/proc/modules", ""), CheckLevel.Failure, "on the hypervisor below"),
            ("guest with nesting", s => s.Write("/proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx hypervisor\n\n"), CheckLevel.Info, "run nested"),
            ("disabled by firmware", s => s.Write("/dev/kmsg", "3,1,5,-;kvm: VMX (outside TXT) disabled by BIOS\n").Remove("/sys/module/kvm_intel").Write("/proc/modules", ""), CheckLevel.Failure, "disabled by the firmware"),
            ("ARM", s => s.Write("/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n\n").Remove("/sys/module/kvm_intel").Remove("/dev/kvm").Write("/proc/modules", ""), CheckLevel.Unknown, "not told by its flags"),
        ],
        ["kvm-module"] =
        [
            ("vendor part not loaded", s => NoVendor(s).Write("/lib/modules/6.1.0/modules.dep", "kernel/arch/x86/kvm/kvm-intel.ko: kernel/arch/x86/kvm/kvm.ko\n"), CheckLevel.Failure, "modprobe kvm_intel"),
            ("nothing loaded", s => NoVendor(s).Remove("/sys/module/kvm").Write("/proc/modules", "tun 1 0 - Live 0x0\n").Write("/lib/modules/6.1.0/modules.dep", "kernel/arch/x86/kvm/kvm-intel.ko: kernel/arch/x86/kvm/kvm.ko\nkernel/arch/x86/kvm/kvm.ko:\n"), CheckLevel.Failure, "modprobe kvm_intel"),
            ("wrong value", s => NoVendor(s).Write("/lib/modules/6.1.0/modules.dep", "kvm-intel.ko:\n").Write("/etc/modprobe.d/a.conf", "# x\noptions kvm_intel ept=1 nested=banana\n").Write("/dev/kmsg", "3,1,5,-;kvm_intel: `banana' invalid for parameter `nested'\n"), CheckLevel.Failure, "sed -i '2s/ nested=banana//' '/etc/modprobe.d/a.conf' && modprobe kvm_intel"),
            ("wrong value, no more", s => NoVendor(s).Write("/lib/modules/6.1.0/modules.dep", "kvm-intel.ko:\n").Write("/dev/kmsg", "3,1,5,-;kvm_intel: `banana' invalid for parameter `nested'\n"), CheckLevel.Failure, "kvm_intel is not loaded"),
            ("vendor part unsupported", s => NoVendor(s).Write("/lib/modules/6.1.0/modules.dep", "kvm-intel.ko:\n").Write("/dev/kmsg", "3,1,5,-;kvm: no hardware support for kvm_intel\n"), CheckLevel.Failure, "CPU does not offer"),
            ("vendor part missing", s => NoVendor(s).Write("/lib/modules/6.1.0/modules.dep", "kernel/other.ko:\n"), CheckLevel.Failure, "this kernel has no kvm_intel"),
            ("blacklisted", s => NoVendor(s).Write("/lib/modules/6.1.0/modules.dep", "kvm-intel.ko:\n").Write("/etc/modprobe.d/no.conf", "blacklist kvm_intel\n"), CheckLevel.Failure, "/etc/modprobe.d/no.conf"),
        ],
        ["kvm-device"] =
        [
            ("not there", s => s.Remove("/dev/kvm"), CheckLevel.Failure, "mknod /dev/kvm c 10 232"),
            ("a regular file", s => s.Files.SetFacts("/dev/kvm", new(KvmTop.Linux.FileKind.Regular, 0, 0, 0x1B0)), CheckLevel.Unknown, "is a file"),
        ],
        ["kvm-access"] =
        [
            ("only root", s => s.Device(0, 0, 0x180), CheckLevel.Info, "only root may run guests"),
            ("not a member", s => s.User = new(1001, "bob", [1001]), CheckLevel.Failure, "usermod -aG kvm bob"),
            ("member, not in effect", s => s.User = new(1000, "alice", [1000]), CheckLevel.Failure, "newgrp kvm"),
            ("no group may", s => s.Device(0, 0, 0x180).User = new(1000, "alice", [1000]), CheckLevel.Failure, "no group may"),
        ],
        ["qemu"] = [("none", s => s.Remove("/usr/bin/qemu-system-x86_64"), CheckLevel.Warning, "apt install qemu-system-x86")],
        ["libvirt"] = [("gone", s => s.Remove("/run/libvirt").Vm("-chardev socket,id=charmonitor,fd=29 -mon chardev=charmonitor,id=monitor,mode=control -object secret,id=masterKey0,file=/var/lib/libvirt/qemu/domain-1-db/master-key.aes"), CheckLevel.Warning, "systemctl start virtqemud.socket")],
        ["module-settings"] =
        [
            ("not in effect", s => s.Write("/etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n"), CheckLevel.Warning, "modprobe -r kvm_intel && modprobe kvm_intel"),
            ("contradiction", s => s.Write("/etc/modprobe.d/a.conf", "options kvm_intel nested=0\n").Write("/etc/modprobe.d/b.conf", "options kvm_intel nested=1\n"), CheckLevel.Warning, "set to different values"),
        ],
        ["unknown-parameters"] =
        [
            ("the kernel says so", s => s.Write("/etc/modprobe.d/a.conf", "# x\noptions kvm_intel ept=1 nestd=1\n").Write("/dev/kmsg", "4,1,5,-;kvm_intel: unknown parameter 'nestd' ignored\n"), CheckLevel.Warning, "sed -i '2s/ nestd=1//' '/etc/modprobe.d/a.conf'"),
            ("modinfo does not list it", s => Described(s).Write("/proc/cmdline", "ro kvm_intel.nestd=1\n"), CheckLevel.Warning, "remove kvm_intel.nestd=1 from the kernel command line"),
            ("hidden or not", s => s.Write("/etc/modprobe.d/a.conf", "options kvm_intel nestd=1\n"), CheckLevel.Unknown, "cannot be seen"),
        ],
        ["second-level-paging"] = [("ept off", s => s.Write("/sys/module/kvm_intel/parameters/ept", "N\n"), CheckLevel.Warning, "EPT is off though the CPU has it")],
        ["nested"] = [("off", s => s.Write("/sys/module/kvm_intel/parameters/nested", "N\n"), CheckLevel.Info, "modprobe -r kvm_intel && modprobe kvm_intel nested=1"), ("off, in use", s => s.Write("/sys/module/kvm_intel/parameters/nested", "N\n").Vm("-accel kvm"), CheckLevel.Info, "held by db"), ("off, in use by whom is not known", s => s.Write("/sys/module/kvm_intel/parameters/nested", "N\n"), CheckLevel.Info, "stop all VMs, then: modprobe -r"), ("off, free", s => s.Write("/sys/module/kvm_intel/parameters/nested", "N\n").Write("/proc/modules", "kvm_intel 380928 0 - Live 0x0\n"), CheckLevel.Info, "modprobe -r kvm_intel")],
        ["security-modules"] = [("permissive", s => s.Write("/sys/fs/selinux/enforce", "0\n"), CheckLevel.Info, "setenforce 1"), ("none", s => s.Remove("/sys/fs/selinux"), CheckLevel.Info, "neither SELinux nor AppArmor")],
        ["cpu-overcommit"] = [("too many", s => s.Vm(vcpus: 17), CheckLevel.Warning, "more than four vCPUs for each CPU")],
        ["cpu-vulnerabilities"] =
        [
            ("open", s => s.Write("/sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable; SMT vulnerable\n"), CheckLevel.Warning, "vulnerable to mds"),
            ("open in part", s => s.Write("/sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: Enhanced IBRS; BHI: Vulnerable\n"), CheckLevel.Warning, "BHI: Vulnerable"),
            ("threads", s => s.Write("/sys/devices/system/cpu/vulnerabilities/l1tf", "Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable\n"), CheckLevel.Info, "smt/control"),
        ],
        ["governor"] = [("slow", s => s.Write("/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave\n"), CheckLevel.Warning, "cpupower -c 3 frequency-set")],
        ["idle-states"] = [("deep", s => s.Write("/sys/devices/system/cpu/cpu0/cpuidle/state3/latency", "800\n"), CheckLevel.Info, "cpupower idle-set -D 150")],
        ["halt-polling"] = [("off", s => s.Write("/sys/module/kvm/parameters/halt_poll_ns", "0\n"), CheckLevel.Info, "echo 200000 >"), ("long", s => s.Write("/sys/module/kvm/parameters/halt_poll_ns", "2000000\n"), CheckLevel.Warning, "2000 us")],
        ["clock-source"] = [("hpet", s => s.Write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n"), CheckLevel.Warning, "dmesg | grep -i tsc")],
        ["isolated-cpus"] = [("idle", s => s.Write("/sys/devices/system/cpu/isolated", "2-3\n").Vm(vcpuAffinity: "0-1"), CheckLevel.Warning, "CPUs 2-3 are isolated")],
        ["memory-overcommit"] = [("too much", s => s.Vm("-m 131072"), CheckLevel.Warning, "may use more memory than the host has"), ("little left", s => s.Write("/proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: 100000 kB\n"), CheckLevel.Warning, "little memory left")],
        ["swappiness"] = [("high", s => s.Write("/proc/sys/vm/swappiness", "60\n").Vm(), CheckLevel.Info, "sysctl vm.swappiness=10")],
        ["transparent-hugepages"] = [("never", s => s.Write("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n"), CheckLevel.Warning, "echo madvise >")],
        ["hugepage-pools"] = [("unused", s => Pool(s, 4096, 4096), CheckLevel.Warning, "nobody uses them"), ("empty", s => Pool(s, 4096, 0), CheckLevel.Info, "are in use")],
        ["ksm"] = [("for nothing", s => s.Write("/sys/kernel/mm/ksm/run", "1\n").Write("/sys/kernel/mm/ksm/pages_sharing", "10\n"), CheckLevel.Warning, "echo 2 > /sys/kernel/mm/ksm/run")],
        ["numa-balancing"] = [("off", s => s.Write("/proc/sys/kernel/numa_balancing", "0\n").Vm(), CheckLevel.Info, "sysctl kernel.numa_balancing=1")],
        ["zone-reclaim"] = [("on", s => s.Write("/proc/sys/vm/zone_reclaim_mode", "1\n"), CheckLevel.Warning, "sysctl vm.zone_reclaim_mode=0")],
        ["commit-limit"] = [("strict", s => s.Write("/proc/sys/vm/overcommit_memory", "2\n"), CheckLevel.Info, "sysctl vm.overcommit_memory=0")],
        ["iommu"] = [("off", s => s.Remove("/sys/kernel/iommu_groups"), CheckLevel.Info, "intel_iommu=on"), ("off, with passthrough", s => s.Remove("/sys/kernel/iommu_groups").Vm("-device vfio-pci,host=01:00.0"), CheckLevel.Warning, "can write to all memory")],
        ["guest-network"] =
        [
            ("vhost not loaded", s => s.Remove("/dev/vhost-net").Write("/lib/modules/6.1.0/modules.dep", "kernel/drivers/vhost/vhost_net.ko:\n"), CheckLevel.Info, "modprobe vhost_net"),
            ("firewall", s => s.Write("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n").Write("/sys/class/net/br0/bridge/bridge_id", "8000.000000000000\n"), CheckLevel.Info, "bridge-nf-call-iptables=0"),
        ],
        ["network-budget"] =
        [
            ("drops", s => s.Write("/proc/net/softnet_stat", "00100000 00001000 00000000\n").Write("/proc/sys/net/core/netdev_max_backlog", "1000\n"), CheckLevel.Warning, "netdev_max_backlog=4000"),
            ("squeezes", s => s.Write("/proc/net/softnet_stat", "00100000 00000000 00001000\n").Write("/proc/sys/net/core/netdev_budget", "400\n").Write("/proc/sys/net/core/netdev_budget_usecs", "2000\n"), CheckLevel.Info, "netdev_budget=800 net.core.netdev_budget_usecs=4000"),
            ("set too low", s => s.Write("/proc/sys/net/core/netdev_budget", "64\n"), CheckLevel.Info, "sysctl net.core.netdev_budget=300"),
        ],
        ["kernel-log"] =
        [
            ("oom", s => s.Write("/dev/kmsg", "3,9,5,-;Out of memory: Killed process 700 (qemu-system-x86) total-vm:1kB\n"), CheckLevel.Warning, "killed a VM"),
            ("error", s => s.Write("/dev/kmsg", "3,9,5,-;kvm: run failed\n"), CheckLevel.Warning, "1 error about KVM"),
            ("denied", s => s.Files.Fail("/dev/kmsg", KvmTop.Linux.Errno.EPERM), CheckLevel.Unknown, "cannot be read"),
        ],
        ["lockdown"] =
        [
            ("integrity", s => s.Write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n"), CheckLevel.Info, "integrity"),
            ("confidentiality", s => s.Write("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n"), CheckLevel.Info, "statistics descriptors and QMP"),
        ],
        ["debugfs"] = [("not mounted", s => s.Write("/proc/self/mountinfo", ""), CheckLevel.Info, "mount -t debugfs")],
        ["tracefs"] =
        [
            ("not mounted", s => s.Write("/proc/self/mountinfo", ""), CheckLevel.Info, "mount -t tracefs"),
            ("locked down", s => s.Write("/proc/self/mountinfo", "").Write("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n"), CheckLevel.Info, "closed by kernel lockdown"),
        ],
        ["vm-acceleration"] = [("tcg", s => s.Vms.Process(800, kvm: false, commandLine: "/usr/bin/qemu-system-x86_64\0-name\0slow\0-accel\0tcg\0"), CheckLevel.Warning, "-accel kvm")],
        ["vm-nested"] =
        [
            ("now", s => Counters(s.Vm(), 500, 1), CheckLevel.Info, "it runs guests of its own"),
            ("once", s => Counters(s.Vm(), 500, 0), CheckLevel.Info, "does not now"),
        ],
        ["vm-clock"] =
        [
            ("no kvm-clock", s => s.Vm("-cpu host,-kvmclock"), CheckLevel.Info, "kvmclock is off"),
            ("KVM hidden", s => s.Vm("-cpu host,kvm=off"), CheckLevel.Info, "kvm=off"),
            ("Windows by its RTC", s => s.Vm("-rtc base=localtime"), CheckLevel.Warning, "no Hyper-V enlightenments"),
            ("Windows by its CD", s => s.Vm("-drive file=/iso/virtio-win.iso,media=cdrom"), CheckLevel.Warning, "hv-stimer"),
            ("Windows with half of it", s => s.Vm("-rtc base=localtime -cpu host,hv_relaxed,hv_time"), CheckLevel.Info, "lacks hv-stimer"),
            ("Windows with lost ticks", s => s.Vm("-rtc base=localtime -cpu host,hv-relaxed,hv-time"), CheckLevel.Info, "driftfix=slew"),
            ("virtual time", s => s.Vm("-rtc clock=vm"), CheckLevel.Info, "clock=host"),
        ],
        ["vm-cpu-model"] = [("old", s => s.Vm("-cpu qemu64"), CheckLevel.Warning, "-cpu host")],
        ["vm-size"] = [("too many", s => s.Vm(vcpus: 5), CheckLevel.Warning, "-smp 4")],
        ["vm-affinity"] =
        [
            ("shared CPU", s => s.Vm(vcpuAffinity: "1"), CheckLevel.Warning, "2 vCPUs are pinned to CPU 1 alone"),
            ("two nodes", s => s.Vm(vcpuAffinity: "0;2"), CheckLevel.Info, "NUMA nodes 0, 1"),
            ("half", s => s.Vm(vcpuAffinity: "0;0-3"), CheckLevel.Info, "1 of 2 vCPUs are pinned"),
        ],
        ["vm-emulator-cpus"] = [("shared", s => s.Vm(affinity: "0-1", vcpuAffinity: "0;1"), CheckLevel.Warning, "virsh emulatorpin db")],
        ["vm-throttled"] =
        [
            ("quota", s => s.Vm().Vms.Cgroup("/m/db", "50000 100000", 0).InCgroup(700, "0::/m/db\n"), CheckLevel.Warning, "raise cpu.max of /sys/fs/cgroup/m/db"),
            ("quota of a libvirt guest", s => s.Vm("-object secret,id=masterKey0,file=/x").Vms.Cgroup("/m/db", "50000 100000", 0).InCgroup(700, "0::/m/db\n"), CheckLevel.Warning, "virsh schedinfo db"),
        ],
        ["vm-swap"] = [("out", s => s.Vm().Write("/proc/700/status", "Name:\tx\nUid:\t0\t0\t0\t0\nVmRSS:\t 2048 kB\nVmSwap:\t 900000 kB\n"), CheckLevel.Warning, "swapoff -a && swapon -a")],
        ["vm-hugepages"] =
        [
            ("late", s => s.Vm("-mem-path /dev/hugepages"), CheckLevel.Warning, "prealloc=on"),
            ("small pages", s => s.Write("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n").Vm("-m 32768"), CheckLevel.Warning, "in small pages"),
        ],
        ["vm-memory-nodes"] = [("far", s => s.Vm(vcpuAffinity: "0;1").Write("/proc/700/numa_maps", "7f00 default anon=100 N0=10 N1=90 kernelpagesize_kB=4\n"), CheckLevel.Warning, "migratepages 700 1 0")],
        ["vm-balloon"] = [("none", s => s.Vms.Qemu(700, commandLine: "/usr/bin/qemu-system-x86_64\0-accel\0kvm\0-m\02048\0"), CheckLevel.Info, "-device virtio-balloon")],
        ["vm-disks"] =
        [
            ("emulated", s => s.Vm("-drive file=/a.qcow2,if=none,id=d,cache=none,aio=io_uring -device ide-hd,drive=d"), CheckLevel.Warning, "virtio-blk"),
            ("unsafe", s => s.Vm("-drive file=/a.qcow2,if=virtio,cache=unsafe"), CheckLevel.Warning, "ignores flushes"),
            ("page cache", s => s.Vm("-drive file=/a.qcow2,if=virtio"), CheckLevel.Info, "cache=none,aio=io_uring"),
            ("threads", s => s.Vm("-drive file=/a.qcow2,if=virtio,cache=none"), CheckLevel.Info, "aio=io_uring"),
            ("JSON, page cache", s => s.Vm(Blockdev("") + " -device virtio-blk-pci,drive=f"), CheckLevel.Info, "\"cache\":{\"direct\":true}"),
            ("JSON, unsafe", s => s.Vm(Blockdev(",\"cache\":{\"direct\":true,\"no-flush\":true}") + " -device {\"driver\":\"virtio-blk-pci\",\"drive\":\"f\"}"), CheckLevel.Warning, "ignores flushes"),
            ("JSON, threads", s => s.Vm(Blockdev(",\"cache\":{\"direct\":true}") + " -device virtio-blk-pci,drive=f"), CheckLevel.Info, "\"aio\":\"io_uring\""),
            ("JSON, the child's own cache counts", s => s.Vm(Blockdev("", ",\"cache\":{\"direct\":true}") + " -device virtio-blk-pci,drive=f"), CheckLevel.Info, "page cache"),
            ("JSON, one inside the other", s => s.Vm("-blockdev {\"node-name\":\"f\",\"driver\":\"qcow2\",\"cache\":{\"direct\":true},\"file\":{\"driver\":\"file\",\"filename\":\"/a\"}} -device virtio-blk-pci,drive=f"), CheckLevel.Info, "pool of threads"),
        ],
        ["vm-network"] =
        [
            ("emulated", s => s.Vm("-netdev tap,id=n,vhost=on -device e1000,netdev=n"), CheckLevel.Warning, "virtio-net-pci"),
            ("no vhost", s => s.Vm("-netdev tap,id=n -device virtio-net-pci,netdev=n"), CheckLevel.Warning, "vhost=on"),
            ("user", s => s.Vm("-netdev user,id=n -device virtio-net-pci,netdev=n"), CheckLevel.Info, "user-mode"),
            ("JSON, no vhost", s => s.Vm("-netdev {\"type\":\"tap\",\"id\":\"n\",\"fd\":\"3\"} -device {\"driver\":\"virtio-net-pci\",\"netdev\":\"n\"}"), CheckLevel.Warning, "vhost=on"),
            ("JSON, one queue", s => s.Vm("-netdev {\"type\":\"tap\",\"id\":\"n\",\"fd\":\"3\",\"vhost\":true,\"vhostfd\":\"4\"} -device {\"driver\":\"virtio-net-pci\",\"netdev\":\"n\"}", vcpus: 8), CheckLevel.Info, "queues=4"),
            ("bridge", s => s.Vm("-nic bridge,br=br0,model=virtio-net-pci"), CheckLevel.Warning, "vhost=on"),
            ("one queue", s => s.Vm("-netdev tap,id=n,vhost=on -device virtio-net-pci,netdev=n", vcpus: 8), CheckLevel.Info, "queues=4"),
        ],
        ["vm-iothread"] = [("busy", s => s.Vm("-drive file=/a,if=virtio,cache=none,aio=native"), CheckLevel.Info, "-object iothread")],
        ["vm-passthrough"] =
        [
            ("far", s => s.Vm("-device vfio-pci,host=01:00.0", vcpuAffinity: "0-1").Write("/sys/bus/pci/devices/0000:01:00.0/numa_node", "1\n"), CheckLevel.Warning, "0000:01:00.0 is on node 1, and no vCPU may run there"),
            ("balloon", s => s.Vm("-device vfio-pci,host=01:00.0"), CheckLevel.Info, "balloon"),
        ],
        ["vm-display"] =
        [
            ("tablet", s => s.Vm("-device piix3-usb-uhci -device qemu-xhci -device usb-tablet"), CheckLevel.Info, "virtio-tablet-pci"),
            ("open to all", s => s.Vm("-vnc :1"), CheckLevel.Warning, "127.0.0.1"),
            ("viewer", s => s.Vm().Vms.Thread(700, 709, "vnc_worker"), CheckLevel.Info, "somebody looks"),
        ],
        ["vm-monitor"] =
        [
            ("monitor", s => s.Vm("-qmp tcp:0.0.0.0:4445,server=on,wait=off"), CheckLevel.Warning, "its monitor can be had by everybody"),
            ("debugger", s => s.Vm("-s"), CheckLevel.Warning, "its debugger stub can be had by everybody"),
            ("console", s => s.Vm("-serial telnet::4446,server"), CheckLevel.Warning, "its serial port can be had by everybody"),
            ("one address", s => s.Vm("-monitor tcp:192.0.2.7:4444,server=on"), CheckLevel.Warning, "whoever reaches one of its addresses"),
        ],
        ["vm-thread-names"] = [("none", s => s.Vms.Process(700, commandLine: "/usr/bin/qemu-system-x86_64\0-accel\0kvm\0"), CheckLevel.Info, "debug-threads=on")],
    };

    public static TheoryData<string> Ids { get; } = [.. CheckCatalog.All.Select(c => c.Id)];

    public static TheoryData<string, string> Cases { get; } = new(s_cases.SelectMany(c => c.Value.Select(v => (c.Key, v.Case))));

    [Theory]
    [MemberData(nameof(Ids))]
    public void Run_on_a_host_where_all_is_well_finds_nothing(string id)
    {
        using var stage = new CheckStage().Vm();
        Assert.All(stage.Run(Find(id)), f => Assert.True(f.Level == CheckLevel.Ok, $"{f.Level}: {f.What} ({f.Evidence})"));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_on_a_host_that_is_spoilt_says_what_and_how_to_mend_it(string id, string name)
    {
        var (_, spoil, level, says) = s_cases[id].Single(c => c.Case == name);
        using var stage = new CheckStage();
        spoil(stage);
        var moving = id is "vm-throttled" or "vm-iothread" || name == "viewer";
        var findings = moving ? RunMoving(stage, id) : stage.Run(Find(id), id == "vm-memory-nodes" ? "db" : null);
        Assert.Contains(findings, f => f.Level == level && $"{f.What} {f.Evidence} {f.Fix} {f.Why}".Contains(says, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("vm-disks", "-blockdev {\"node-name\":\"s\",\"driver\":\"file\",\"filename\":\"/a\",\"cache\":{\"direct\":true},\"aio\":\"native\"} -blockdev {\"node-name\":\"f\",\"driver\":\"qcow2\",\"file\":\"s\"} -device virtio-blk-pci,drive=f")]
    [InlineData("vm-disks", "-blockdev {\"node-name\":\"pflash0\",\"driver\":\"file\",\"filename\":\"/OVMF_CODE.fd\"} -machine pflash0=pflash0")]
    [InlineData("vm-disks", "-blockdev {\"node-name\":\"s\",\"driver\":\"file\",\"filename\":\"/a.iso\",\"read-only\":true} -device scsi-cd,drive=s")]
    [InlineData("vm-disks", "-drive file=rbd:pool/image,if=virtio")]
    [InlineData("vm-network", "-netdev {\"type\":\"tap\",\"id\":\"n\",\"fds\":\"3:4\",\"vhost\":true,\"vhostfds\":\"5:6\"} -device {\"driver\":\"virtio-net-pci\",\"netdev\":\"n\"}")]
    [InlineData("vm-network", "-netdev tap,id=n,vhostfd=5,fd=4 -device virtio-net-pci,netdev=n")]
    [InlineData("vm-clock", "-rtc base=localtime -cpu host,hv-passthrough")]
    [InlineData("vm-clock", "-rtc base=utc,clock=host,driftfix=slew")]
    [InlineData("vm-display", "-device qemu-xhci -device usb-tablet,id=t")]
    [InlineData("vm-display", "-vnc 127.0.0.1:1")]
    [InlineData("vm-display", "-vnc :1,password=on")]
    [InlineData("vm-display", "-vnc unix:/run/v")]
    [InlineData("vm-monitor", "-qmp unix:/run/q,server=on,wait=off -serial pty -gdb tcp:127.0.0.1:1234")]
    public void Run_on_a_vm_that_is_well_finds_nothing(string id, string arguments)
    {
        using var stage = new CheckStage().Vm(arguments);
        Assert.Empty(stage.Run(Find(id)));
    }

    [Theory]
    [InlineData("0\n")]
    [InlineData("-1\n")]
    public void Device_near_the_vcpus_or_nowhere_is_not_far(string node)
    {
        using var stage = new CheckStage().Vm("-device vfio-pci,host=01:00.0", vcpuAffinity: "0-1").Write("/sys/bus/pci/devices/0000:01:00.0/numa_node", node);
        Assert.DoesNotContain(stage.Run(Find("vm-passthrough")), f => f.Level >= CheckLevel.Warning);
    }

    [Fact]
    public void Hidden_parameter_that_modinfo_lists_is_none_that_is_unknown()
    {
        using var stage = Described(new CheckStage());
        stage.Write("/lib/modules/6.1.0/modules.builtin.modinfo", "kvm_intel.parmtype=secret:bool\0").Write("/etc/modprobe.d/a.conf", "options kvm_intel secret=1 dyndbg=+p\n");
        Assert.Empty(stage.Run(Find("unknown-parameters")));
    }

    [Fact]
    public void Every_check_has_a_case_that_it_finds() => Assert.Equal(CheckCatalog.All.Select(c => c.Id).Order(), s_cases.Keys.Order());

    [Fact]
    public void Every_check_is_listed_once()
    {
        var types = typeof(Check).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Check)) && !t.IsAbstract);
        Assert.Equal(types.Select(t => t.Name).Order(), CheckCatalog.All.Concat(CheckCatalog.Trials).Select(c => c.GetType().Name).Order());
        Assert.Equal(CheckCatalog.All.Count, CheckCatalog.All.Select(c => c.Id).Distinct().Count());
    }

    [Fact]
    public void Warnings_and_failures_say_why_and_what_they_rest_on()
    {
        foreach (var (id, cases) in s_cases)
        {
            foreach (var (_, spoil, level, _) in cases)
            {
                using var stage = new CheckStage();
                spoil(stage);
                foreach (var finding in stage.Run(Find(id)).Where(f => f.Level >= CheckLevel.Warning))
                {
                    Assert.False(string.IsNullOrEmpty(finding.Evidence) || string.IsNullOrEmpty(finding.Why), $"{id}: {finding.What}");
                }
            }
        }
    }

    [Fact]
    public void Fix_with_a_hostile_name_is_one_word_for_the_shell()
    {
        using var stage = new CheckStage();
        stage.Vms.Qemu(700, commandLine: "/usr/bin/qemu-system-x86_64\0-name\0a;reboot'\0-accel\0kvm\0");
        for (var i = 0; i <= 2; i++)
        {
            stage.Write($"/proc/700/task/{700 + i}/status", "Name:\tx\nCpus_allowed_list:\t1\n");
        }

        Assert.Contains(stage.Run(Find("vm-affinity")), f => f.Fix?.Contains(@"virsh vcpupin 'a;reboot'\''' 0", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Report_on_an_empty_host_has_no_failed_check()
    {
        var host = new FakeHost();
        using var topics = new AllTopics(host);
        topics.Tick();
        var report = CheckReport.Run(CheckCatalog.All, new CheckContext(host, topics.Snapshot, null));
        Assert.DoesNotContain(report.Results, r => r.Finding.What.StartsWith("this check failed", StringComparison.Ordinal));
    }

    [Fact]
    public void Report_of_one_vm_leaves_the_host_out()
    {
        using var stage = new CheckStage().Vm("-cpu qemu64");
        using var topics = new AllTopics(stage.Files);
        topics.Tick();
        var report = CheckReport.Run(CheckCatalog.All, new CheckContext(stage.Files, topics.Snapshot, stage.User, "db"));
        Assert.NotEmpty(report.Results);
        Assert.All(report.Results, r => Assert.Equal("db", r.Finding.Vm));
    }

    // Figures that need two readings: what happens between them is the case.
    private static List<CheckFinding> RunMoving(CheckStage stage, string id)
    {
        using var topics = new AllTopics(stage.Files);
        topics.Tick();
        stage.Vms.Ran(700, 700, 0.9, 0, 100);
        if (id == "vm-display")
        {
            stage.Vms.Ran(700, 709, 0.4, 0, 100);
        }

        if (id == "vm-throttled")
        {
            stage.Vms.Cgroup("/m/db", "50000 100000", 400_000);
        }

        topics.Tick();
        return [.. Find(id).Run(new CheckContext(stage.Files, topics.Snapshot, stage.User))];
    }

    private static Check Find(string id) => CheckCatalog.All.Single(c => c.Id == id);

    private static CheckStage NoVendor(CheckStage stage) => stage.Remove("/sys/module/kvm_intel").Write("/proc/modules", "kvm 1146880 0 - Live 0x0\n");

    private static CheckStage Described(CheckStage stage) => stage
        .Write("/lib/modules/6.1.0/modules.dep", "kvm-intel.ko:\n").Write("/lib/modules/6.1.0/modules.builtin.modinfo", "kvm_intel.parmtype=ept:bool\0kvm_intel.parmtype=nested:bool\0");

    private static CheckStage Counters(CheckStage stage, int nestedRun, int guestMode) => stage
        .Write("/sys/kernel/debug/kvm/700-11/exits", "9000\n").Write("/sys/kernel/debug/kvm/700-11/nested_run", $"{nestedRun}\n").Write("/sys/kernel/debug/kvm/700-11/guest_mode", $"{guestMode}\n");

    private static string Blockdev(string file, string format = "") =>
        $"-blockdev {{\"node-name\":\"s\",\"driver\":\"file\",\"filename\":\"/a.qcow2\"{file}}} -blockdev {{\"node-name\":\"f\",\"driver\":\"qcow2\",\"file\":\"s\"{format}}}";

    private static CheckStage Pool(CheckStage stage, int total, int free) => stage
        .Write("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", $"{total}\n").Write("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", $"{free}\n")
        .Write("/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "0\n");
}
