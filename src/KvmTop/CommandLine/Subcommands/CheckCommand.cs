using System.Reactive.Linq;
using KvmTop.Collectors;
using KvmTop.Collectors.Checks;
using KvmTop.Configuration;

namespace KvmTop.CommandLine.Subcommands;

/// <summary><c>kvmtop check</c>: is this host fit for virtual machines, and what would make it better.</summary>
internal sealed class CheckCommand : ISubcommand
{

    private const int AllWell = 0, Warnings = 1, Failures = 2;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public string Name => "check";

    /// <inheritdoc/>
    public string Usage => "[VM] [--run] [-o text|json]";

    /// <inheritdoc/>
    public string Summary => "Tells what is wrong with this host or a VM, and how to mend it.";

    /// <inheritdoc/>
    public string Help => """
        Usage: kvmtop check [VM] [--run] [-o text|json] [OPTION]...

        Looks at everything that virtual machines need on this host, and at each VM (or
        at VM alone, by name, pid or uuid). Each finding says how it is meant, what it
        rests on, why it matters, and what to type. Nothing is changed.

          --run                 Run a guest of its own through /dev/kvm, and one through
                                QEMU where it is installed: does it really work, and
                                what does an exit cost.
          -o, --output FORMAT   text (only what matters), or json (all, as one object).
          --all                 Also what is well, in text.
          --root DIR, --demo, --path.procfs DIR, --path.sysfs DIR, --config FILE: as for kvmtop.

        Exit status
          0  All is well; notes and what could not be seen do not count.
          1  Warnings.
          2  Failures: guests cannot run, or will break. Also a mistake in the arguments,
             or no VM of that name.

        """;

    /// <inheritdoc/>
    public int Run(IReadOnlyList<string> arguments, EnvironmentBlock environment)
    {
        var rest = new List<string>(arguments);
        var vm = rest.Count > 0 && !rest[0].StartsWith('-') ? rest[0] : null;
        if (vm is not null)
        {
            rest.RemoveAt(0);
        }

        if (rest.Contains("--help") || rest.Contains("-h"))
        {
            return StandardStreams.Print(Help, ExitCode.Success);
        }

        var (runs, all) = (rest.Remove("--run"), rest.Remove("--all"));
        var startup = CommandLineParser.Parse(rest, environment);
        if (startup.Options is not { } options)
        {
            return StandardStreams.Print(startup.Text, startup.ExitCode);
        }

        if (options.Output == OutputFormat.Csv)
        {
            return StandardStreams.Print("kvmtop: check: -o: expected text or json\n", ExitCode.Usage);
        }

        startup.TellNotices();
        return Check(options, vm, runs, all);
    }

    private static int Check(Options options, string? vm, bool runs, bool all)
    {
        using var monitor = new Monitor(options, TimeSpan.FromMilliseconds(250));

        // The second reading has rates: who waits for a CPU, who is throttled.
        var snapshot = monitor.Hub.Observe([HostTopic.Instance, MachineTopic.Instance, VmsTopic.Instance, KvmStatsTopic.Instance]).Skip(1).Take(1).Timeout(s_deadline).Wait();
        var host = monitor.Host;
        var context = new CheckContext(host, snapshot, host.IsLive ? CheckUser.OfProcess(host) : null, vm);
        if (vm is not null && context.Vms.Count == 0)
        {
            return StandardStreams.Print($"kvmtop: check: no VM {Setting.Quote(vm)}\n", ExitCode.Usage);
        }

        var report = CheckReport.Run(runs ? [.. CheckCatalog.All, .. CheckCatalog.Trials] : CheckCatalog.All, context);
        StandardStreams.Output.Write(options.Output == OutputFormat.Json ? CheckText.Json(report, snapshot) : CheckText.Text(report, snapshot, all, context.IsOneVm ? context.Vms : null));
        return report.Count(CheckLevel.Failure) > 0 ? Failures : report.Count(CheckLevel.Warning) > 0 ? Warnings : AllWell;
    }
}
