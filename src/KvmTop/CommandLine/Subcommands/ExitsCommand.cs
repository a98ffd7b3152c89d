using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Linux;
using KvmTop.Trace;

namespace KvmTop.CommandLine.Subcommands;

/// <summary><c>kvmtop exits VM</c>: traces a VM for some seconds and prints its exits by reason.</summary>
internal sealed class ExitsCommand : ISubcommand
{
    private const double DefaultSeconds = 5;
    private const double MostSeconds = 86400;

    private const string HelpText =
        """
        Usage: kvmtop exits VM [OPTION]...

        Traces the exits of one virtual machine for some seconds, by perf events on
        its vCPU threads, and prints them by reason: how many, how long from the exit
        to the re-entry, how much of that in the VMM, and what the guest asked for.
        VM is a name, a UUID or a pid. Ctrl-C ends early and prints what there is.
        The guest runs a little slower meanwhile (under 10 % at 50,000 events a
        second). Nothing of the host is changed; other tracers are not disturbed.

          --vcpu N            Trace one vCPU instead of all.
          --seconds S         How long, from 0.1 to 86400. Default: 5.
          -o, --output FMT    text, json (schema/kvmtop-exits.schema.json) or csv (a line
                              per reason). Default: text.
          --histograms        Text: latency histograms too.
          --demo              Trace a VM of the simulated host.
          -h, --help          Print this and leave.

        It needs root (or CAP_PERFMON) and a mounted tracefs:
          mount -t tracefs nodev /sys/kernel/tracing
        Times are those of the kernel's trace; percentiles are within 2 %.
        Exit status: 0 done, 1 failed, 2 a mistake in the command line or no such VM,
        3 more privilege is needed.

        """;

    private static readonly ParserConfiguration s_configuration = new() { EnablePosixBundling = true, ResponseFileTokenReplacer = null };

    /// <inheritdoc/>
    public string Name => "exits";

    /// <inheritdoc/>
    public string Usage => "VM [--vcpu N] [--seconds S] [-o FMT]";

    /// <inheritdoc/>
    public string Summary => "Traces a VM's exits: why, how many, how long.";

    /// <inheritdoc/>
    public string Help => HelpText;

    /// <inheritdoc/>
    public int Run(IReadOnlyList<string> arguments, EnvironmentBlock environment)
    {
        if (!TryParse(arguments, out var request, out var text))
        {
            return StandardStreams.Print(text, request is null ? ExitCode.Usage : ExitCode.Success);
        }

        using var services = new CollectorServices();
        HostRoot host = request!.Demo ? new Simulator.SimulatedHost() : new DirectoryHost();
        if (VmChoice.Read(host, services, out var problem) is not { } vms)
        {
            return StandardStreams.Print($"kvmtop: {problem}\n", ExitCode.Failed);
        }

        if (VmChoice.Find(vms.Vms.Select(v => v.Info), request.Vm, out var mistake) is not { } vm)
        {
            return StandardStreams.Print($"kvmtop: {mistake}\n", ExitCode.Usage);
        }

        using var trace = TraceStarter.Start(host, vm, request.Vcpu, request.Duration, out var refusal);
        return trace is null ? Refuse(refusal!) : Print(trace, vm, request);
    }

    private static int Refuse(ExitTraceRefusal refusal) => StandardStreams.Print(
        $"kvmtop: {refusal.Reason}.\n{(refusal.Remedy is { } remedy ? remedy + ".\n" : "")}", refusal.IsPrivilege ? ExitCode.Privilege : ExitCode.Failed);

    private static int Print(IExitTrace trace, VmInfo vm, ExitsRequest request)
    {
        // Whoever ends it early wants to see what there is. There is no screen here that these handlers could disturb.
        using var interrupted = new ManualResetEventSlim();
        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Set();
        }

        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        while (!trace.Wait(TimeSpan.FromMilliseconds(100)) && !interrupted.IsSet)
        {
        }

        trace.Stop();
        var report = trace.Report(request.Vcpu);
        using var writer = StandardStreams.CreateWriter();
        switch (request.Output)
        {
            case OutputFormat.Json:
                ExitsJson.Write(writer, vm, report);
                break;
            case OutputFormat.Csv:
                ExitsText.WriteCsv(writer, vm, report);
                break;
            default:
                ExitsText.Write(writer, vm, report, request.Histograms);
                break;
        }

