namespace KvmTop.Simulator.Model;

/// <summary>What the QMP monitor of a simulated QEMU has to tell, and where it listens.</summary>
internal sealed class SimMonitor
{
    /// <summary>Path of its socket.</summary>
    public required string Socket { get; init; }

    /// <summary>The machine type, without "-machine".</summary>
    public required string Machine { get; init; }

    /// <summary>Where VNC is served, or null.</summary>
    public int? VncPort { get; init; }

    /// <summary>The disk: its image, format, drive's name and the device that it hangs on.</summary>
    public required string Image { get; init; }
    public required string Drive { get; init; }
    public required string Qdev { get; init; }
    public required long DiskBytes { get; init; }

    /// <summary>Time of a read or write of a disk that is not pressed, in ns.</summary>
    public required double DiskNs { get; init; }

    /// <summary>QEMU keeps latency histograms, since somebody has set them.</summary>
    public bool HasHistogram { get; init; }

    /// <summary>Memory that the guest was given, and what of it its programs have touched, in bytes.</summary>
    public required long MemoryBytes { get; init; }
    public required long TouchedBytes { get; init; }

    /// <summary>The balloon device; null for none.</summary>
    public SimBalloon? Balloon { get; init; }
}

/// <summary>A balloon device.</summary>
/// <param name="TakenBytes">What it took from the guest.</param>
/// <param name="Seconds">How often the guest is asked to report; 0 for never.</param>
/// <param name="HasDriver">The guest has a driver for it.</param>
internal sealed record SimBalloon(long TakenBytes = 0, int Seconds = 0, bool HasDriver = true);
