using System.Text;
using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>/proc/modules, /sys/module, /lib/modules and modprobe.d of a host with an AMD CPU.</summary>
internal static class ModuleFiles
{
    // Name, size, users (-1: as many as there are VMs), holders, dependencies.
    private static readonly (string Name, int Size, int Users, string Holders, string DependsOn)[] s_loaded =
    [
        ("vhost_net", 32768, 12, "", "vhost tun tap"),
        ("vhost", 65536, 1, "vhost_net", "vhost_iotlb"),
        ("vhost_iotlb", 16384, 1, "vhost", ""),
        ("tap", 32768, 1, "vhost_net", ""),
        ("tun", 65536, 25, "vhost_net", ""),
        ("vfio_pci", 16384, 0, "", "vfio"),
        ("vfio_iommu_type1", 49152, 0, "", "vfio"),
        ("vfio", 69632, 2, "vfio_pci,vfio_iommu_type1", ""),
        ("bridge", 421888, 0, "", "stp llc"),
        ("kvm_amd", 245760, -1, "", "kvm ccp"),
        ("ccp", 143360, 1, "kvm_amd", ""),
        ("kvm", 1425408, 1, "kvm_amd", "irqbypass"),
        ("irqbypass", 12288, 2, "kvm,vfio_pci", ""),
        ("nvme", 61440, 4, "", ""),
        ("mlx5_core", 2330624, 0, "", ""),
    ];

    private static readonly (string Module, string Name, string Value, bool Writable)[] s_parameters =
    [
        ("kvm", "enable_pmu", "Y", false), ("kvm", "halt_poll_ns", "200000", true), ("kvm", "halt_poll_ns_grow", "2", true),
        ("kvm", "halt_poll_ns_grow_start", "10000", true), ("kvm", "halt_poll_ns_shrink", "0", true), ("kvm", "ignore_msrs", "N", true),
        ("kvm", "kvmclock_periodic_sync", "Y", false), ("kvm", "mmio_caching", "Y", false), ("kvm", "nx_huge_pages", "N", true),
        ("kvm", "report_ignored_msrs", "Y", true), ("kvm", "tdp_mmu", "Y", false),
        ("kvm_amd", "avic", "N", false), ("kvm_amd", "nested", "1", false), ("kvm_amd", "npt", "Y", false), ("kvm_amd", "nrips", "1", false),
        ("kvm_amd", "pause_filter_thresh", "128", false), ("kvm_amd", "sev", "N", false), ("kvm_amd", "vgif", "1", false), ("kvm_amd", "vls", "1", false),
        ("vfio_iommu_type1", "allow_unsafe_interrupts", "N", true), ("vfio_iommu_type1", "disable_hugepages", "N", true),
        ("vhost", "max_mem_regions", "64", false), ("vhost_net", "experimental_zcopytx", "0", false), ("vfio_pci", "ids", "", false),
    ];

    public static void AddTo(FileTree tree, HostModel host, string kernel)
    {
        tree.Add("/proc/modules", (ref Utf8Writer writer, long now) =>
        {
            foreach (var (name, size, users, holders, _) in s_loaded)
            {
                writer.Text(Encoding.UTF8.GetBytes(name));
                writer.Number(" "u8, size);
                writer.Number(" "u8, users < 0 ? VmsAt(host, now) : users);
                writer.Text(Encoding.UTF8.GetBytes(holders.Length == 0 ? " - " : " " + holders + ", "));
                writer.Text("Live 0x0000000000000000\n"u8);
            }

            return Errno.None;
        });
        foreach (var (name, size, users, holders, _) in s_loaded)
        {
            var folder = "/sys/module/" + name;
            tree.AddText(folder + "/initstate", "live\n");
            tree.AddText(folder + "/coresize", FormattableString.Invariant($"{size}\n"));
            tree.Add(folder + "/refcnt", (ref Utf8Writer writer, long now) =>
            {
                writer.Number(users < 0 ? VmsAt(host, now) : users);
                writer.Text("\n"u8);
                return Errno.None;
            });
            foreach (var holder in holders.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                tree.AddText($"{folder}/holders/{holder}", "");
            }
        }

        foreach (var (module, name, value, writable) in s_parameters)
        {
            var path = $"/sys/module/{module}/parameters/{name}";
            if (writable)
            {
                tree.AddWritable(path, value + "\n");
            }
            else
            {
                tree.AddText(path, value + "\n");
            }
        }

        AddLists(tree, "/lib/modules/" + kernel);
        tree.AddText("/etc/modprobe.d/kvm.conf", "# Guests of the build farm start guests of their own.\noptions kvm_amd nested=1 avic=1\n");
        tree.AddText("/usr/lib/modprobe.d/qemu-system-x86.conf", "options kvm_intel nested=1\n");
        tree.AddText("/proc/cmdline", $"BOOT_IMAGE=/vmlinuz-{kernel} root=/dev/mapper/vg0-root ro amd_iommu=on iommu=pt{IsolationOf(host.Topology.Isolated)} quiet\n");
        for (var group = 0; group < 42; group++)
        {
            tree.AddText(FormattableString.Invariant($"/sys/kernel/iommu_groups/{group}/type"), "identity\n");
        }
    }

    private static string IsolationOf(Model.CpuSet isolated) => isolated.Cpus.Length == 0 ? "" : $" isolcpus=managed_irq,domain,{isolated.List} nohz_full={isolated.List} rcu_nocbs={isolated.List}";

    private static void AddLists(FileTree tree, string folder)
    {
        var files = new StringBuilder();
        foreach (var (name, _, _, _, depends) in s_loaded)
        {
            files.Append("kernel/virt/").Append(name).Append(".ko.zst:");
            foreach (var other in depends.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                files.Append(" kernel/virt/").Append(other).Append(".ko.zst");
            }

            files.Append('\n');
        }

        files.Append("kernel/drivers/vhost/vhost_vsock.ko.zst: kernel/virt/vhost.ko.zst\nkernel/drivers/block/nbd.ko.zst:\nkernel/drivers/net/macvtap.ko.zst: kernel/virt/tap.ko.zst\n");
        files.Append("kernel/drivers/vhost/vhost_scsi.ko.zst: kernel/virt/vhost.ko.zst\nkernel/drivers/vfio/mdev/mdev.ko.zst:\n");
        tree.AddText(folder + "/modules.dep", files.ToString());
        tree.AddText(folder + "/modules.builtin", "kernel/lib/crc32.ko\nkernel/drivers/char/tpm/tpm.ko\n");
    }

    private static long VmsAt(HostModel host, long now)
    {
        var vms = 0;
        foreach (var process in host.Processes)
        {
            vms += process.IsKvm && process.Life.GenerationAt(now) >= 0 ? 1 : 0;
        }

        return vms;
    }
}