        return ExitCode.Success;
    }

    /// <summary>False with a text to print: the help (then the request is not null) or the mistakes.</summary>
    private static bool TryParse(IReadOnlyList<string> arguments, out ExitsRequest? request, out string text)
    {
        var command = new Command("exits");
        var help = new Option<bool>("--help", "-h", "-?");
        var vcpu = new Option<string[]>("--vcpu") { Arity = ArgumentArity.OneOrMore };
        var seconds = new Option<string[]>("--seconds", "-s") { Arity = ArgumentArity.OneOrMore };
        var output = new Option<string[]>("--output", "-o") { Arity = ArgumentArity.OneOrMore };
        var histograms = new Option<bool>("--histograms");
        var demo = new Option<bool>("--demo");
        var vm = new Argument<string[]>("VM") { Arity = ArgumentArity.ZeroOrMore };
        foreach (var option in new Option[] { help, vcpu, seconds, output, histograms, demo })
        {
            command.Options.Add(option);
        }

        command.Arguments.Add(vm);
        var result = command.Parse(arguments, s_configuration);
        request = new ExitsRequest();
        if (result.GetResult(help) is { Implicit: false })
        {
            text = HelpText;
            return false;
        }

        var mistakes = new List<string>();
        string? Last(Option option, string expected)
        {
            if (result.GetResult(option) is not { Implicit: false } found)
            {
                return null;
            }

            if (found.Tokens.Count == 0)
            {
                mistakes.Add($"{option.Name}: expected {expected}, found nothing");
            }

            return found.Tokens.Count > 0 ? found.Tokens[^1].Value : null;
        }

        const string number = "the number of a vCPU";
        if (Last(vcpu, number) is { } v)
        {
            request = request with { Vcpu = int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null };
            Check(request.Vcpu is not null, "--vcpu", number, v);
        }

        var span = string.Create(CultureInfo.InvariantCulture, $"a number of seconds from 0.1 to {MostSeconds}");
        var time = DefaultSeconds;
        if (Last(seconds, span) is { } s)
        {
            Check(double.TryParse(s, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out time) && time is >= 0.1 and <= MostSeconds, "--seconds", span, s);
        }

        const string formats = "text, json or csv";
        if (Last(output, formats) is { } o)
        {
            Check(Enum.TryParse<OutputFormat>(o, ignoreCase: true, out var format) && char.IsAsciiLetter(o[0]), "--output", formats, o);
            request = request with { Output = format };
        }

        var names = result.GetResult(vm)?.Tokens.Select(t => t.Value).ToList() ?? [];
        foreach (var unknown in result.UnmatchedTokens.Concat(names.Where(n => n.Length > 1 && n[0] == '-')).Distinct())
        {
            mistakes.Add($"{Setting.Quote(unknown).Trim('"')}: unknown option{Suggestion.For(unknown.Split('=')[0], command.Options.Select(c => c.Name))}");
        }

        if (mistakes.Count == 0 && names.Count != 1)
        {
            mistakes.Add($"exits: expected one VM (a name, a UUID or a pid), found {(names.Count == 0 ? "none" : "more")}");
        }

        if (mistakes.Count > 0)
        {
            (request, text) = (null, string.Concat(mistakes.Select(m => m + "\n")) + "Try 'kvmtop exits --help'.\n");
            return false;
        }

        request = request with { Vm = names[0], Duration = TimeSpan.FromSeconds(time), Histograms = Flag(histograms), Demo = Flag(demo) };
        text = "";
        return true;

        void Check(bool good, string option, string expected, string found)
        {
            if (!good)
            {
                mistakes.Add($"{option}: expected {expected}, found {Setting.Quote(found)}");
            }
        }

        bool Flag(Option<bool> option) => result.GetResult(option) is { Implicit: false } && result.GetValue(option);
    }

    private sealed record ExitsRequest
    {
        public string Vm { get; init; } = "";

        public int? Vcpu { get; init; }

        public TimeSpan Duration { get; init; }

        public OutputFormat Output { get; init; }

        public bool Histograms { get; init; }

        public bool Demo { get; init; }
    }
}
