using System.Diagnostics;

namespace KvmTop.RealTests.Harness;

/// <summary>Waiting for something real to happen, with a deadline.</summary>
public static class Wait
{
    /// <summary>Asks every 20 ms; false when the deadline passed first.</summary>
    public static bool Until(Func<bool> condition, TimeSpan deadline)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > deadline) return false;
            Thread.Sleep(20);
        }

        return true;
    }
}
