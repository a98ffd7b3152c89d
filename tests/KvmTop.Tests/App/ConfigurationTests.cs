using KvmTop.Configuration;

namespace KvmTop.Tests.App;

public sealed class ConfigurationTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Load_layers_command_line_over_environment_over_user_over_system()
    {
        var files = new ConfigurationFiles(
            _directory.File("system.json", """{ "delay": 2, "theme": "system", "sort": "name", "ascii": true }"""),
            _directory.File("user.json", """{ "theme": "user", "sort": "pid", "delay": 3 }"""));
        var options = Load(new() { ["delay"] = "5" }, new() { ["KVMTOP_DELAY"] = "4", ["KVMTOP_SORT"] = "rdy" }, files);
        Assert.Equal((5.0, "rdy", "user", true), (options.Delay.TotalSeconds, options.Sort, options.Theme, options.Ascii));
    }

    [Fact]
    public void Load_list_replaces_the_list_of_a_weaker_layer()
    {
        var files = new ConfigurationFiles(
            _directory.File("system.json", """{ "columns": ["name", "cpu_pct", "pid"] }"""),
            _directory.File("user.json", """{ "columns": ["state"] }"""));
        Assert.Equal(["state"], Load([], [], files).Columns);
    }

    [Fact]
    public void Load_list_keeps_its_order_beyond_ten()
    {
        string[] names = [.. Enumerable.Range(0, 12).Select(i => $"c{i}")];
        var file = _directory.File("user.json", $$"""{ "columns": [{{string.Join(',', names.Select(n => $"\"{n}\""))}}] }""");
        Assert.Equal(names, Load([], [], new ConfigurationFiles("/nowhere", file)).Columns);
    }

    [Fact]
    public void Load_missing_usual_files_is_fine() => Assert.Equal(1, Load([], [], new ConfigurationFiles("/nowhere", "/nowhere/either")).Delay.TotalSeconds);

    [Fact]
    public void Load_comments_and_trailing_commas_are_allowed() =>
        Assert.Equal(2, Load([], [], new ConfigurationFiles(_directory.File("c.json", "{ // slow\n \"delay\": 2, }"), null)).Delay.TotalSeconds);

    [Theory]
    [InlineData("""{ "delay": "fast" }""", "delay: expected a number of seconds from 0.1 to 3600, found \"fast\"")]
    [InlineData("""{ "delay": true }""", "delay: expected a number of seconds from 0.1 to 3600, found \"True\"")]
    [InlineData("""{ "delay": null }""", "delay: expected a number of seconds from 0.1 to 3600, found null")]
    [InlineData("""{ "delay": [1] }""", "delay: expected a number of seconds from 0.1 to 3600, found a list")]
    [InlineData("""{ "delay": { "s": 1 } }""", "delay: expected a number of seconds from 0.1 to 3600, found an object")]
    [InlineData("""{ "ascii": 3 }""", "ascii: expected true or false, found \"3\"")]
    [InlineData("""{ "columns": ["name", null] }""", "columns: expected names of figures with commas between them, found a list")]
    [InlineData("""{ "dealy": 1 }""", "dealy: unknown key; did you mean delay?")]
    [InlineData("""{ "Delay": 1 }""", "Delay: unknown key; did you mean delay?")]
    [InlineData("""{ "batch": true }""", "batch: expected on the command line or in the environment only")]
    [InlineData("""{ "delay": 1, "delay": 2 }""", "delay: expected once, found twice")]
    [InlineData("""{ "delay": """, "line 1, column 12: expected well-formed JSON")]
    [InlineData("[1]", "expected a JSON object")]
    [InlineData("", "line 1, column 1: expected well-formed JSON")]
    public void Load_mistake_in_a_file_names_file_and_key(string json, string message)
    {
        var file = _directory.File("kvmtop.json", json);
        Assert.Equal([$"{file}: {message}"], Mistakes(new ConfigurationFiles(file, null)));
    }

    [Fact]
    public void Load_mistake_that_a_stronger_layer_hides_is_told()
    {
        var file = _directory.File("kvmtop.json", """{ "delay": "fast" }""");
        var mistakes = new List<string>();
        ConfigurationLoader.Load(new Dictionary<string, string> { ["delay"] = "1" }, EnvironmentBlock.Empty, new ConfigurationFiles(file, null), mistakes);
        Assert.Single(mistakes);
    }

    [Fact]
    public void Load_file_that_is_not_utf8_is_a_mistake()
    {
        var file = Path.Combine(_directory.Path, "latin1.json");
        File.WriteAllBytes(file, [.. "{\"the"u8, 0xe9, .. "me\":1}"u8]);
        Assert.StartsWith(file, Assert.Single(Mistakes(new ConfigurationFiles(file, null))));
    }

    [Fact]
    public void Load_directory_as_file_is_a_mistake() =>
        Assert.Equal([$"{_directory.Path}: expected a file, found a directory"], Mistakes(new ConfigurationFiles(_directory.Path, null)));

    [Fact]
    public void Load_deeply_nested_file_is_a_mistake() =>
        Assert.Single(Mistakes(new ConfigurationFiles(_directory.File("deep.json", "{\"delay\":" + new string('[', 5000)), null)));

    [Fact]
    public void Load_oversized_file_is_refused() =>
        Assert.EndsWith("expected at most 1 MiB", Assert.Single(Mistakes(new ConfigurationFiles(_directory.File("big.json", new string(' ', (1 << 20) + 1)), null))));

    [Theory]
    [InlineData("/xdg", "/home/u", "/xdg/kvmtop/kvmtop.json")]
    [InlineData("relative", "/home/u", "/home/u/.config/kvmtop/kvmtop.json")]
    [InlineData("", "/home/u", "/home/u/.config/kvmtop/kvmtop.json")]
    [InlineData("", "", null)]
    public void Usual_user_file_follows_xdg(string xdg, string home, string? expected) =>
        Assert.Equal(expected, ConfigurationFiles.Usual(new EnvironmentBlock([KeyValuePair.Create("XDG_CONFIG_HOME", xdg), KeyValuePair.Create("HOME", home)])).User);

    [Fact]
    public void Settings_default_text_is_accepted_by_each_setting() => Assert.All(Settings.All.Where(s => s.Default.Length > 0), s => Assert.True(s.TryApply(new Options(), s.Default, out _, out _), s.Id));

    [Fact]
    public void Settings_letters_are_unique_and_not_those_of_help() =>
        Assert.Equal(2 + Settings.All.Count(s => s.Letter is not null), Settings.All.Select(s => s.Letter).Append('h').Append('V').Where(l => l is not null).Distinct().Count());

    [Fact]
    public void Save_writes_what_load_reads_back()
    {
        var file = Path.Combine(_directory.Path, "new", "kvmtop.json");
        var options = new Options { Delay = TimeSpan.FromSeconds(2.5), Ascii = true, Theme = "nord", Columns = ["name", "cpu_pct"], Filter = "name~\"a b\"" };
        Assert.Null(ConfigurationWriter.Save(file, options, Settings.All.Where(s => s.InSetup)));
        var loaded = Load([], [], new ConfigurationFiles("/nowhere", file));
        Assert.Equal(options with { Columns = loaded.Columns }, loaded);
        Assert.Equal(options.Columns, loaded.Columns);
    }

    [Fact]
    public void Save_keeps_what_the_file_sets_besides()
    {
        var file = _directory.File("kvmtop.json", """{ "output": "csv", "delay": 9 }""");
        Assert.Null(ConfigurationWriter.Save(file, new Options { Delay = TimeSpan.FromSeconds(2) }, [Settings.Of("delay")]));
        var loaded = Load([], [], new ConfigurationFiles("/nowhere", file));
        Assert.Equal((2.0, OutputFormat.Csv), (loaded.Delay.TotalSeconds, loaded.Output));
    }

    [Fact]
    public void Save_writes_json_types()
    {
        var file = Path.Combine(_directory.Path, "kvmtop.json");
        ConfigurationWriter.Save(file, new Options { Columns = ["name"] }, [Settings.Of("delay"), Settings.Of("ascii"), Settings.Of("columns")]);
        Assert.Equal("""{"delay":1,"columns":["name"],"ascii":false}""", string.Concat(File.ReadAllText(file).Where(c => !char.IsWhiteSpace(c))));
    }

    [Fact]
    public void Save_file_with_a_mistake_is_left_alone()
    {
        var file = _directory.File("kvmtop.json", """{ "dealy": 1 }""");
        Assert.Contains("unknown key", ConfigurationWriter.Save(file, new Options(), [Settings.Of("delay")]));
        Assert.Equal("""{ "dealy": 1 }""", File.ReadAllText(file));
    }

    [Fact]
    public void Save_through_a_link_replaces_the_file_behind_it()
    {
        var real = _directory.File("dotfiles.json", "{}");
        var link = Path.Combine(_directory.Path, "kvmtop.json");
        File.CreateSymbolicLink(link, real);
        Assert.Null(ConfigurationWriter.Save(link, new Options(), [Settings.Of("theme")]));
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.Contains("kvmtop", File.ReadAllText(real));
    }

    [Fact]
    public void Save_where_nothing_can_be_written_says_so_and_leaves_no_temporary_file()
    {
        var file = _directory.File("plain", "");
        Assert.NotNull(ConfigurationWriter.Save(Path.Combine(file, "kvmtop.json"), new Options(), [Settings.Of("delay")]));
        Assert.Equal([file], Directory.GetFiles(_directory.Path));
    }

    [Theory]
    [InlineData("delay 2", "", 2.0)]
    [InlineData("--delay=2", "", 2.0)]
    [InlineData("delay x", "delay: expected a number of seconds from 0.1 to 3600, found \"x\"", 1.0)]
    public void SettingCommand_takes_the_words_of_the_shell(string line, string problem, double delay)
    {
        Assert.True(SettingCommand.TryApply(line, new Options(), out var options, out var found));
        Assert.Equal((problem, delay), (found, options.Delay.TotalSeconds));
    }

    [Theory]
    [InlineData("pin db1 0 2-3")]
    [InlineData("root /")]
    [InlineData("")]
    public void SettingCommand_leaves_other_lines_alone(string line) => Assert.False(SettingCommand.TryApply(line, new Options(), out _, out _));

    [Fact]
    public void Load_pipe_that_nobody_writes_is_refused_and_not_waited_for()
    {
        var pipe = Path.Combine(_directory.Path, "pipe.json");
        Assert.Equal(0, MakePipe(pipe, 0x180));

        Assert.Equal([$"{pipe}: not read: {pipe} is a pipe, not a regular file"], Mistakes(new ConfigurationFiles(pipe, null)));
        Assert.Contains("nobody wrote it to its end within 5 s", Assert.Single(Mistakes(new ConfigurationFiles("/nowhere", null, pipe))), StringComparison.Ordinal);
        Assert.Null(KvmTop.Screen.Themes.Read(pipe, 1000, out var problem));
        Assert.Contains("a pipe", problem, StringComparison.Ordinal);
        Assert.NotNull(ConfigurationWriter.Save(pipe, new Options(), []));
    }

    [Fact]
    public void Load_file_that_others_may_write_is_not_obeyed()
    {
        var file = _directory.File("open.json", "{ \"delay\": 7 }");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);

        Assert.StartsWith($"{file}: not read: {file} may be written by others", Assert.Single(Mistakes(new ConfigurationFiles("/nowhere", file))), StringComparison.Ordinal);
        Assert.Single(Mistakes(new ConfigurationFiles("/nowhere", null, file)));
    }

    [Fact]
    public void Load_folder_that_others_may_write_is_not_looked_into_and_that_is_said()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_directory.Path, "open")).FullName;
        var file = Path.Combine(folder, "kvmtop.json");
        File.WriteAllText(file, "{ \"delay\": 7 }");
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        var (mistakes, notices) = (new List<string>(), new List<string>());

        var options = ConfigurationLoader.Load(new Dictionary<string, string>(), EnvironmentBlock.Empty, new ConfigurationFiles("/nowhere", file), mistakes, notices);

        Assert.Equal((1, 0), (options.Delay.TotalSeconds, mistakes.Count));
        Assert.StartsWith($"{file}: not read: {folder} may be written by others", Assert.Single(notices), StringComparison.Ordinal);
        Assert.NotNull(ConfigurationWriter.Save(file, new Options(), []));
    }

#pragma warning disable SYSLIB1054, CA5392, CA2101 // A plain call of a test.
    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int MakePipe(string path, uint mode);
#pragma warning restore

    private static List<string> Mistakes(ConfigurationFiles files)
    {
        var mistakes = new List<string>();
        ConfigurationLoader.Load(new Dictionary<string, string>(), EnvironmentBlock.Empty, files, mistakes);
        return mistakes;
    }

    private static Options Load(Dictionary<string, string> commandLine, Dictionary<string, string> environment, ConfigurationFiles files)
    {
        var mistakes = new List<string>();
        var options = ConfigurationLoader.Load(commandLine, new EnvironmentBlock(environment), files, mistakes);
        Assert.Empty(mistakes);
        return options;
    }
}
