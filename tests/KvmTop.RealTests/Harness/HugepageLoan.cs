using System.Globalization;

namespace KvmTop.RealTests.Harness;

/// <summary>2 MiB hugepages for the time of a test, in the machine's own pool: what is free there is used first, what was added is given back.</summary>
public sealed class HugepageLoan : IDisposable
{
    private const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/";

    private readonly long _added;

    private HugepageLoan(long added) => _added = added;

    /// <summary>Sees to it that so many pages are free; skips the test where the kernel has fewer to give, and then leaves the pool as it was.</summary>
    public static HugepageLoan Take(int pages)
    {
        Need.Root();
        if (!File.Exists(Pool + "nr_hugepages")) Assert.Skip("the kernel has no 2 MiB hugepages");
        var missing = Math.Max(0, pages - (Read("free_hugepages") - Read("resv_hugepages")));
        var before = Read("nr_hugepages");
        if (missing > 0) Write(before + missing);
        // A write may be granted in part.
        var loan = new HugepageLoan(Read("nr_hugepages") - before);
        if (loan._added >= missing) return loan;
        var granted = loan._added;
        loan.Dispose();
        Assert.Skip($"the kernel gave {granted} of {missing} hugepages");
        return loan;
    }

    public static long Read(string file) => long.Parse(File.ReadAllText(Pool + file), CultureInfo.InvariantCulture);

    public void Dispose()
    {
        if (_added > 0) Write(Math.Max(0, Read("nr_hugepages") - _added));
    }

    private static void Write(long pages) => File.WriteAllText(Pool + "nr_hugepages", pages.ToString(CultureInfo.InvariantCulture));
}
