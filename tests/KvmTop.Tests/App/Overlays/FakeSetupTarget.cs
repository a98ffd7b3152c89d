using KvmTop.Configuration;
using KvmTop.Screen.Overlays;

namespace KvmTop.Tests.App.Overlays;

internal sealed class FakeSetupTarget : ISetupTarget
{
    public string TableTitle => "VMs";

    public IReadOnlyList<SetupColumn> Columns { get; init; } = [new("name", "NAME", "Its name."), new("cpu_pct", "CPU%", "CPU time."), new("ready_pct", "RDY%", "Waiting.")];

    public IReadOnlyList<string> ChosenColumns { get; set; } = ["ready_pct", "name"];

    public IReadOnlyList<string> UsualColumns => ["name", "cpu_pct"];

    public bool SavesColumns { get; init; } = true;

    public IReadOnlyList<string> Themes => ["kvmtop", "light", "night"];

    public string Theme { get; set; } = "light";

    public Options Options { get; set; } = new();

    public IReadOnlyList<Setting> Toggles { get; } = [Settings.Of("read-only"), Settings.Of("no-mouse")];

    public bool AppliesNow(Setting setting) => setting.Id == "read-only";
}
