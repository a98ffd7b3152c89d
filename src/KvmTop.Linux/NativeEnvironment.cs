namespace KvmTop.Linux;

/// <summary>The environment as C libraries in this process see it: .NET keeps a copy of its own and never changes this one.</summary>
public static class NativeEnvironment
{
    /// <summary>Sets a variable for C libraries that are loaded later, unless the user has set it.</summary>
    public static void SetDefault(string name, string value) => _ = Libc.setenv(name, value, 0);
}
