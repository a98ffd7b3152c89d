using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>What checks look at: security, clocks, devices, the kernel log.</summary>
internal static class HostFactsFiles
{
    private static readonly (string Name, string Text)[] s_vulnerabilities =
    [
        ("meltdown", "Not affected"), ("l1tf", "Not affected"), ("mds", "Not affected"), ("retbleed", "Mitigation: untrained return thunk; SMT enabled with STIBP protection"),
        ("spec_store_bypass", "Mitigation: Speculative Store Bypass disabled via prctl"), ("spectre_v1", "Mitigation: usercopy/swapgs barriers and __user pointer sanitization"),
        ("spectre_v2", "Mitigation: Retpolines; IBPB: conditional; IBRS_FW; STIBP: always-on; RSB filling"), ("spec_rstack_overflow", "Vulnerable: Safe RET, no microcode"),
    ];

    public static void AddTo(FileTree tree, HostModel host)
    {
        foreach (var (name, text) in s_vulnerabilities)
        {
            tree.AddText("/sys/devices/system/cpu/vulnerabilities/" + name, text + "\n");
        }

        IdleFiles.AddTo(tree, host);
        tree.AddText("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
        tree.AddText("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        tree.AddText("/sys/module/apparmor/parameters/enabled", "Y\n");
        tree.AddText("/proc/net/softnet_stat", "0a4f2e10 00000000 00000012 00000000 00000000 00000000\n");
        tree.AddText("/run/libvirt/libvirt-sock", "");
        tree.AddText("/usr/bin/qemu-system-x86_64", "");
        tree.AddUnreadable("/dev/net/tun", new FileFacts(FileKind.CharacterDevice, 0, 0, 0x1B6, 10, 200));
        tree.AddUnreadable("/dev/vhost-net", new FileFacts(FileKind.CharacterDevice, 0, 109, 0x1B0, 10, 238));
        tree.AddText("/dev/kmsg", "6,812,4102331,-;kvm_amd: Nested Virtualization enabled\n6,813,4102340,-;kvm_amd: Nested Paging enabled\n6,401,1300220,-;AMD-Vi: Interrupt remapping enabled\n");
    }
}
