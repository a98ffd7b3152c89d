using System.Text.Json.Nodes;
using KvmTop.CommandLine;

namespace KvmTop.Tests.App;

public sealed class SchemaTests
{
    private const string Record = """
        {"schema":"kvmtop/1","time":"2026-11-22T15:00:00.123Z","interval_s":1.0003,"late_s":0,"label":"demo",
         "host":{"name":"hv1","kernel":"6.1.0","cpus":64,"cpu_pct":48.2,"guest_pct":41,"mem_total_bytes":274877906944,"mem_used_bytes":null,"load1":3.25,"later":1,
           "cpu_model":"EPYC","kvm_module":"kvm_amd","nested":"Y","user_pct":4,"system_pct":3,"irq_pct":0.2,"iowait_pct":0,"steal_pct":0,"swap_total_bytes":8589934592,
           "swap_used_bytes":0,"load5":3,"load15":2.5,"psi_cpu_some_pct":1.5,"psi_memory_some_pct":0,"psi_io_some_pct":0,"psi_irq_full_pct":null,"exits_per_s":84213.5,"halt_poll_pct":12.25,
           "thp_mode":"madvise","thp_defrag":"madvise","ksm_profit_bytes":-64,"swap_in_bytes_per_s":0,"swap_out_bytes_per_s":4096,"vm_mem_configured_pct":120.5,
           "hugepages":[{"size_bytes":2097152,"total":512,"free":100,"surplus":0,"reserved":0,"overcommit":null,"nodes":[{"node":0,"total":512,"free":100,"surplus":0}]}]},
         "self":{"cpu_pct":0.4,"rss_bytes":32505856},
         "vms":[{"name":null,"pid":4711,"uuid":null,"vmm":"qemu","accel":"kvm","state":"running","user":"root","vcpu_count":1,"cpu_pct":99.97,"ready_pct":null,
           "emulator_pct":0.5,"mem_configured_bytes":67108864,"rss_bytes":1,"swap_bytes":0,"read_bytes_per_s":0,"write_bytes_per_s":12,"throttled_pct":null,"vcpu_pct":99.5,"ready_max_pct":0.1,"guest_pct":90,"user_pct":1,"system_pct":9,"hugetlb_bytes":0,"exits_per_s":1200,"halt_poll_pct":null,"kvm_stats_source":"stats fd","kvm":null,
           "hugepages_pct":99.5,"hugepages_bytes":1,"pss_bytes":1,"thp_bytes":1,"locked_bytes":0,"ksm_bytes":null,"numa_local_pct":null,"mem_age_s":12,"balloon_bytes":1,"guest_available_bytes":1,"guest_free_bytes":null,"guest_cache_bytes":1,"guest_total_bytes":1,"guest_memory_age_s":1.5,"kvm_4k_bytes":1,"kvm_2m_bytes":1,"kvm_1g_bytes":0,"numa_bytes":null,
           "run_state":"x","machine":"x","display":"x","migration":"x","dirty_bytes_per_s":1.5,"qmp":"x","disk_reads_per_s":1.5,"disk_writes_per_s":1.5,"disk_latency_s":1.5,"rx_bytes_per_s":1.5,"tx_bytes_per_s":1.5,"libvirt":null,
           "vcpus":[{"index":0,"tid":4712,"cpu_pct":99.5,"ready_pct":0.1,"guest_pct":90,"pcpu":3,"affinity":"0-3","node":null,"slices_per_s":12.5,
             "user_pct":1,"system_pct":9,"voluntary_switches_per_s":3,"involuntary_switches_per_s":0.5,"exits_per_s":1200,"halt_poll_pct":0,"kvm":null}],
           "disks":[{"name":"x","bus":"x","image":"x","format":"x","cache":"x","limits":"x","io_status":"x","size_bytes":3,"allocated_bytes":3,"reads_per_s":1.5,"writes_per_s":1.5,"flushes_per_s":1.5,"read_bytes_per_s":1.5,"write_bytes_per_s":1.5,"latency_s":1.5,"p99_s":null,"queue":1.5,"failed_per_s":1.5,"failed":3}],
           "nics":[{"name":"x","kind":"x","model":"x","bridge":"x","queues":3,"vhost":"x","rx_bytes_per_s":1.5,"tx_bytes_per_s":1.5,"rx_packets_per_s":1.5,"tx_packets_per_s":1.5,"rx_dropped_per_s":1.5,"tx_dropped_per_s":1.5}]}],
         "inactive_domains":[{"name":"x","uuid":"x","title":null,"id":null,"state":"off","state_reason":"shutdown","persistent":"yes","autostart":"no","vcpu_count":2,"mem_bytes":1,"balloon_bytes":null,"usable_bytes":null}],
         "sources":[{"topic":"vms","status":"ok","reason":null,"duration_us":812,"age_s":0.4}]}
        """;

