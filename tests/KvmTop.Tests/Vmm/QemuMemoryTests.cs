using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

/// <summary>Memory was what -m says: DIMMs, virtio-mem, zones and the machine's own property were not counted, and an overcommitted host was told that all is well.</summary>
public sealed class QemuMemoryTests
{
    private const ulong MiB = 1 << 20;
    private const ulong GiB = 1 << 30;

    [Theory]
    // Proxmox with memory hotplug: 1 GiB and DIMMs.
    [InlineData("-m size=1024,slots=255,maxmem=4194304M -object memory-backend-ram,id=ram-node0,size=1024M -numa node,nodeid=0,cpus=0-3,memdev=ram-node0 -object memory-backend-ram,id=mem-dimm0,size=512M -device pc-dimm,id=dimm0,memdev=mem-dimm0,node=0 -object memory-backend-ram,id=mem-dimm1,size=512M -device pc-dimm,id=dimm1,memdev=mem-dimm1,node=0", 2048)]
    // libvirt's <memory model='dimm'>, in JSON.
    [InlineData("-m size=4194304k,slots=16,maxmem=33554432k -object {\"qom-type\":\"memory-backend-ram\",\"id\":\"ram-node0\",\"size\":4294967296} -numa node,nodeid=0,memdev=ram-node0 -object {\"qom-type\":\"memory-backend-memfd\",\"id\":\"memdimm0\",\"size\":1073741824} -device {\"driver\":\"pc-dimm\",\"node\":0,\"memdev\":\"memdimm0\",\"id\":\"dimm0\",\"slot\":0}", 5120)]
    // virtio-mem: as much as was requested, of a larger region.
    [InlineData("-m 4G,maxmem=20G -object memory-backend-ram,id=vmem0,size=16G,prealloc=off -device virtio-mem-pci,id=vm0,memdev=vmem0,node=0,requested-size=2G", 6144)]
    [InlineData("-m 4G,maxmem=20G -object {\"qom-type\":\"memory-backend-ram\",\"id\":\"v\",\"size\":17179869184} -device {\"driver\":\"virtio-mem-pci\",\"memdev\":\"v\",\"requested-size\":1073741824,\"id\":\"vm0\"}", 5120)]
    [InlineData("-m 4G,maxmem=20G -object memory-backend-ram,id=vmem0,size=16G -device virtio-mem-pci,memdev=vmem0", 4096)]
    // Persistent memory is storage: Kata's image, a pmem disk.
    [InlineData("-m 2048M,slots=10,maxmem=65536M -device nvdimm,id=nv0,memdev=mem0,unarmed=on -object memory-backend-file,id=mem0,mem-path=/opt/kata/kata.img,size=268435456", 2048)]
    [InlineData("-m 2G -object memory-backend-file,id=p,mem-path=/p,size=8G -device virtio-pmem-pci,memdev=p", 2048)]
    // The backend alone, by the machine's property and by NUMA nodes.
    [InlineData("-machine q35,memory-backend=pc.ram -object memory-backend-memfd,id=pc.ram,size=3G,share=on", 3072)]
    [InlineData("-machine memory-backend=m -machine pc -object {\"qom-type\":\"memory-backend-file\",\"id\":\"m\",\"mem-path\":\"/dev/hugepages\",\"size\":2147483648}", 2048)]
    [InlineData("-object memory-backend-ram,id=a,size=1G -object memory-backend-ram,id=b,size=2G -numa node,memdev=a -numa node,memdev=b", 3072)]
    [InlineData("-numa node,mem=512 -numa node,mem=1G", 1536)]
    [InlineData("-machine q35,memory.size=6G,memory.max-size=12G", 6144)]
    // One backend cannot stand behind two devices, and one that is named by nobody behind none.
    [InlineData("-m 1G -object memory-backend-ram,id=a,size=1G -device pc-dimm,memdev=a -device pc-dimm,memdev=a,id=x", 2048)]
    [InlineData("-m 1G -object memory-backend-ram,id=a,size=1G", 1024)]
    [InlineData("-m 1G -device pc-dimm,memdev=gone", 1024)]
    public void Memory_of_qemu_is_all_that_the_guest_has(string line, ulong mebibytes) =>
        Assert.Equal(mebibytes * MiB, QemuCommandLine.Parse(["qemu-system-x86_64", .. line.Split(' ')]).MemoryBytes);

    [Fact]
    public void Memory_of_a_command_line_that_counts_beyond_all_numbers_stays_a_number() =>
        Assert.Equal(15UL << 60, QemuCommandLine.Parse(["q", "-m", "15E", "-object", "memory-backend-ram,id=a,size=15E", "-device", "pc-dimm,memdev=a"]).MemoryBytes);

    [Theory]
    [InlineData("--memory size=1G,hotplug_size=3G", 1, 4)]
    [InlineData("--memory size=0 --memory-zone id=mem0,size=1G,host_numa_node=0 id=mem1,size=2G,host_numa_node=1", 3, null)]
    [InlineData("--memory size=0 --memory-zone id=mem0,size=1G,hotplug_size=2G,hotplugged_size=1G", 2, 3)]
    [InlineData("--memory size=2G,hotplug_method=virtio-mem,hotplug_size=4G,hotplugged_size=1G", 3, 6)]
    [InlineData("--memory size=0", null, null)]
    public void Memory_of_cloud_hypervisor_is_that_of_all_zones(string line, int? gibibytes, int? most)
    {
        var vm = VmDescriber.Describe(VmmKind.CloudHypervisor, ["cloud-hypervisor", "--kernel", "k", .. line.Split(' ')]);
        Assert.Equal(((ulong?)gibibytes * GiB, (ulong?)most * GiB), (vm.MemoryBytes, vm.MaxMemoryBytes));
    }

    [Theory]
    [InlineData("-m", "512")]
    [InlineData("--mem", "512")]
    [InlineData("-m", "512M")]
    public void Memory_of_kvmtool(string option, string size) =>
        Assert.Equal(512 * MiB, VmDescriber.Describe(VmmKind.Kvmtool, ["lkvm", "run", option, size, "-c", "2"]).MemoryBytes);

    [Fact]
    public void Vcpus_that_the_machine_says() => Assert.Equal((4, 8), Of(QemuCommandLine.Parse(["q", "-machine", "q35,smp.cpus=4,smp.maxcpus=8"])));

    private static (int?, int?) Of(VmDescription vm) => (vm.VcpuCount, vm.MaxVcpus);
}
