using KvmTop.Collectors.Checks;
using KvmTop.Linux;

namespace KvmTop.Tests.Collectors.Checks;

/// <summary>An Intel host in memory on which all is well, for tests that spoil one thing.</summary>
internal sealed class CheckStage : IDisposable
{
    private const string Cpu = "/sys/devices/system/cpu/";

    public CheckStage()
    {
        Write("/proc/stat", "cpu  100 0 50 5000 0 0 0 0 0 0\ncpu0 25 0 12 1250 0 0 0 0 0 0\ncpu1 25 0 12 1250 0 0 0 0 0 0\ncpu2 25 0 12 1250 0 0 0 0 0 0\ncpu3 25 0 12 1250 0 0 0 0 0 0\nbtime 1\n");
        Write("/proc/meminfo", "MemTotal: 67108864 kB\nMemFree: 50000000 kB\nMemAvailable: 55000000 kB\nSwapTotal: 8388608 kB\nSwapFree: 8388608 kB\n");
        Write("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: fpu vmx ept vpid\nvmx flags\t: ept vpid ple apicv ept_1gb\n\n");
        Write("/proc/modules", "kvm_intel 380928 2 - Live 0x0\nkvm 1146880 1 kvm_intel, Live 0x0\n");
        Write("/sys/module/kvm/initstate", "live\n");
        Write("/sys/module/kvm/parameters/halt_poll_ns", "200000\n");
        Write("/sys/module/kvm_intel/initstate", "live\n");
        Write("/sys/module/kvm_intel/parameters/nested", "Y\n");
        Write("/sys/module/kvm_intel/parameters/ept", "Y\n");
        Write("/proc/cmdline", "ro quiet\n");
        Write("/proc/sys/kernel/osrelease", "6.1.0\n");
        Write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
        Write("/etc/group", "root:x:0:\nkvm:x:109:alice\n");
        Device(0, 109, 0x1B0);
        Write("/usr/bin/qemu-system-x86_64", "");
        Write("/run/libvirt/virtqemud-sock", "");
        Write("/proc/self/mountinfo", "24 1 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n25 1 0:8 / /sys/kernel/tracing rw - tracefs tracefs rw\n26 1 0:9 / /sys/kernel/security rw - securityfs securityfs rw\n");
        Write("/sys/kernel/debug/kvm/exits", "1\n");
        Write("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        Write("/sys/fs/selinux/enforce", "1\n");
        Write("/dev/kmsg", "6,1,100,-;kvm: nothing special\n");
        Write(Cpu + "online", "0-3\n");
        Write(Cpu + "isolated", "\n");
        Write(Cpu + "vulnerabilities/meltdown", "Not affected\n");
        for (var cpu = 0; cpu < 4; cpu++)
        {
            Write($"{Cpu}cpu{cpu}/cpufreq/scaling_governor", "performance\n");
            Write($"{Cpu}cpu{cpu}/cpuidle/state1/name", "C1\n");
            Write($"{Cpu}cpu{cpu}/cpuidle/state1/latency", "2\n");
        }

        Write("/sys/devices/system/node/online", "0-1\n");
        Write("/sys/devices/system/node/node0/cpulist", "0-1\n");
        Write("/sys/devices/system/node/node1/cpulist", "2-3\n");
        Write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
        Write("/proc/sys/vm/swappiness", "10\n");
        Write("/proc/sys/vm/zone_reclaim_mode", "0\n");
        Write("/proc/sys/vm/overcommit_memory", "0\n");
        Write("/proc/sys/kernel/numa_balancing", "1\n");
        Write("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
        Write("/sys/kernel/mm/ksm/run", "0\n");
        Write("/sys/kernel/iommu_groups/0/type", "DMA\n");
        Write("/dev/net/tun", "");
        Write("/dev/vhost-net", "");
        Write("/proc/net/softnet_stat", "00001000 00000000 00000000\n");
    }

    public VmHost Vms { get; } = new(new FakeHost());

    public FakeHost Files => Vms.Files;

    public CheckUser? User { get; set; } = new(0, "root", [0]);

    public CheckStage Write(string path, string text)
    {
        Files.Write(path, text);
        return this;
    }

    public CheckStage Remove(string path)
    {
        Files.Remove(path);
        return this;
    }

    /// <summary>/dev/kvm with an owner and a mode.</summary>
    public CheckStage Device(uint uid, uint gid, int mode)
    {
        Files.Write("/dev/kvm", "");
        Files.SetFacts("/dev/kvm", new FileFacts(FileKind.CharacterDevice, uid, gid, mode, 10, 232));
        return this;
    }

    /// <summary>A running QEMU called db with two vCPUs, and the affinity of its threads.</summary>
    public CheckStage Vm(string arguments = "", string affinity = "0-3", string? vcpuAffinity = null, int vcpus = 2)
    {
        const int pid = 700;
        Vms.Qemu(pid, vcpus, commandLine: $"/usr/bin/qemu-system-x86_64 -name db,debug-threads=on -accel kvm -cpu host -m 1024 -smp {vcpus} -device virtio-balloon {arguments}".TrimEnd().Replace(' ', '\0') + "\0");
        for (var i = 0; i <= vcpus; i++)
        {
            Write($"/proc/{pid}/task/{pid + i}/status", $"Name:\tx\nCpus_allowed_list:\t{(i == 0 ? affinity : vcpuAffinity?.Split(';')[(i - 1) % vcpuAffinity.Split(';').Length] ?? affinity)}\n");
        }

        return this;
    }

    public IReadOnlyList<CheckFinding> Run(Check check, string? onlyVm = null)
    {
        using var topics = new AllTopics(Files);
        topics.Tick();
        topics.Tick();
        return [.. check.Run(new CheckContext(Files, topics.Snapshot, User, onlyVm))];
    }

    public void Dispose() => Vms.Dispose();
}
