namespace KvmTop.Actions;

/// <summary>All actions, one line each: a new one is listed here and nowhere else.</summary>
public static class ActionCatalog
{
    /// <summary>All there are, in the order of the menu and the help. Made when asked for: most starts have no use for them.</summary>
    public static IReadOnlyList<HostAction> All { get; } =
    [
        new PauseAction(),
        new ResumeAction(),
        new ResetAction(),
        new StopAction(),
        new KillAction(),
        new VmStartAction(),
        new VmRunAction(),
        new VmDefineAction(),
        new VmListAction(),
        new VmShowAction(),
        new BalloonAction(),
        new ThrottleAction(),
        new ScreenshotAction(),
        new PinAction(),
        new UnpinAction(),
        new HugepagesAction(),
        new ThpAction(),
        new KsmAction(),
        new SwappinessAction(),
        new GovernorAction(),
        new HaltPollAction(),
        new NetworkBudgetAction(),
        new NestedAction(),
        new ModuleLoadAction(),
        new ModuleUnloadAction(),
        new ModuleReloadAction(),
        new ModuleSetAction(),
        new FixDebugfsAction(),
        new FixTracefsAction(),
        new FixKvmDeviceAction(),
        new FixKvmGroupAction(),
    ];

    /// <summary>The action that words begin with, the one with the longest name; and the words after its name.</summary>
    public static HostAction? Find(IReadOnlyList<string> words, out IReadOnlyList<string> rest)
    {
        HostAction? found = null;
        var length = 0;
        foreach (var action in All)
        {
            var name = action.Name.Split(' ');
            if (name.Length > length && words.Count >= name.Length && name.SequenceEqual(words.Take(name.Length)))
                (found, length) = (action, name.Length);
        }

        rest = [.. words.Skip(length)];
        return found;
    }
}
