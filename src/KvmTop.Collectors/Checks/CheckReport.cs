using System.Diagnostics.CodeAnalysis;

namespace KvmTop.Collectors.Checks;

/// <summary>A finding with the check that made it.</summary>
/// <param name="Check">The check.</param>
/// <param name="Finding">What it found.</param>
public sealed record CheckResult(Check Check, CheckFinding Finding);

/// <summary>What all checks found.</summary>
/// <param name="Time">When.</param>
/// <param name="Took">What it took.</param>
/// <param name="Results">The worst first; of equal ones in the order of the catalog.</param>
public sealed record CheckReport(DateTimeOffset Time, TimeSpan Took, IReadOnlyList<CheckResult> Results)
{
    /// <summary>How many checks looked at each VM.</summary>
    public int VmChecks { get; init; }

    /// <summary>How many findings are of a level.</summary>
    public int Count(CheckLevel level)
    {
        var count = 0;
        foreach (var result in Results)
        {
            count += result.Finding.Level == level ? 1 : 0;
        }

        return count;
    }

    /// <summary>Runs checks one after the other. A check that throws is a defect of its own and stops no other.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "A defect in one check must not hide what the others found.")]
    public static CheckReport Run(IReadOnlyList<Check> checks, CheckContext context)
    {
        var time = context.Host.Time;
        var started = time.GetTimestamp();
        var results = new List<CheckResult>();
        foreach (var check in checks)
        {
            if (context.IsOneVm && check is not VmCheck)
            {
                continue;
            }

            try
            {
                foreach (var finding in check.Run(context))
                {
                    results.Add(new CheckResult(check, finding));
                }
            }
            catch (Exception e)
            {
                results.Add(new CheckResult(check, new CheckFinding(CheckLevel.Unknown, $"this check failed: {e.GetType().Name}: {e.Message}")));
            }
        }

        return new CheckReport(time.GetUtcNow(), time.GetElapsedTime(started), [.. results.OrderByDescending(r => r.Finding.Level)]) { VmChecks = checks.Count(static c => c is VmCheck) };
    }
}
