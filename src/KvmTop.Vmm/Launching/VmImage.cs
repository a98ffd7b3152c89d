namespace KvmTop.Vmm;

/// <summary>An image file or block device, with all other files that QEMU opens for it. What is not named here is not opened.</summary>
/// <param name="Path">The image or block device; absolute.</param>
/// <param name="Format">"raw" or "qcow2"; never guessed: a guest that may write its own header must not choose it.</param>
public sealed record VmImage(string Path, string Format)
{
    /// <summary>No image lies on more than these.</summary>
    public const int Deepest = 16;

    /// <summary>Of qcow2: the image below it, which is only read; null for none.</summary>
    public VmImage? Backing { get; init; }

    /// <summary>Of qcow2: the file that its data lies in, raw; null for its own.</summary>
    public string? DataFile { get; init; }

    /// <summary>"/a.qcow2 (qcow2) over /b.img (raw)".</summary>
    public override string ToString() =>
        $"{HostileText.Clean(Path, 200)} ({Format}{(DataFile is null ? "" : $", its data in {HostileText.Clean(DataFile, 200)}")}){(Backing is null ? "" : $" over {Backing}")}";
}
