using System.Globalization;

namespace KvmTop.Tests.Campaigns;

/// <summary>
/// How long a campaign goes on and with what seed. tests/campaign says so by the environment; without it, as in a run of the unit tests, it is a short one with a fixed seed.
/// CAMPAIGN_TABLE names a file that each kind adds its line to.
/// </summary>
internal static class Campaign
{
    /// <summary>CAMPAIGN_SEED.</summary>
    public static int Seed { get; } = Number("CAMPAIGN_SEED", 20261201);

    /// <summary>CAMPAIGN_COUNT, or so many where nothing is said.</summary>
    public static int Count(int usual) => Number("CAMPAIGN_COUNT", usual);

    /// <summary>Runs the inputs of a kind one after the other, and fails with the first that broke something: its number and the seed make it again.</summary>
    /// <param name="kind">What is fuzzed.</param>
    /// <param name="count">How many inputs.</param>
    /// <param name="one">One input: it gets a mutator of its own and fails by an assertion or any other exception.</param>
    public static void Run(string kind, int count, Action<Mutator> one)
    {
        for (var i = 0; i < count; i++)
        {
            try
            {
                one(new Mutator(HashCode(kind, i)));
            }
            catch (Exception e)
            {
                Tell(kind, i + 1, "broken by input " + i.ToString(CultureInfo.InvariantCulture));
                throw new InvalidOperationException($"{kind}, seed {Seed}, input {i}: {e.Message}", e);
            }
        }

        Tell(kind, count, "held");
    }

    private static int HashCode(string kind, int number)
    {
        // The same in every process, unlike string.GetHashCode.
        var hash = Seed;
        foreach (var c in kind)
            hash = unchecked((hash * 31) + c);
        return unchecked((hash * 486187739) + number);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    private static void Tell(string kind, int inputs, string outcome)
    {
        if (Environment.GetEnvironmentVariable("CAMPAIGN_TABLE") is { Length: > 0 } file)
            File.AppendAllText(file, string.Create(CultureInfo.InvariantCulture, $"| {kind} | {inputs} | {outcome} |\n"));
    }
}
