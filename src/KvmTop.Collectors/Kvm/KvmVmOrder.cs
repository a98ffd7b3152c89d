namespace KvmTop.Collectors;

/// <summary>Finds a VM among the entries of a buffer and among the rates of a model: both stand in the order of identity.</summary>
internal readonly struct KvmVmOrder(VmKey key) : IComparable<KvmVmEntry>, IComparable<KvmVmRates>
{
    /// <summary>Its place, or -1.</summary>
    public static int Find(VmKey key, ReadOnlySpan<KvmVmEntry> vms) => Math.Max(-1, vms.BinarySearch(new KvmVmOrder(key)));

    /// <inheritdoc cref="Find(VmKey, ReadOnlySpan{KvmVmEntry})"/>
    public static int Find(VmKey key, ReadOnlySpan<KvmVmRates> vms) => Math.Max(-1, vms.BinarySearch(new KvmVmOrder(key)));

    public int CompareTo(KvmVmEntry other) => key.CompareTo(other.Key);

    public int CompareTo(KvmVmRates other) => key.CompareTo(other.Key);
}
