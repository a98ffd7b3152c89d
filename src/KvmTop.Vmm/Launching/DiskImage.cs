using System.Buffers.Binary;

namespace KvmTop.Vmm;

/// <summary>What an image says of itself in its first bytes.</summary>
public static class DiskImage
{
    /// <summary>How many bytes of it <see cref="FormatOf"/> wants.</summary>
    public const int HeaderBytes = 512;

    /// <summary>"qcow2", "qcow", "qed", "vmdk", "vhdx", "vpc", "vdi", "luks"; "raw" for anything else, for which there is no header.</summary>
    public static string FormatOf(ReadOnlySpan<byte> header) =>
        header.StartsWith("QFI"u8) && header.Length >= 8 && header[3] == 0xFB ? BinaryPrimitives.ReadUInt32BigEndian(header[4..]) >= 2 ? "qcow2" : "qcow"
        : header.StartsWith("QED\0"u8) ? "qed"
        : header.StartsWith("KDMV"u8) || header.StartsWith("COWD"u8) || header.StartsWith("# Disk DescriptorFile"u8) ? "vmdk"
        : header.StartsWith("vhdxfile"u8) ? "vhdx"
        : header.StartsWith("conectix"u8) ? "vpc"
        : header.Length >= 68 && BinaryPrimitives.ReadUInt32LittleEndian(header[64..]) == 0xBEDA107F ? "vdi"
        : header.StartsWith("LUKS"u8) && header.Length >= 6 && header[4] == 0xBA && header[5] == 0xBE ? "luks"
        : "raw";
}
