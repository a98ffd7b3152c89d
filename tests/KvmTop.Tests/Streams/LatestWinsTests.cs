using KvmTop.Streams;

namespace KvmTop.Tests.Streams;

public sealed class LatestWinsTests
{
    private readonly LatestWins<string> _slot;
    private int _woken;

    public LatestWinsTests() => _slot = new LatestWins<string>(() => _woken++);

    [Fact]
    public void Take_before_any_value_is_null() => Assert.Null(_slot.Take());

    [Fact]
    public void Take_after_several_values_is_the_newest_once()
    {
        _slot.OnNext("old");
        _slot.OnNext("new");
        Assert.Equal("new", _slot.Take());
        Assert.Null(_slot.Take());
        Assert.Equal(2, _woken);
    }

    [Fact]
    public void Take_after_an_error_says_so()
    {
        _slot.OnError(new FormatException("broken"));
        Assert.Equal(1, _woken);
        Assert.Equal("broken", Assert.Throws<InvalidOperationException>(() => _slot.Take()).InnerException!.Message);
    }
}
