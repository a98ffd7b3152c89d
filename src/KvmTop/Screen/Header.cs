using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Collectors.Checks;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>The lines above the panes: which host this is, how it fares, which VM suffers and from what, and what kvmtop itself costs.</summary>
internal static class Header
{
    private const int ChartColumns = 240;

    // On a narrow and low screen the worst trouble needs the whole line.
    private const int RoomForChecks = 60;

    /// <summary>Rows that it takes on a screen of this height: on a low one, rows go to the pane.</summary>
    public static int HeightFor(int screenHeight) => screenHeight < 16 ? 2 : screenHeight < 22 ? 4 : 5;

    /// <summary>Draws it.</summary>
    public static void Render(Buffer buffer, Rect area, Ui ui, bool isRoot)
    {
        buffer.Fill(area, new Style(Role.Text, Surface.Header));
        ui.HeaderLinks.Clear();
        var row = new HostRow(ui.Snapshot);
        RenderTitle(buffer, area.CutTop(1).Top, row, ui, isRoot);
        var lines = area.CutTop(1).Remaining;
        if (lines.Height >= 3)
        {
            RenderCpu(buffer, new Rect(lines.X, lines.Y, lines.Width, 1), row, ui);
            RenderMemory(buffer, new Rect(lines.X, lines.Y + 1, lines.Width, 1), row, ui);
            lines = lines.CutTop(2).Remaining;
        }

        var (vms, troubles) = lines.CutTop(1);
        var told = RenderVms(buffer, vms, row, ui, withTroubles: troubles.IsEmpty);
        if (!troubles.IsEmpty)
        {
            var right = told ? troubles.Right : RenderChecks(buffer, troubles, troubles.X, troubles.Right, ui, "! {0} (8) ");
            TroubleLine.Render(new Pencil(buffer, troubles, Surface.Header), right, ui, saysWhenWell: true);
        }
    }

    private static void RenderTitle(Buffer buffer, Rect line, HostRow row, Ui ui, bool isRoot)
    {
        var machine = row.Machine;
        var pen = new Pencil(buffer, line, Surface.Header);
        pen.Write(" kvmtop", Role.Title);
        if (machine?.Label is { } label)
        {
            pen.Write($"  {label.ToUpperInvariant()}", Role.Warn);
        }

        pen.Write($"  {machine?.Identity.Hostname ?? ""}", Role.Strong);

        // From the right: what must not be pushed out by a long kernel name.
        var right = new (string Text, Role Role)[]
        {
            Live(ui),
            Frozen(ui),
            ((isRoot ? "root" : "user") + "  ", isRoot ? Role.Label : Role.Warn),
            (string.Create(CultureInfo.InvariantCulture, $"{ui.Options.Delay.TotalSeconds:0.0##}s  "), Role.Label),
            (ui.Snapshot.Sequence == 0 ? "" : ui.Snapshot.Time.ToLocalTime().ToString("HH:mm:ss  ", CultureInfo.InvariantCulture), Role.Text),
        };
        var x = line.Right;
        foreach (var (text, role) in right)
        {
            x -= CellWidth.Of(text);
            if (x > pen.X + 1)
            {
                buffer.Write(x, line.Y, text, new Style(role, Surface.Header));
            }
        }

        if (machine is null)
        {
            return;
        }

        var middle = new (string Text, Role Role)[]
        {
            (machine.Kvm.KvmPresent ? $"{machine.Kvm.Vendor ?? "kvm"}" : "no kvm", machine.Kvm.Reason is null ? Role.Good : Role.Warn),
            (machine.Kvm.Nested is { } nested ? $"nested={(nested ? "Y" : "N")}" : "", Role.Label),
            (string.Create(CultureInfo.InvariantCulture, $"{machine.Sockets}s {machine.Topology.Online.Count}c"), Role.Label),
            (machine.Identity.KernelRelease ?? "", Role.Dim),
            (ShortModel(machine.Identity.CpuModel), Role.Dim),
        };
        foreach (var (text, role) in middle)
        {
            if (text.Length > 0 && pen.X + 2 + CellWidth.Of(text) < x - 1)
            {
                pen.Write("  " + text, role);
            }
        }
    }

    /// <summary>Whether the newest figures are of now: nothing is called live before there are rates, or when no reading has come for longer than the pace allows for.</summary>
    private static (string Text, Role Role) Live(Ui ui)
    {
        var dot = ui.Unicode ? "●" : "*";
        return ui.Freshness.IsOld ? (string.Create(CultureInfo.InvariantCulture, $"{dot} {ui.Freshness.Seconds} s old "), Role.Critical)
            : ui.Newest.Sequence < 2 ? (ui.Unicode ? "○ measuring " : "o measuring ", Role.Dim)
            : ui.Frozen ? ("", Role.Text)
            : (dot + " live ", Role.Good);
    }

