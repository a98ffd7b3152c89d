using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Vms;

/// <summary>What is told of real QEMUs, emulated so that they run anywhere: all of their memory, the UUID of their firmware's table, and no helper for a second VM.</summary>
public sealed class VmFiguresTests
{
    private const string Uuid = "11111111-2222-4333-8444-0000000000AA";

    [Fact]
    public void Memory_with_dimms_and_the_uuid_of_smbios_are_told_and_a_dimm_that_is_plugged_later_by_the_monitor()
    {
        using var guest = Start("-m", "size=64,slots=4,maxmem=2G", "-object", "memory-backend-ram,id=m0,size=128M", "-device", "pc-dimm,memdev=m0", "-smbios", $"type=1,uuid={Uuid}");
        var vm = JsonRecords.Run("-n", "1")[^1].Vm(guest.Pid);
        Assert.Equal((192 << 20, Uuid.ToLowerInvariant()), ((int)vm.Number("mem_configured_bytes"), vm.Text("uuid")));

        guest.Qmp("object-add", """{"qom-type":"memory-backend-ram","id":"m1","size":67108864}""");
        guest.Qmp("device_add", """{"driver":"pc-dimm","id":"d1","memdev":"m1"}""");
        vm = JsonRecords.Run("-n", "5", "-d", "1")[^1].Vm(guest.Pid);
        Assert.Equal(256 << 20, (int)vm.Number("mem_configured_bytes"));
    }

    [Fact]
    public void Process_that_cleans_up_behind_a_guest_is_no_second_vm()
    {
        using var guest = Start("-run-with", "async-teardown=on");
        var record = JsonRecords.Run("-n", "1")[^1];
        Assert.Single(record.GetProperty("vms").EnumerateArray(), v => v.Text("name") == guest.Name);
    }

    private static Guest Start(params string[] arguments) => Guest.Start(new GuestOptions { Tcg = true, Work = GuestWork.Idle, ExtraArguments = arguments });
}
