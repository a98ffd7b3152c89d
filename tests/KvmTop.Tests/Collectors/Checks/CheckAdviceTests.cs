using System.Text.RegularExpressions;
using KvmTop.Collectors.Checks;

namespace KvmTop.Tests.Collectors.Checks;

/// <summary>Advice by CPU. ARM hosts were told of VT-d and amd_iommu=on, which is no value anywhere, and to look at a check that said that all was well.</summary>
public sealed partial class CheckAdviceTests
{
    private const string Intel = "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx ept\n\n";
    private const string Amd = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n\n";
    private const string Hygon = "vendor_id\t: HygonGenuine\nflags\t\t: fpu svm npt\n\n";
    private const string Zhaoxin = "vendor_id\t:   Shanghai  \nflags\t\t: fpu vmx ept\n\n";
    private const string Arm = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd evtstrm aes\nCPU implementer\t: 0x41\n\n";
    private const string S390 = "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch stfle msa sie\n\n";
    private const string S390WithoutSie = "vendor_id       : IBM/S390\nfeatures\t: esan3 zarch stfle msa\n\n";
    private const string PowerNv = "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\ntimebase\t: 512000000\nplatform\t: PowerNV\nmachine\t\t: PowerNV 9006-22P\n";
    private const string PSeries = "processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\n\ntimebase\t: 512000000\nplatform\t: pSeries\nmachine\t\t: CHRP IBM,9009-42A\n";
    private const string Riscv = "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdch_zicsr_zifencei\nmmu\t\t: sv48\n\n";
    private const string RiscvWithoutH = "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc_zicsr_zihintpause\nmmu\t\t: sv48\n\n";
    private const string Loongson = "system type\t: generic-loongson-machine\n\nprocessor\t: 0\nCPU Family\t: Loongson-64bit\nFeatures\t: cpucfg lam ual fpu lsx lasx lvz\n\n";

    public static TheoryData<string> Foreign { get; } = [Arm, S390, S390WithoutSie, PowerNv, PSeries, Riscv, RiscvWithoutH, Loongson];

    public static TheoryData<string> Every { get; } = [Intel, Amd, Hygon, Zhaoxin, Arm, S390, S390WithoutSie, PowerNv, PSeries, Riscv, RiscvWithoutH, Loongson];

