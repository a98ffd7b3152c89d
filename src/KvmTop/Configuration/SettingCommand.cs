namespace KvmTop.Configuration;

/// <summary>A setting changed while running, with the words of the shell: "delay 2", "--theme nord", "ascii", "sort=-name".</summary>
public static class SettingCommand
{
    /// <summary>True when the line names a setting; then <paramref name="problem"/> is empty or says what is wrong with its value.</summary>
    public static bool TryApply(string line, Options options, out Options result, out string problem)
    {
        (result, problem) = (options, "");
        var text = line.Trim();
        var end = text.IndexOfAny([' ', '=']);
        var name = (end < 0 ? text : text[..end]).TrimStart('-');
        if (Settings.Find(name) is not { InSetup: true } setting)
        {
            return false;
        }

        var value = end < 0 ? "" : text[(end + 1)..].Trim();
        if (value.Length == 0 && setting.Kind == SettingKind.Flag)
        {
            value = "true";
        }

        if (!setting.TryApply(options, value, out result, out problem))
        {
            problem = $"{name}: {problem}";
        }

        return true;
    }
}
