using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Diagnosis;

namespace KvmTop.Screen;

/// <summary>What panes and overlays share: the moment that is shown, the settings of this session, and the few things that they may ask the application for.</summary>
internal sealed class Ui(Options options, ConfigurationFiles files, bool unicode)
{
    private readonly Stack<IOverlay> _overlays = new();

    /// <summary>The moment that is shown; the frozen one while the display is frozen.</summary>
    public Snapshot Snapshot { get; private set; } = Snapshot.Empty;

    /// <summary>The newest moment, also while the display is frozen.</summary>
    public Snapshot Newest { get; private set; } = Snapshot.Empty;

    /// <summary>Whether that is of now; looked at before each drawing.</summary>
    public Freshness Freshness { get; set; } = Freshness.Unknown;

    /// <summary>The VMs in trouble at the moment that is shown.</summary>
    public TroubleList Troubles { get; private set; } = TroubleList.Empty;

    /// <summary>What can be clicked in the header, as it was drawn last.</summary>
    public List<HeaderLink> HeaderLinks { get; } = [];

    /// <summary>Figures of the last minutes.</summary>
    public History History { get; } = new();

    /// <summary>What the checks found; null where there is no host to check.</summary>
    public CheckBoard? Checks { get; init; }

    /// <summary>Who carries actions out; null where there is no host to act on.</summary>
    public ActionBoard? Actions { get; init; }

    /// <summary>Settings as they are now; the setup screen and keys replace them.</summary>
    public Options Options { get; set; } = options;

    /// <summary>Where settings are saved.</summary>
    public ConfigurationFiles Files { get; } = files;

    /// <summary>Block and braille characters may be used.</summary>
    public bool Unicode { get; } = unicode;

    /// <summary>The display stands still while reading goes on.</summary>
    public bool Frozen
    {
        get;
        set
        {
            field = value;
            if (!value)
            {
                Show(Newest);
            }
        }
    }

    /// <summary>Percentages of a VM are of all its vCPUs together rather than of one CPU.</summary>
    public bool WholeVm { get; set; }

    /// <summary>Actions are off: read-only mode.</summary>
    public bool ReadOnly { get; set; } = options.ReadOnly;

    /// <summary>A line for the operator, shown in the footer until the next key.</summary>
    public string? Message { get; set; }

    /// <summary>Set to leave.</summary>
    public bool Leaving { get; set; }

    /// <summary>Asks for the pane of this id; the application goes there after the key has been handled.</summary>
    public string? GoTo { get; set; }

    /// <summary>The VM whose view is open, or null.</summary>
    public VmKey? OpenVm { get; set; }

    /// <summary>The VM whose exits are being traced on the screen, and the vCPU to look at first; or null.</summary>
    public (VmInfo Vm, int? Vcpu)? OpenTrace { get; set; }

    /// <summary>Starts a trace of a VM that ends by itself after a while; or says why not.</summary>
    public Func<VmInfo, TimeSpan, (IExitTrace? Trace, ExitTraceRefusal? Refusal)> StartTrace { get; set; } =
        static (_, _) => (null, new ExitTraceRefusal("There is no host to trace", null, false));

    /// <summary>The overlay that gets the keys, or null.</summary>
    public IOverlay? Overlay => _overlays.TryPeek(out var top) ? top : null;

    /// <summary>All overlays, the lowest first.</summary>
    public IEnumerable<IOverlay> Overlays => _overlays.Reverse();

    /// <summary>Puts an overlay on top.</summary>
    public void Open(IOverlay overlay) => _overlays.Push(overlay);

    /// <summary>Takes the top overlay away.</summary>
    public void Close() => _overlays.TryPop(out _);

    /// <summary>Takes a new snapshot in: into the history always, onto the screen unless it is frozen.</summary>
    public void Accept(Snapshot snapshot)
    {
        History.Add(snapshot);
        Newest = snapshot;
        if (!Frozen)
        {
            Show(snapshot);
        }
    }

    private void Show(Snapshot snapshot)
    {
        if (Snapshot != snapshot)
        {
            Snapshot = snapshot;
            Troubles = TroubleList.Of(snapshot);
        }
    }
}