    /// <summary>The operator has stopped the picture, and how old it has become: another thing than a reading that does not come.</summary>
    private static (string Text, Role Role) Frozen(Ui ui) => !ui.Frozen ? ("", Role.Text)
        : (string.Create(CultureInfo.InvariantCulture, $"{(ui.Unicode ? "❚❚" : "=")} frozen {Math.Max(0, (ui.Newest.Time - ui.Snapshot.Time).TotalSeconds):0} s "), Role.Warn);

    private static void RenderCpu(Buffer buffer, Rect line, HostRow row, Ui ui)
    {
        var (gauge, rest) = line.CutLeft(line.Width / 2);
        var share = row.Host?.Total ?? CpuShare.Unknown;
        double Part(double value) => double.IsNaN(value) ? 0 : value / 100;
        Gauge.Render(
            buffer,
            gauge.Inset(1, 0),
            "CPU",
            [
                new(Part(share.Guest), new Style(Role.BarGuest)), new(Part(share.User), new Style(Role.BarUser)),
                new(Part(share.System + share.Irq), new Style(Role.BarSystem)), new(Part(share.IoWait), new Style(Role.BarIoWait)), new(Part(share.Steal), new Style(Role.BarReady)),
            ],
            double.IsNaN(share.Busy) && row.Host is not null ? "measuring" : $"{Percent(share.Busy),4}%",
            ui.Unicode,
            Surface.Header);
        var pen = new Pencil(buffer, rest, Surface.Header);
        pen.Pair("guest", Percent(share.Guest), Role.BarGuest);
        pen.Pair("user", Percent(share.User), Role.BarUser);
        pen.Pair("sys", Percent(share.System + share.Irq), Role.BarSystem);
        pen.Pair("iow", Percent(share.IoWait), Role.BarIoWait);
        if (share.Steal >= 0.1)
        {
            pen.Pair("steal", Percent(share.Steal), Role.BarReady);
        }

        if (row.Host?.Load is { } load)
        {
            pen.Pair("load", load.One.ToString("0.00", CultureInfo.InvariantCulture), Role.Text);
        }

        var room = rest.Right - pen.X - 2;
        if (room >= 8)
        {
            Span<double> values = stackalloc double[ChartColumns];
            var width = Math.Min(room, 40);
            var count = ui.History.Host(SeriesKind.Cpu).CopyLatest(values[..Math.Min(ChartColumns, width * 2)]);
            Sparkline.Render(buffer, new Rect(rest.Right - width - 1, rest.Y, width, 1), values[..count], 100, Gradient.Cpu, ui.Unicode, surface: Surface.Header);
        }
    }

    private static void RenderMemory(Buffer buffer, Rect line, HostRow row, Ui ui)
    {
        var (gauge, rest) = line.CutLeft(line.Width / 2);
        var memory = row.Host?.Memory;
        var total = (double)(memory?.Total ?? 0);
        var huge = memory?.Hugetlb ?? 0;
        var used = row.Host?.MemoryUsed;
        double Part(double bytes) => total > 0 ? bytes / total : 0;
        Gauge.Render(
            buffer,
            gauge.Inset(1, 0),
            "Mem",
            [new(Part((used ?? 0) - Math.Min(huge, used ?? 0)), new Style(Role.BarMemory)), new(Part(huge), new Style(Role.BarHuge))],
            used is { } u && total > 0 ? $"{Bytes(u)}/{Bytes(total)}" : "-",
            ui.Unicode,
            Surface.Header);
        var pen = new Pencil(buffer, rest, Surface.Header);
        if (memory is { SwapTotal: { } swapTotal, SwapFree: { } swapFree })
        {
            var swapped = swapTotal - Math.Min(swapTotal, swapFree);
            pen.Pair("swap", swapped == 0 ? "0" : $"{Bytes(swapped)}/{Bytes(swapTotal)}", swapped == 0 ? Role.Dim : Role.Warn);
        }

        foreach (var pool in row.Host?.Hugepages ?? [])
        {
            if (pool is { Total: > 0 and { } pages, Free: { } free })
            {
                pen.Pair($"huge {Bytes(pool.SizeBytes)}", string.Create(CultureInfo.InvariantCulture, $"{pages - Math.Min(pages, free)}/{pages}"), Role.BarHuge);
            }
        }

        if (row.Host is { PressureReason: null } host)
        {
            pen.Pair("PSI cpu", Pressured(host.CpuPressure), PressureRole(host.CpuPressure));
            pen.Pair("mem", Pressured(host.MemoryPressure), PressureRole(host.MemoryPressure));
            pen.Pair("io", Pressured(host.IoPressure), PressureRole(host.IoPressure));
        }
    }

