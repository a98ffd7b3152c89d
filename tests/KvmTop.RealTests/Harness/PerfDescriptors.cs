namespace KvmTop.RealTests.Harness;

/// <summary>The perf events that a process has open.</summary>
internal static class PerfDescriptors
{
    /// <summary>How many there are now; a descriptor that is closed meanwhile is none.</summary>
    public static int Count(int pid)
    {
        var count = 0;
        try
        {
            foreach (var file in Directory.GetFiles($"/proc/{pid}/fd"))
            {
                count += IsPerf(file) ? 1 : 0;
            }
        }
        catch (IOException)
        {
            // The process has ended.
        }

        return count;
    }

    private static bool IsPerf(string file)
    {
        try
        {
            return File.ResolveLinkTarget(file, false)?.Name.Contains("perf_event", StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
