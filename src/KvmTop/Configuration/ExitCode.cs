namespace KvmTop.Configuration;

/// <summary>What the program returns to the shell; listed in <c>--help</c>.</summary>
public static class ExitCode
{
    /// <summary>All is well, a reader that closed the pipe included.</summary>
    public const int Success = 0;

    /// <summary>Something went wrong that the user did not cause.</summary>
    public const int Failed = 1;

    /// <summary>A mistake in the command line, the environment or a configuration file.</summary>
    public const int Usage = 2;

    /// <summary>More privilege is needed.</summary>
    public const int Privilege = 3;

    /// <summary>An action was refused: the host is not in a state for it, or nobody said yes.</summary>
    public const int Refused = 4;
}
