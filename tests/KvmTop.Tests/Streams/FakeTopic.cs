using KvmTop.Collectors;

namespace KvmTop.Tests.Streams;

/// <summary>The number of a reading.</summary>
internal sealed record Count(int Number);

/// <summary>A topic that counts how often it is read, and answers what the test wants.</summary>
internal sealed class FakeTopic(string id, double pace = 0, bool slow = false, params Topic[] after)
    : Topic<Count, Count>(id, id, TimeSpan.FromSeconds(pace), after)
{
    public int Reads { get; private set; }

    public int Disposed { get; private set; }

    public Func<int, Reading<Count>> Answer { get; set; } = n => Reading<Count>.Ok(new Count(n));

    public override bool IsSlow => slow;

    public override ICollector<Count> CreateCollector(CollectorContext context) => new Collector(this);

    public override Count Derive(Count? before, Count now) => now;

    private sealed class Collector(FakeTopic topic) : ICollector<Count>
    {
        public Reading<Count> Collect() => topic.Answer(++topic.Reads);

        public void Dispose() => topic.Disposed++;
    }
}