    /// <summary>Returns true when the findings of the checks are told, or there are none to tell.</summary>
    private static bool RenderVms(Buffer buffer, Rect line, HostRow row, Ui ui, bool withTroubles)
    {
        var pen = new Pencil(buffer, line, Surface.Header);
        if (ui.Snapshot.Get(VmsTopic.Instance).Value is not { } model)
        {
            pen.Pair("VMs", "-", Role.Disabled);
            if (withTroubles)
            {
                TroubleLine.Render(pen, line.Right, ui, saysWhenWell: true);
            }

            return true;
        }

        int running = 0, paused = 0, other = 0, vcpus = 0;
        var uncounted = false;
        foreach (var vm in model.Vms)
        {
            running += vm.State is VmState.Running ? 1 : 0;
            paused += vm.State is VmState.Paused ? 1 : 0;
            other += vm.State is VmState.Running or VmState.Paused ? 0 : 1;
            vcpus += vm.Info.VcpuCount ?? 0;
            uncounted |= vm.Info.VcpuCount is null;
        }

        pen.Pair("VMs", model.Vms.Count.ToString(CultureInfo.InvariantCulture), Role.Strong);
        if (withTroubles && TroubleLine.HasSomething(ui))
        {
            // On a low screen they share the line with the counts, which anybody can see in the table.
            TroubleLine.Render(pen, line.Width < RoomForChecks ? line.Right : RenderChecks(buffer, line, pen.X + 1, line.Right, ui, " ! {0} (8) "), ui, saysWhenWell: false);
            return true;
        }

        pen.Count(running, "running", Role.Good);
        pen.Count(paused, "paused", Role.Warn);
        pen.Count(other, "other", Role.Label);
        pen.Count(ui.Snapshot.Get(LibvirtTopic.Instance).Value?.Inactive.Count ?? 0, "off", Role.Dim);
        var cpus = row.Machine?.Topology.Online.Count ?? 0;
        pen.Pair("vCPUs", cpus > 0 ? string.Create(CultureInfo.InvariantCulture, $"{vcpus}{(uncounted ? "+" : "")} on {cpus} CPUs ({(double)vcpus / cpus:0.00}x)") : $"{vcpus}", Role.Text);
        var self = string.Create(CultureInfo.InvariantCulture, $"kvmtop {Percent(row.Self?.CpuPct ?? double.NaN)}% {(row.Self?.RssBytes is { } rss ? Bytes(rss) : "-")} ");
        var x = line.Right - CellWidth.Of(self);
        if (x > pen.X + 1)
        {
            buffer.Write(x, line.Y, self, new Style(Role.Dim, Surface.Header));
        }

        // On a narrow screen the line below has the count, in short.
        var left = RenderChecks(buffer, line, pen.X + 1, x - 1, ui, "! {0} {1} (8)  ");
        return left < x - 1 || ui.Checks?.Report is null;
    }

    /// <summary>How many failures or warnings the checks found, and in which pane they are; returns the column before it.</summary>
    private static int RenderChecks(Buffer buffer, Rect line, int left, int right, Ui ui, string format)
    {
        if (ui.Checks?.Report is not { } report)
        {
            return right;
        }

        var failures = report.Count(CheckLevel.Failure);
        var count = failures > 0 ? failures : report.Count(CheckLevel.Warning);
        var text = string.Format(CultureInfo.InvariantCulture, format, count, (failures > 0 ? "failure" : "warning") + (count == 1 ? "" : "s"));
        if (count == 0 || left + text.Length > right)
        {
            return right;
        }

        ui.HeaderLinks.Add(new HeaderLink(new Rect(right - text.Length, line.Y, text.Length, 1), null, "check"));
        buffer.Write(right - text.Length, line.Y, text, new Style(failures > 0 ? Role.Critical : Role.Warn, Surface.Header));
        return right - text.Length;
    }

    private static string Percent(double value) => FigureFormat.ToText(Figure.Of(value), Unit.Percent, 5);

    private static string Bytes(double value) => FigureFormat.ToText(Figure.Of(value), Unit.Bytes, 5);

    private static string Pressured(Linux.Pressure? pressure) => pressure?.Some is { } some ? some.Avg10.ToString("0.0", CultureInfo.InvariantCulture) : "-";

    private static Role PressureRole(Linux.Pressure? pressure) => pressure?.Some is { } some
        ? some.Avg10 >= 25 ? Role.Critical : some.Avg10 >= 5 ? Role.Warn : Role.Text
        : Role.Disabled;

    private static string ShortModel(string? model)
    {
        if (model is null)
        {
            return "";
        }

        var words = model.Replace("(R)", "", StringComparison.Ordinal).Replace("(TM)", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Vmm.HostileText.Clean(string.Join(' ', words.TakeWhile(w => w is not ("CPU" or "Processor" or "@") && !w.EndsWith("-Core", StringComparison.Ordinal))), 32);
    }
}
