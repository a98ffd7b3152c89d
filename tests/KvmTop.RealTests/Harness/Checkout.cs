namespace KvmTop.RealTests.Harness;

/// <summary>The checkout around the tests.</summary>
public static class Checkout
{
    /// <summary>Its folder; skips the running test where the tests were taken out of it.</summary>
    public static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "KvmTop.sln"))) return folder.FullName;
        Assert.Skip("the repository is not around these tests");
        return "";
    }
}
