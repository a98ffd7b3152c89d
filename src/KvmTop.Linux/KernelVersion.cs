namespace KvmTop.Linux;

/// <summary>The version of the kernel.org release that a kernel stands on.</summary>
/// <param name="Major">6 of 6.1.43.</param>
/// <param name="Minor">1 of 6.1.43.</param>
/// <param name="Patch">43 of 6.1.43.</param>
public readonly record struct KernelVersion(int Major, int Minor, int Patch) : IComparable<KernelVersion>
{
    /// <summary>
    /// The version of a host; null when it does not say. Distributions call their kernel 6.1.0-56 or 5.15.0-91 and say elsewhere what they stand on: Debian in
    /// <c>/proc/sys/kernel/version</c> ("Debian 6.1.170-1"), Ubuntu in <c>/proc/version_signature</c> ("Ubuntu 5.15.0-91.101-generic 5.15.131").
    /// </summary>
    public static KernelVersion? Read(HostRoot host)
    {
        var buffer = new ReadBuffer(512, 4096);
        var release = Parse(KernelText.Read(host, buffer, "/proc/sys/kernel/osrelease", out _));
        if (KernelText.Read(host, buffer, "/proc/sys/kernel/version", out _) is { } build && build.IndexOf("Debian ", StringComparison.Ordinal) is >= 0 and var at
            && Parse(build.AsSpan(at + "Debian ".Length)) is { } debian && SameSeries(debian, release))
        {
            return debian;
        }

        if (KernelText.Read(host, buffer, "/proc/version_signature", out _) is { } signature && signature.StartsWith("Ubuntu ", StringComparison.Ordinal)
            && Parse(signature.AsSpan(signature.LastIndexOf(' ') + 1)) is { } ubuntu && SameSeries(ubuntu, release))
        {
            return ubuntu;
        }

        return release;
    }

    /// <summary>The numbers at the beginning of a text: "6.1.43-rc1", "6.5"; null when there are fewer than two.</summary>
    public static KernelVersion? Parse(ReadOnlySpan<char> text)
    {
        return Take(ref text) is { } major && Take(ref text) is { } minor ? new KernelVersion(major, minor, Take(ref text) ?? 0) : null;

        static int? Take(ref ReadOnlySpan<char> text)
        {
            var n = 0;
            while (n < text.Length && char.IsAsciiDigit(text[n]) && n < 6)
            {
                n++;
            }

            if (n == 0)
            {
                return null;
            }

            var number = int.Parse(text[..n], System.Globalization.CultureInfo.InvariantCulture);
            text = n < text.Length && text[n] == '.' ? text[(n + 1)..] : default;
            return number;
        }
    }

    /// <inheritdoc/>
    public int CompareTo(KernelVersion other) =>
        Major != other.Major ? Major.CompareTo(other.Major) : Minor != other.Minor ? Minor.CompareTo(other.Minor) : Patch.CompareTo(other.Patch);

    /// <inheritdoc/>
    public override string ToString() => $"{Major}.{Minor}.{Patch}";

    public static bool operator <(KernelVersion left, KernelVersion right) => left.CompareTo(right) < 0;

    public static bool operator <=(KernelVersion left, KernelVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >(KernelVersion left, KernelVersion right) => left.CompareTo(right) > 0;

    public static bool operator >=(KernelVersion left, KernelVersion right) => left.CompareTo(right) >= 0;

    private static bool SameSeries(KernelVersion a, KernelVersion? b) => b is { } other && a.Major == other.Major && a.Minor == other.Minor;
}

/// <summary>
/// Whether this kernel keeps a VM in memory for as long as somebody holds its statistics descriptor. Before commit eed3013faa40 ("KVM: Grab a reference to KVM for VM and
/// vCPU stats file descriptors": 6.5, and stable 6.4.8, 6.1.43, 5.15.124) it did not: reading a duplicate after the VM had ended would read freed memory.
/// </summary>
public static class KvmStatsFdSafety
{
    private static readonly KernelVersion[] s_fixedIn = [new(5, 15, 124), new(6, 1, 43), new(6, 4, 8)];
    private static readonly KernelVersion s_fixedFrom = new(6, 5, 0);

    /// <summary>True when it does. A vendor's kernel that carries the fix under an older number is not recognised: false.</summary>
    public static bool IsSafe(KernelVersion version)
    {
        foreach (var release in s_fixedIn)
        {
            if (version.Major == release.Major && version.Minor == release.Minor)
            {
                return version >= release;
            }
        }

        return version >= s_fixedFrom;
    }
}
