namespace KvmTop.Vmm;

/// <summary>
/// What a monitor may send beyond the usual: answers that are longer than they need be, events. It comes back slowly. Who has used it up is asked more rarely; who goes on
/// sending unasked floods.
/// </summary>
internal sealed class QmpCredit
{
    private const double MostBytes = 128 << 10;
    private const double BytesPerSecond = 8 << 10;
    private const double DeepestDebt = -64 << 10;

    private double _bytes = MostBytes;
    private TimeSpan _at;

    /// <summary>Nothing is left.</summary>
    public bool IsSpent(TimeSpan now) => Level(now) <= 0;

    /// <summary>Takes off what was sent.</summary>
    public void Charge(int bytes, TimeSpan now) => (_bytes, _at) = (Level(now) - bytes, now);

    /// <summary>Takes off what nobody asked for; false when that is too much by far.</summary>
    public bool ChargeUnasked(int bytes, TimeSpan now)
    {
        Charge(bytes, now);
        return _bytes > DeepestDebt;
    }

    private double Level(TimeSpan now) => Math.Min(_bytes + (Math.Max((now - _at).TotalSeconds, 0) * BytesPerSecond), MostBytes);
}
