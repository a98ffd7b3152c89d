namespace KvmTop.Tests.Simulator;

/// <summary>A clock that stands still until it is told to go on.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private long _ns = 5_000_000_123;

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => _ns;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 22, 8, 0, 0, TimeSpan.Zero).AddTicks(_ns / 100);

    public void Advance(TimeSpan time) => _ns += time.Ticks * 100;
}
