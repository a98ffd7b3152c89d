using System.Text;
using KvmTop.CommandLine.Subcommands;
using KvmTop.Configuration;

namespace KvmTop.CommandLine;

/// <summary>The text of <c>--help</c>: settings from <see cref="Settings"/>, JSON fields from the schema that ships.</summary>
public static class HelpText
{
    /// <summary>Columns that the text keeps to.</summary>
    public const int Width = 80;

    private const int OptionColumn = 26;

    /// <summary>All of it, with a line end after each line.</summary>
    public static string Create()
    {
        var text = new StringBuilder();
        Line(text, 0, "Usage: kvmtop [OPTION]...");
        Line(text, 7, "kvmtop COMMAND [ARGUMENT]...");
        text.Append('\n');
        Line(text, 0, "Shows what every virtual machine on this KVM host costs and what it waits for: a live screen, or records with --batch.");
        Heading(text, "Commands");
        foreach (var command in SubcommandCatalog.All)
        {
            Entry(text, $"{command.Name} {command.Usage}", command.Summary, OptionColumn + 2);
        }

        Line(text, 2, "kvmtop COMMAND --help says more.");
        foreach (var group in Settings.All.GroupBy(s => s.Group))
        {
            Heading(text, group.Key);
            foreach (var setting in group)
            {
                Option(text, setting.Letter, setting.Option, setting.ValueName, Describe(setting));
            }
        }

        Heading(text, "Help");
        Option(text, 'h', "--help", "", "Print this and leave.");
        Option(text, 'V', "--version", "", "Print the version and leave.");
        Line(text, 2, "A flag can be switched off again: --ascii=false.");
        Environment(text);
        Files(text);
        Formats(text);
        Heading(text, "Exit status");
        Entry(text, "0", "All is well, also when the reader of a pipe has gone.", 6);
        Entry(text, "1", "Something failed.", 6);
        Entry(text, "2", "A mistake in the command line, the environment or a configuration file.", 6);
        Entry(text, "3", "More privilege is needed.", 6);
        Entry(text, "4", "An action was refused: the host is not in a state for it, or nobody said yes.", 6);
        return text.ToString();
    }

    private static string Describe(Setting setting)
    {
        var text = new StringBuilder(setting.Help);
        if (setting.Kind is SettingKind.Integer or SettingKind.Number)
        {
            text.Append(" Expected: ").Append(setting.Expected).Append('.');
        }

        if (setting.Kind != SettingKind.Flag && setting.Default.Length > 0)
        {
            text.Append(" Default: ").Append(setting.Default).Append('.');
        }

        return text.ToString();
    }

    private static void Environment(StringBuilder text)
    {
        Heading(text, "Environment");
        Line(text, 2, "Each option has a variable of its name, in capitals and with _ for - and dots; flags take true or false. An option on the command line is stronger.");
        foreach (var setting in Settings.All.Where(s => s.Scope.HasFlag(SettingScope.Environment)))
        {
            Entry(text, setting.Variable, setting.Option, OptionColumn);
        }

        Entry(text, "NO_COLOR", "When set, the same as --no-color.", OptionColumn);
        Entry(text, "XDG_CONFIG_HOME", "Where the user's configuration lies; ~/.config when not set.", OptionColumn);
    }

    private static void Files(StringBuilder text)
    {
        Heading(text, "Configuration files");
        Line(text, 2, "$XDG_CONFIG_HOME/kvmtop/kvmtop.json, or ~/.config/kvmtop/kvmtop.json");
        Line(text, 2, ConfigurationFiles.SystemPath);
        Line(text, 2, "JSON objects whose keys are options without their dashes, such as {\"delay\": 2, \"read-only\": true, \"columns\": [\"name\", \"cpu_pct\"]}. The user's file is stronger than the system's, the environment stronger than both. The setup screen (F2) writes the user's file. A key that does not exist or a value that does not fit is an error. Keys:");
        Line(text, 2, string.Join(", ", Settings.All.Where(s => s.Scope.HasFlag(SettingScope.File)).Select(s => s.Id)));
    }

    private static void Formats(StringBuilder text)
    {
        Heading(text, "Output formats");
        Entry(text, "text", "A heading and one line for each row of --table, in columns.", 8);
        Entry(text, "csv", "A heading of field names, then one line for each row of --table. Fields with a comma or a quote are quoted as in RFC 4180; lines end with a line feed. What is unknown is empty. Control characters are written as ?, and a text that begins with = + - or @ gets an apostrophe in front, so that no spreadsheet takes it for a formula.", 8);
        Entry(text, "json", "One object per line, with the fields below. What is unknown is null. Percentages are of one CPU, so a VM with 4 busy vCPUs has 400; host percentages are of all CPUs together.", 8);
        foreach (var (path, help) in SchemaDocument.Fields())
        {
            Entry(text, path, help, 34);
        }
    }

    private static void Heading(StringBuilder text, string heading) => text.Append('\n').Append(heading).Append(":\n");

    private static void Option(StringBuilder text, char? letter, string option, string valueName, string help) =>
        Entry(text, (letter is { } l ? $"-{l}, " : "    ") + option + (valueName.Length > 0 ? " " + valueName : ""), help, OptionColumn + 2);

    private static void Entry(StringBuilder text, string name, string help, int column)
    {
        text.Append("  ").Append(name);
        if (name.Length + 4 > column)
        {
            text.Append('\n').Append(' ', column);
        }
        else
        {
            text.Append(' ', column - name.Length - 2);
        }

        Wrap(text, column, help);
    }

    private static void Line(StringBuilder text, int indent, string line)
    {
        text.Append(' ', indent);
        Wrap(text, indent, line);
    }

    // The cursor stands at column indent already.
    private static void Wrap(StringBuilder text, int indent, string line)
    {
        var column = indent;
        foreach (var word in line.Split(' '))
        {
            if (column > indent && column + 1 + word.Length > Width)
            {
                text.Append('\n').Append(' ', indent);
                column = indent;
            }

            if (column > indent)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        text.Append('\n');
    }
}