    [Fact]
    public async Task Schema_accepts_a_full_record_with_unknowns_and_later_fields() => Assert.Empty(await SchemaValidation.Validate(Record));

    [Theory]
    [InlineData("vms/0/pid")]
    [InlineData("vms/0/cpu_pct")]
    [InlineData("vms/0/vcpus/0/affinity")]
    [InlineData("vms/0/balloon_bytes")]
    [InlineData("vms/0/disks/0/latency_s")]
    [InlineData("vms/0/nics")]
    [InlineData("vms/0/libvirt")]
    [InlineData("inactive_domains")]
    [InlineData("inactive_domains/0/title")]
    [InlineData("host/load1")]
    [InlineData("sources/0/reason")]
    [InlineData("interval_s")]
    [InlineData("late_s")]
    [InlineData("sources/0/age_s")]
    public async Task Schema_refuses_a_record_without_a_field(string path)
    {
        var (parent, name, record) = Locate(path);
        parent.Remove(name);
        Assert.NotEmpty(await SchemaValidation.Validate(record.ToJsonString()));
    }

    [Theory]
    [InlineData("vms/0/pid")]
    [InlineData("vms/0/cpu_pct")]
    [InlineData("vms/0/vcpus/0/pcpu")]
    [InlineData("vms/0/guest_free_bytes")]
    [InlineData("vms/0/disks/0/queue")]
    [InlineData("vms/0/nics/0/rx_bytes_per_s")]
    [InlineData("vms/0/libvirt")]
    [InlineData("inactive_domains/0/mem_bytes")]
    [InlineData("host/cpus")]
    [InlineData("sources/0/status")]
    [InlineData("schema")]
    [InlineData("time")]
    public async Task Schema_refuses_a_text_that_is_not_what_the_field_holds(string path)
    {
        var (parent, name, record) = Locate(path);
        parent[name] = "many";
        Assert.NotEmpty(await SchemaValidation.Validate(record.ToJsonString()));
    }

    [Theory]
    [InlineData("""{"0":67108864,"12":0}""", true)]
    [InlineData("""{"0":"much"}""", false)]
    [InlineData("[1]", false)]
    public async Task Schema_takes_bytes_by_node(string value, bool valid)
    {
        var (parent, name, record) = Locate("vms/0/numa_bytes");
        parent[name] = JsonNode.Parse(value);
        Assert.Equal(valid, (await SchemaValidation.Validate(record.ToJsonString())).Count == 0);
    }

    [Fact]
    public void Fields_of_the_schema_are_those_of_the_record()
    {
        var found = new List<string>();
        Walk(JsonNode.Parse(Record)!.AsObject(), "", found);
        found.Remove("host.later");
        Assert.Equal(found.Order(), SchemaDocument.Fields().Select(f => f.Path).Order());
    }

    [Theory]
    [InlineData("""{"exits":1200.5,"halt_poll_fail_ns":null}""", true)]
    [InlineData("""{"exits":"many"}""", false)]
    [InlineData("[]", false)]
    public async Task Schema_counters_of_kvm_are_numbers_by_name(string kvm, bool valid)
    {
        var record = JsonNode.Parse(Record)!;
        record["vms"]![0]!["kvm"] = JsonNode.Parse(kvm);
        Assert.Equal(valid, (await SchemaValidation.Validate(record.ToJsonString())).Count == 0);
    }

    [Theory]
    [InlineData("""{"name":"web","uuid":"x","title":"Web","id":3,"state":"paused","state_reason":"user","persistent":"yes","autostart":"yes","vcpu_count":null,"mem_bytes":4,"balloon_bytes":3,"usable_bytes":2}""", true)]
    [InlineData("""{"name":"web"}""", false)]
    [InlineData("[]", false)]
    public async Task Schema_takes_what_libvirt_says_of_a_vm(string value, bool valid)
    {
        var record = JsonNode.Parse(Record)!;
        record["vms"]![0]!["libvirt"] = JsonNode.Parse(value);
        Assert.Equal(valid, (await SchemaValidation.Validate(record.ToJsonString())).Count == 0);
    }

    private static void Walk(JsonObject node, string prefix, List<string> found)
    {
        foreach (var (name, value) in node)
        {
            found.Add(prefix + name + (value is JsonArray ? "[]" : ""));
            if (value is JsonArray items)
            {
                Walk(items[0]!.AsObject(), $"{prefix}{name}[].", found);
            }
            else if (value is JsonObject inner)
            {
                Walk(inner, $"{prefix}{name}.", found);
            }
        }
    }

    private static (JsonObject Parent, string Name, JsonNode Record) Locate(string path)
    {
        var record = JsonNode.Parse(Record)!;
        var steps = path.Split('/');
        var node = record;
        foreach (var step in steps[..^1])
        {
            node = int.TryParse(step, out var index) ? node![index] : node![step];
        }

        return (node!.AsObject(), steps[^1], record);
    }
}
