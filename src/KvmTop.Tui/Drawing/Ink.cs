namespace KvmTop.Tui;

/// <summary>What a piece of text is, from which the theme decides how it looks. Panes ask for a role, never for a colour.</summary>
public enum Role : byte
{
    /// <summary>Ordinary text and figures.</summary>
    Text,

    /// <summary>Units, separators, zeros: what the eye may skip.</summary>
    Dim,

    /// <summary>What the eye should find first: a name, a total.</summary>
    Strong,

    /// <summary>Titles of panes and boxes.</summary>
    Title,

    /// <summary>Frames and rules.</summary>
    Border,

    /// <summary>Labels in front of figures.</summary>
    Label,

    /// <summary>Column headings.</summary>
    Heading,

    /// <summary>The heading of the sort column.</summary>
    HeadingSorted,

    /// <summary>Keys in hints and in the help.</summary>
    Key,

    /// <summary>Text beside a key in the footer.</summary>
    KeyLabel,

    /// <summary>Healthy.</summary>
    Good,

    /// <summary>Worth a look.</summary>
    Warn,

    /// <summary>Bad.</summary>
    Critical,

    /// <summary>Missing figures and things that cannot be used now.</summary>
    Disabled,

    /// <summary>An accent for what is live, marked or matched.</summary>
    Accent,

    /// <summary>A second accent: links to other panes, tags.</summary>
    Accent2,

    /// <summary>Bar segments and graph lines by what they measure.</summary>
    BarGuest,

    /// <summary>User time of the host.</summary>
    BarUser,

    /// <summary>Kernel time of the host.</summary>
    BarSystem,

    /// <summary>Waiting for I/O.</summary>
    BarIoWait,

    /// <summary>Ready or steal: runnable, not running.</summary>
    BarReady,

    /// <summary>Memory in use.</summary>
    BarMemory,

    /// <summary>Memory that caches hold.</summary>
    BarCache,

    /// <summary>Hugepages.</summary>
    BarHuge,

    /// <summary>The empty part of a bar or graph.</summary>
    BarEmpty,
}

/// <summary>A run of colours from low to high, for graphs and gauges.</summary>
public enum Gradient : byte
{
    /// <summary>CPU use.</summary>
    Cpu,

    /// <summary>Ready, steal, pressure: time lost by waiting.</summary>
    Ready,

    /// <summary>Memory.</summary>
    Memory,

    /// <summary>Disk and network.</summary>
    Io,

    /// <summary>Exits and events.</summary>
    Exits,
}

/// <summary>What lies behind the text.</summary>
public enum Surface : byte
{
    /// <summary>The screen.</summary>
    Normal,

    /// <summary>The header above the panes.</summary>
    Header,

    /// <summary>The row of column headings.</summary>
    Heading,

    /// <summary>The row under the cursor.</summary>
    Selected,

    /// <summary>A marked row.</summary>
    Marked,

    /// <summary>The active tab.</summary>
    Tab,

    /// <summary>The footer with the keys.</summary>
    Footer,

    /// <summary>Boxes that lie over the pane.</summary>
    Popup,

    /// <summary>A text being typed.</summary>
    Input,

    /// <summary>Every other row, where the theme sets it apart.</summary>
    Alternate,
}

/// <summary>A role, or a step of a gradient, on a surface. The theme turns it into colours and attributes at the moment of drawing.</summary>
public readonly record struct Style
{
    /// <summary>How many steps a gradient has.</summary>
    public const int GradientSteps = 16;

    private const byte GradientFlag = 0x80;

    private readonly byte _ink;
    private readonly byte _step;

    /// <summary>Text of a role on a surface.</summary>
    public Style(Role role, Surface surface = Surface.Normal)
    {
        _ink = (byte)role;
        Surface = surface;
    }

    private Style(byte ink, byte step, Surface surface)
    {
        (_ink, _step, Surface) = (ink, step, surface);
    }

    /// <summary>What lies behind.</summary>
    public Surface Surface { get; }

    /// <summary>True for a step of a gradient.</summary>
    public bool IsGradient => (_ink & GradientFlag) != 0;

    /// <summary>The role, when this is not a gradient.</summary>
    public Role Role => IsGradient ? Role.Text : (Role)_ink;

    /// <summary>The gradient, when this is one.</summary>
    public Gradient Gradient => (Gradient)(_ink & ~GradientFlag);

    /// <summary>The step from 0 to <see cref="GradientSteps"/> - 1.</summary>
    public int Step => _step;

    /// <summary>The colour of a gradient at a fraction from 0 (low) to 1 (high).</summary>
    public static Style Of(Gradient gradient, double fraction, Surface surface = Surface.Normal)
    {
        var step = double.IsNaN(fraction) ? 0 : Math.Clamp((int)(fraction * GradientSteps), 0, GradientSteps - 1);
        return new Style((byte)((byte)gradient | GradientFlag), (byte)step, surface);
    }

    /// <summary>The same ink on another surface.</summary>
    public Style On(Surface surface) => new(_ink, _step, surface);

    /// <summary>A role stands for itself on the normal surface.</summary>
    public static implicit operator Style(Role role) => new(role);

    /// <summary>A role on the normal surface.</summary>
    public static Style FromRole(Role role) => new(role);
}
