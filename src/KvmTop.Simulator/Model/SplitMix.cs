namespace KvmTop.Simulator.Model;

/// <summary>SplitMix64: a few lines, the same numbers on every machine and runtime, and usable as a hash of (salt, time slot).</summary>
internal struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    public static ulong Hash(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number in [0, 1) that belongs to the pair.</summary>
    public static double Unit(ulong salt, long slot) => (Hash(salt ^ ((ulong)slot * 0xD6E8FEB86659FD93)) >> 11) * (1.0 / (1UL << 53));

    public ulong Next() => Hash(_state++);

    public double Between(double low, double high) => low + (high - low) * ((Next() >> 11) * (1.0 / (1UL << 53)));

    public int Below(int end) => (int)(Next() % (ulong)end);
}
