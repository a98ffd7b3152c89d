using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>A definition as the text of its file. What is as it would be anyway is left out.</summary>
public static class VmDefinitionText
{
    /// <summary>The text; <see cref="VmDefinitionReader"/> makes the same definition of it.</summary>
    public static string Of(VmDefinition vm)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(json, vm);
        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, VmDefinition vm)
    {
        json.WriteStartObject();
        json.WriteString("name", vm.Name);
        Optional(json, "uuid", vm.Uuid?.ToString());
        json.WriteString("memory", Size(vm.MemoryBytes));
        json.WriteNumber("vcpus", vm.Vcpus);
        json.WriteString("cpu", vm.Cpu);
        Optional(json, "machine", vm.Machine);
        Optional(json, "firmware", vm.Firmware == "bios" ? null : vm.Firmware);
        if (vm.Disks.Count > 0)
        {
            json.WriteStartArray("disks");
            foreach (var disk in vm.Disks)
                Write(json, disk);
            json.WriteEndArray();
        }

        if (vm.Networks.Count > 0)
        {
            json.WriteStartArray("networks");
            foreach (var network in vm.Networks)
                Write(json, network);
            json.WriteEndArray();
        }

        if (vm.HugepageBytes is 0)
            json.WriteBoolean("hugepages", true);
        else
            Optional(json, "hugepages", vm.HugepageBytes is { } size ? Size(size) : null);
        if (vm.Prealloc)
            json.WriteBoolean("prealloc", true);
        if (vm.Node is { } node)
            json.WriteNumber("node", node);
        Optional(json, "affinity", vm.Affinity);
        Optional(json, "display", vm.Display == "none" ? null : vm.Display);
        Optional(json, "kernel", vm.Kernel);
        Optional(json, "initrd", vm.Initrd);
        Optional(json, "append", vm.Append);
        if (vm.Arguments.Count > 0)
            List(json, "arguments", vm.Arguments);
        json.WriteEndObject();
    }

    /// <summary>A size with the largest unit that it is whole in.</summary>
    public static string Size(ulong bytes) =>
        bytes % (1UL << 30) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 30}G")
        : bytes % (1UL << 20) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20}M")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes >> 10}K");

    private static void Write(Utf8JsonWriter json, VmDisk disk)
    {
        json.WriteStartObject();
        json.WriteString("path", disk.Path);
        json.WriteString("format", disk.Format);
        Below(json, disk.Backing, disk.DataFile);
        if (disk.IsCdrom)
            json.WriteString("media", "cdrom");
        if (disk.Cache != (disk.IsCdrom ? "writeback" : "none"))
            json.WriteString("cache", disk.Cache);
        Optional(json, "aio", disk.Aio);
        Optional(json, "bus", disk.Bus);
        if (disk is { ReadOnly: true, IsCdrom: false })
            json.WriteBoolean("readonly", true);
        json.WriteEndObject();
    }

    private static void Below(Utf8JsonWriter json, VmImage? backing, string? dataFile)
    {
        Optional(json, "data-file", dataFile);
        if (backing is null)
            return;
        json.WriteStartObject("backing");
        json.WriteString("path", backing.Path);
        json.WriteString("format", backing.Format);
        Below(json, backing.Backing, backing.DataFile);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, VmNetwork network)
    {
        json.WriteStartObject();
        json.WriteString("type", network.Type);
        Optional(json, "device", network.Device);
        Optional(json, "mac", network.Mac);
        if (network.Model != "virtio")
            json.WriteString("model", network.Model);
        if (network.Queues > 1)
            json.WriteNumber("queues", network.Queues);
        if (network.Vhost is { } vhost)
            json.WriteBoolean("vhost", vhost);
        if (network.Forwards.Count > 0)
            List(json, "forward", [.. network.Forwards.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.HostPort}:{f.GuestPort}{(f.Protocol == "tcp" ? "" : "/udp")}"))]);
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }

    private static void List(Utf8JsonWriter json, string name, IReadOnlyList<string> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
