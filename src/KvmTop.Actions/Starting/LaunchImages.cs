using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>
/// Whether images are what a definition says of them. The definition decides, never the image: a guest that was given a raw disk may write what it likes where a header
/// would be, and a header may name any file of the host.
/// </summary>
internal static class LaunchImages
{
    /// <summary>What is wrong with an image and those below it; null when all are as they are said to be.</summary>
    /// <param name="host">The host.</param>
    /// <param name="top">The image, as it is said to be.</param>
    /// <param name="hint">What may be done about it, or null.</param>
    public static string? Fault(HostControl host, VmImage top, out string? hint)
    {
        hint = null;
        for (var image = top; image is not null; image = image.Backing)
        {
            if (image.Format == "qcow2" && HeaderFault(host, image, out hint) is { } fault)
                return fault;
        }

        return null;
    }

    /// <summary>The same for the nodes of a command line, just before it is run: an image may have been changed since the plan.</summary>
    public static string? Fault(HostControl host, IReadOnlyList<string> command)
    {
        for (var i = 0; i + 1 < command.Count; i++)
        {
            if (command[i] == "-blockdev" && OfNode(command[i + 1]) is { } image && Fault(host, image, out _) is { } fault)
                return fault;
        }

        return null;
    }

    /// <summary>Every file that QEMU opens for a definition, and what is odd about one.</summary>
    public static IEnumerable<string> Notes(HostControl host, VmDefinition vm, string? firmware)
    {
        var files = new List<string>();
        foreach (var disk in vm.Disks)
            files.Add($"{disk.Image}{(disk.ReadOnly ? ", only read" : "")}");
        foreach (var path in (string?[])[vm.Firmware is "bios" or "uefi" ? firmware : vm.Firmware, vm.Kernel, vm.Initrd, .. ExtraArguments.Files(vm.Arguments)])
        {
            if (path is not null)
                files.Add(HostileText.Clean(path, 200));
        }

        if (files.Count > 0)
            yield return $"QEMU opens {string.Join("; ", files)}.";
        foreach (var disk in vm.Disks)
        {
            for (var image = disk.Image; image is not null; image = image.Backing)
            {
                if (image.Format == "raw" && host.ReadHead(image.Path, DiskImage.HeaderBytes, out _) is { } head && DiskImage.FormatOf(head) is not "raw" and var format)
                    yield return $"{HostileText.Clean(image.Path, 200)} begins like an image of format {format}, which its guest may have written: it is raw, as it is said to be, and the guest sees it as it stands.";
            }
        }
    }

    private static string? HeaderFault(HostControl host, VmImage image, out string? hint)
    {
        var shown = HostileText.Clean(image.Path, 200);
        hint = null;
        if (host.ReadHead(image.Path, Qcow2Header.Bytes, out var errno) is not { } head)
            return $"{shown}: {errno.Describe()}";
        if (DiskImage.FormatOf(head) is not "qcow2" and var format)
            return $"{shown} is no qcow2 image by its header{(format == "raw" ? "" : $" but {format}")}";
        if (Qcow2Header.Read(head, out var fault) is not { } header)
            return $"{shown}: {fault}";
        hint = "whoever wrote the image wrote that; the definition names what is meant: \"backing\": {\"path\": .., \"format\": ..}, \"data-file\": ..";
        return Compare(shown, "lies over", "backing image", header.Backing is not null, header.Backing, image.Backing?.Path, image.Path)
            ?? Compare(shown, "keeps its data in", "data file", header.HasDataFile, header.DataFile, image.DataFile, image.Path);
    }

    private static string? Compare(string shown, string does, string what, bool has, string? name, string? said, string image)
    {
        var named = HostileText.Clean(name ?? "a file that it does not name", 200);
        return said is null ? has ? $"{shown} {does} {named} by its header, and no {what} is said for it" : null
            : !has ? $"{shown} has no {what} by its header, and {HostileText.Clean(said, 200)} is said to be it"
            : name is null || Qcow2Header.Means(name, image, said) ? null
            : $"{shown} {does} {named} by its header, and {HostileText.Clean(said, 200)} is said to be its {what}";
    }

    /// <summary>What <see cref="QemuLaunch"/> made a node of; null when it is something else.</summary>
    private static VmImage? OfNode(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return OfNode(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static VmImage? OfNode(JsonElement node) =>
        node.ValueKind == JsonValueKind.Object && Text(node, "driver") is { } driver && node.TryGetProperty("file", out var file) && Text(file, "filename") is { } path
            ? new VmImage(path, driver)
            {
                Backing = node.TryGetProperty("backing", out var backing) ? OfNode(backing) : null,
                DataFile = node.TryGetProperty("data-file", out var data) ? Text(data, "filename") : null,
            }
            : null;

    private static string? Text(JsonElement node, string key) =>
        node.ValueKind == JsonValueKind.Object && node.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
