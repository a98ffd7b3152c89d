using System.CommandLine;
using System.Reflection;
using KvmTop.Configuration;

namespace KvmTop.CommandLine;

/// <summary>Turns arguments, environment and configuration files into <see cref="Options"/>, or into what to tell the user instead.</summary>
public static class CommandLineParser
{
    private static readonly ParserConfiguration s_configuration = new()
    {
        EnablePosixBundling = true,
        // An argument that begins with @ is a text like any other: no file is read for it.
        ResponseFileTokenReplacer = null,
    };

    /// <summary>"kvmtop 0.1.0".</summary>
    public static string VersionText => $"kvmtop {typeof(CommandLineParser).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}";

    /// <summary>Parses with the usual configuration files.</summary>
    public static Startup Parse(IReadOnlyList<string> arguments, EnvironmentBlock environment) =>
        Parse(arguments, environment, ConfigurationFiles.Usual(environment));

    /// <summary>Parses. Help and version answer even when something else is wrong: they are what one asks for then.</summary>
    public static Startup Parse(IReadOnlyList<string> arguments, EnvironmentBlock environment, ConfigurationFiles files)
    {
        var command = new Command("kvmtop");
        var help = new Option<bool>("--help", "-h", "-?");
        var version = new Option<bool>("--version", "-V");
        command.Options.Add(help);
        command.Options.Add(version);
        var options = new (Setting Setting, Option Option)[Settings.All.Count];
        for (var i = 0; i < options.Length; i++)
        {
            var setting = Settings.All[i];
            options[i] = (setting, ToOption(setting));
            command.Options.Add(options[i].Option);
        }

        var result = command.Parse(arguments, s_configuration);
        if (result.GetResult(help) is { Implicit: false })
        {
            return Startup.Print(HelpText.Create());
        }

        if (result.GetResult(version) is { Implicit: false })
        {
            return Startup.Print(VersionText + "\n");
        }

        var mistakes = new List<string>();
        var notices = new List<string>();
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        var before = "";
        foreach (var word in result.UnmatchedTokens)
        {
            // A word after an unknown option was meant as its value: one mistake, not two.
            if (word.StartsWith('-') || !before.StartsWith('-'))
            {
                mistakes.Add(Unknown(word));
            }

            before = word;
        }

        foreach (var (setting, option) in options)
        {
            if (result.GetResult(option) is not { Implicit: false } found)
            {
                continue;
            }

            // The last one wins, as it does in top and ls: an alias with defaults can be overridden.
            if (found.Tokens.Count > 0)
            {
                given[setting.Id] = found.Tokens[^1].Value;
            }
            else if (setting.Kind == SettingKind.Flag)
            {
                given[setting.Id] = "true";
            }
            else
            {
                mistakes.Add($"{setting.Option}: expected {setting.Expected}, found nothing");
            }
        }

        if ((given.GetValueOrDefault("config") ?? environment[Settings.Of("config").Variable]) is { } file)
        {
            files = files with { Explicit = file };
        }

        var merged = ConfigurationLoader.Load(given, environment, files, mistakes, notices);
        if (!merged.Demo && (given.ContainsKey("vms") || given.ContainsKey("vcpus")))
        {
            mistakes.Add($"--{(given.ContainsKey("vms") ? "vms" : "vcpus")}: expected together with --demo");
        }

        return mistakes.Count > 0 ? Startup.Refuse(mistakes) : Startup.Run(Imply(merged, given), files, notices);
    }

    private static Options Imply(Options options, Dictionary<string, string> given) =>
        options.Once ? options with { Batch = true, Iterations = 1 }
        : given.ContainsKey("output") && !given.ContainsKey("batch") ? options with { Batch = true }
        : options;

    private static Option ToOption(Setting setting)
    {
        string[] aliases = setting.Letter is { } letter ? [$"-{letter}"] : [];

        // Values stay text here: a setting checks its own, with the same words for every layer.
        return setting.Kind == SettingKind.Flag
            ? new Option<bool>(setting.Option, aliases) { Arity = ArgumentArity.ZeroOrOne }
            : new Option<string[]>(setting.Option, aliases) { Arity = ArgumentArity.OneOrMore };
    }

    private static string Unknown(string word)
    {
        var shown = Setting.Quote(word).Trim('"');
        return word.StartsWith('-')
            ? $"{shown}: unknown option{Suggestion.For(word.Split('=')[0], Settings.All.Select(s => s.Option).Concat(["--help", "--version"]))}"
            : $"{shown}: expected an option, found a word";
    }
}
