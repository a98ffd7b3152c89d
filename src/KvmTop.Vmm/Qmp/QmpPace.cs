namespace KvmTop.Vmm;

/// <summary>How often something may be: a burst, and then so many times a second.</summary>
/// <param name="burst">How often at once.</param>
/// <param name="perSecond">How often from then on.</param>
internal sealed class QmpPace(double burst, double perSecond)
{
    private readonly double _burst = burst;
    private double _left = burst;
    private TimeSpan _at;

    /// <summary>True, and one less, when there is one left.</summary>
    public bool Allows(TimeSpan now)
    {
        _left = Math.Min(_left + (Math.Max((now - _at).TotalSeconds, 0) * perSecond), _burst);
        _at = now;
        if (_left < 1)
            return false;
        _left--;
        return true;
    }

    /// <summary>Takes one back.</summary>
    public void GiveBack() => _left = Math.Min(_left + 1, _burst);
}