    [Theory]
    [MemberData(nameof(Foreign))]
    public void Cpu_of_another_kind_is_not_told_of_words_of_x86(string cpu)
    {
        using var stage = Spoilt(cpu, "ro quiet");
        foreach (var (id, finding) in RunAll(stage))
        {
            Assert.DoesNotMatch(WordsOfX86(), $"{id}: {finding.What} {finding.Why} {finding.Fix}");
        }
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Check_that_another_names_has_something_to_say(string cpu)
    {
        foreach (var log in (string[])["6,1,1,-;x", "6,300,1000,-;kvm [1]: HYP mode not available", "6,300,1000,-;kvm [1]: KVM disabled from command line", "6,1,1,-;kvm [1]: hypervisor extension not available", "3,1,1,-;kvm: no hardware support"])
        {
            foreach (var loaded in (bool[])[true, false])
            {
                using var stage = Spoilt(cpu, "ro");
                stage.Write("/dev/kmsg", log + "\n");
                if (!loaded)
                    stage.Remove("/sys/module/kvm").Write("/lib/modules/6.1.0/modules.dep", "kernel/kvm.ko:\nkernel/kvm-intel.ko: kernel/kvm.ko\nkernel/kvm-amd.ko: kernel/kvm.ko\n");
                var all = RunAll(stage);
                foreach (var (id, finding) in all)
                {
                    foreach (Match named in Named().Matches(finding.Fix ?? ""))
                        Assert.True(all.Any(f => f.Id == named.Groups[1].Value && f.Finding.Level >= CheckLevel.Warning), $"{id}: {finding.Fix}");
                }
            }
        }
    }

    [Theory]
    [InlineData(Intel, "ro", "add intel_iommu=on", null)]
    [InlineData(Intel, "ro intel_iommu=on iommu=pt", "VT-d", "add ")]
    [InlineData(Intel, "ro intel_iommu=on,sm_on", "already", "add ")]
    [InlineData(Intel, "ro iommu=pt", "add intel_iommu=on", "iommu=pt")]
    [InlineData(Intel, "ro intel_iommu=off", "remove intel_iommu=off", null)]
    [InlineData(Zhaoxin, "ro", "add intel_iommu=on", null)]
    [InlineData(Amd, "ro", "firmware", "amd_iommu")]
    [InlineData(Amd, "ro amd_iommu=on iommu=pt", "leave it out", "add ")]
    [InlineData(Amd, "ro amd_iommu=off", "remove amd_iommu=off", "add ")]
    [InlineData(Hygon, "ro iommu=off", "remove iommu=off", "add ")]
    [InlineData(Arm, "ro", "SMMU", "add ")]
    [InlineData(S390, "ro", "nothing is to be set", "firmware")]
    [InlineData(PowerNv, "ro", "nothing is to be set", "firmware")]
    [InlineData(Riscv, "ro", "CONFIG_RISCV_IOMMU", "add ")]
    public void Iommu_is_switched_on_by_what_exists_and_is_not_there(string cpu, string line, string says, string? not)
    {
        using var stage = Spoilt(cpu, line);
        var fix = Assert.Single(stage.Run(Find("iommu"))).Fix!;
        Assert.Contains(says, fix, StringComparison.Ordinal);
        Assert.DoesNotContain(not ?? "\0", fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Arm, "6,300,1000,-;kvm [1]: HYP mode not available", "ro", "EL2")]
    [InlineData(Arm, "6,300,1000,-;kvm [1]: KVM disabled from command line", "ro kvm-arm.mode=none", "remove kvm-arm.mode=none")]
    [InlineData(Arm, "6,1,1,-;x", "ro kvm-arm.mode=none", "remove kvm-arm.mode=none")]
    [InlineData(S390WithoutSie, "6,1,1,-;x", "ro", "SIE")]
    [InlineData(PSeries, "6,1,1,-;x", "ro", "LPAR")]
    [InlineData(RiscvWithoutH, "6,1,1,-;x", "ro", "(H)")]
    [InlineData(Riscv, "6,1,1,-;kvm [1]: hypervisor extension not available", "ro", "(H)")]
    public void Cause_of_no_kvm_is_told_on_each_architecture(string cpu, string log, string line, string says)
    {
        using var stage = Spoilt(cpu, line).Write("/dev/kmsg", log + "\n");
        Assert.Contains(stage.Run(Find("cpu-virtualisation")), f => f.Level == CheckLevel.Failure && $"{f.What} {f.Fix}".Contains(says, StringComparison.Ordinal));
        Assert.Equal("see cpu-virtualisation above", Assert.Single(stage.Run(Find("kvm-device"))).Fix);
    }

    [Theory]
    [InlineData(Arm, "ro kvm-arm.mode=nested", CheckLevel.Ok, null)]
    [InlineData(Arm, "ro", CheckLevel.Info, "kvm-arm.mode=nested")]
    [InlineData(S390, "ro", CheckLevel.Info, "kvm.nested=1")]
    [InlineData(Riscv, "ro", CheckLevel.Info, null)]
    public void Nested_is_where_the_architecture_has_it(string cpu, string line, CheckLevel level, string? fix)
    {
        using var stage = Spoilt(cpu, line);
        stage.Write("/sys/module/kvm/parameters/nested", "0\n");
        var finding = Assert.Single(stage.Run(Find("nested")));
        Assert.Equal(level, finding.Level);
        Assert.Contains(fix ?? "", finding.Fix ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Intel, "l1tf", "Mitigation: PTE Inversion; VMX: vulnerable", "ro l1tf=off", "remove l1tf=off")]
    [InlineData(Intel, "mds", "Vulnerable; SMT vulnerable", "ro mitigations=off", "remove mitigations=off")]
    [InlineData(Amd, "vmscape", "Vulnerable", "ro mitigations=auto;no_guest_host", "remove mitigations=auto;no_guest_host")]
    [InlineData(Amd, "spec_rstack_overflow", "Vulnerable: No microcode", "ro", "microcode")]
    [InlineData(Amd, "spec_rstack_overflow", "Vulnerable: No microcode", "ro mitigations=auto,no_guest_host", "microcode")]
    [InlineData(Intel, "itlb_multihit", "KVM: Vulnerable", "ro kvm.nx_huge_pages=off", "remove kvm.nx_huge_pages=off")]
    [InlineData(Intel, "mds", "Vulnerable", "ro srbds=off", "update the kernel")]
    [InlineData(Arm, "spectre_v2", "Vulnerable", "ro", "firmware")]
    [InlineData(Arm, "spectre_v2", "Vulnerable", "ro nospectre_v2", "remove nospectre_v2")]
    public void Vulnerability_is_closed_by_taking_away_what_opens_it(string cpu, string name, string text, string line, string says)
    {
        using var stage = Spoilt(cpu, line);
        stage.Remove("/sys/devices/system/cpu/vulnerabilities").Write("/sys/devices/system/cpu/vulnerabilities/" + name, text + "\n");
        var finding = Assert.Single(stage.Run(Find("cpu-vulnerabilities")));
        Assert.Equal(CheckLevel.Warning, finding.Level);
        Assert.Contains(says, finding.Fix, StringComparison.Ordinal);
        Assert.DoesNotContain(says.Contains("mitigations", StringComparison.Ordinal) ? "\0" : "mitigations", finding.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/run/.containerenv")]
    [InlineData("/var/run/secrets/kubernetes.io/serviceaccount/token")]
    public void Container_is_given_the_device_by_who_starts_it(string sign)
    {
        using var stage = new CheckStage().Write(sign, "").Remove("/dev/kvm");
        Assert.Contains("start this container with", Assert.Single(stage.Run(Find("kvm-device"))).Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Memory cgroup out of memory: Killed process 99 (qemu-system-x86) total-vm:1kB, UID:107", CheckLevel.Warning, "the kernel killed a VM by its cgroup's memory limit: qemu-system-x86 (pid 99)")]
    [InlineData("Memory cgroup out of memory: Killed process 701 (java) total-vm:1kB, UID:107", CheckLevel.Info, "java (pid 701)")]
    [InlineData("Out of memory: Killed process 701 (java) total-vm:1kB, UID:107", CheckLevel.Warning, "the host had no memory left")]
    [InlineData("INFO: task CPU 0/KVM:701 blocked for more than 122 seconds.", CheckLevel.Warning, "a VM hangs in the kernel: db, CPU 0/KVM (pid 701)")]
    [InlineData("INFO: task jbd2/dm-6-8:999 blocked for more than 122 seconds.", CheckLevel.Info, "besides VMs")]
    [InlineData("watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [kworker/3:1:99]", CheckLevel.Warning, "a CPU of this host was stuck")]
    [InlineData("x86/split lock detection: #AC: CPU 0/KVM/701 took a split_lock trap at address: 0x1", CheckLevel.Warning, "locks memory across a cache line: db")]
    [InlineData("HugeTLB: allocating 4 of page size 1.00 GiB failed.  Only allocated 2 hugepages.", CheckLevel.Warning, "hugepages were not to be had")]
    [InlineData("kvm [1]: vcpu0, guest rIP: 0x1 unhandled rdmsr: 0x1", CheckLevel.Ok, "1 known to be harmless")]
    [InlineData("EXT4-fs error (device dm-6): ext4_find_entry:1682: inode #2: comm kvm: reading directory lblock 0", CheckLevel.Ok, "no errors about virtual machines")]
    public void Kernel_log_alarms_for_what_it_means_and_says_how_old_it_is(string text, CheckLevel level, string says)
    {
        using var stage = new CheckStage().Vm().Write("/dev/kmsg", $"3,1,1000000000,-;{text}\n");
        stage.Files.Advance(10_000);
        var finding = Assert.Single(stage.Run(Find("kernel-log")));
        Assert.Equal(level, finding.Level);
        Assert.Contains(says, finding.What, StringComparison.Ordinal);
        Assert.True(level == CheckLevel.Ok || finding.Evidence!.Contains("4 h ago", StringComparison.Ordinal), finding.Evidence);
    }

    // A host on which nothing that can be advised about is well.
    private static CheckStage Spoilt(string cpu, string line)
    {
        var stage = new CheckStage().Write("/proc/cpuinfo", cpu).Write("/proc/cmdline", line + "\n").Write("/proc/modules", "tun 1 0 - Live 0x0\n").Remove("/sys/module/kvm_intel").Remove("/dev/kvm").Remove("/usr/bin/qemu-system-x86_64").Remove("/sys/kernel/iommu_groups")
            .Remove("/sys/module/kvm/initstate").Write("/dev/kmsg", "6,1,1,-;x\n").Write("/sys/kernel/mm/ksm/run", "1\n").Write("/sys/module/kvm/parameters/halt_poll_ns", "900000\n").Write("/proc/sys/vm/swappiness", "60\n")
            .Write("/sys/devices/system/cpu/vulnerabilities/spectre_v2", "Vulnerable\n").Write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "jiffies\n");
        for (var i = 0; i < 4; i++)
            stage.Write($"/sys/devices/system/cpu/cpu{i}/cpufreq/scaling_governor", "powersave\n");
        return stage;
    }

    private static List<(string Id, CheckFinding Finding)> RunAll(CheckStage stage) => [.. CheckCatalog.All.SelectMany(c => stage.Run(c).Select(f => (c.Id, f)))];

    private static Check Find(string id) => CheckCatalog.All.Single(c => c.Id == id);

    [GeneratedRegex(@"intel_iommu|amd_iommu|\bVT-|AMD-V|kvm_intel|kvm_amd|\btsc=|\bSVM\b|\bVMX\b|qemu64|qemu-system-x86|smt/control")]
    private static partial Regex WordsOfX86();

    [GeneratedRegex(@"see ([a-z-]+) above")]
    private static partial Regex Named();
}
