namespace KvmTop.Collectors;

/// <summary>Finds the devices of a VM again from reading to reading: they come and go, and mostly stay where they are.</summary>
internal static class DevicePlace
{
    /// <summary>Where a device stood in the reading before; -1 for one that is new.</summary>
    /// <param name="before">The devices then; null when there was no reading.</param>
    /// <param name="device">The device now.</param>
    /// <param name="place">Where it stands now.</param>
    /// <param name="same">Tells that two are one device.</param>
    public static int Before<T>(IReadOnlyList<T>? before, T device, int place, Func<T, T, bool> same)
    {
        if (before is null)
            return -1;
        if (place < before.Count && same(before[place], device))
            return place;
        for (var i = 0; i < before.Count; i++)
        {
            if (same(before[i], device))
                return i;
        }

        return -1;
    }
}

/// <summary>A rate of all devices of a VM together. One that is not known makes the sum unknown.</summary>
internal struct DeviceSum
{
    private double _sum;
    private int _count;

    /// <summary>How many devices were added.</summary>
    public readonly int Count => _count;

    /// <summary>The sum; NaN when nothing was added and nothing is not <paramref name="known"/> to be all there is.</summary>
    public readonly double PerSecond(bool known = false) => _count > 0 || known ? _sum : double.NaN;

    /// <summary>Adds a device's.</summary>
    public void Add(double rate) => (_sum, _count) = (_sum + rate, _count + 1);
}
