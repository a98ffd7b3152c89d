using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>What the host does, in one look: each CPU, memory, load, pressure, interrupts.</summary>
internal sealed class HostPaneOverview() : HostSection('o', "Overview")
{
    private readonly HostPaneCpus _cpus = new();
    private readonly HostPaneInterrupts _interrupts = new();
    private Reading<HostModel> _reading;

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [HostTopic.Instance, MachineTopic.Instance, InterruptsTopic.Instance];

    /// <inheritdoc/>
    public override void Update(Ui ui)
    {
        _reading = ui.Snapshot.Get(HostTopic.Instance);
        _cpus.Update(_reading.Value, ui.Snapshot.Get(MachineTopic.Instance));
        _interrupts.Update(ui.Snapshot.Get(InterruptsTopic.Instance));
    }

    /// <inheritdoc/>
    public override int Draw(Pen pen, Rect page) => _reading.Value is { } host ? Draw(pen, page, host) : DrawReason(pen, page, _reading.Reason);

    /// <inheritdoc/>
    public override void Describe(TextDocument help) => help
        .Add(9, new("CPUs     ", Role.Strong), new("A bar per CPU from /proc/stat: guest, user, system, irq (hard and soft), iowait, steal; the number is how busy it is (all but iowait and steal). Threads of one core stand side by side, grouped by socket and NUMA node (/sys/devices/system/cpu, node). A host with many CPUs shows a column per CPU instead, higher and warmer for busier. Governor and clock from cpufreq.", Role.Text))
        .Add(9, new("Memory   ", Role.Strong), new("/proc/meminfo. used is MemTotal - MemAvailable without the hugepage pools, huge is those pools whether used or not, cache is what can be given back. Pools from /sys/kernel/mm/hugepages.", Role.Text))
        .Add(9, new("Load     ", Role.Strong), new("/proc/loadavg; context switches from /proc/stat.", Role.Text))
        .Add(9, new("Pressure ", Role.Strong), new("/proc/pressure: percent of the last 10, 60 and 300 seconds in which some, or all (full), tasks waited for CPU, memory, I/O or were held up by interrupts. From 10 % on it is worth a look, from 40 % on it is bad.", Role.Text))
        .Add(9, new("Interrupts ", Role.Strong), new("/proc/interrupts and /proc/softirqs, the busiest sources first, per second over all CPUs.", Role.Text));

    private static int DrawReason(Pen pen, Rect page, string? reason)
    {
        pen.Text(page.X + 1, page.Y, reason ?? "Host: not read yet", Role.Disabled, page.Right);
        return 1;
    }

    private int Draw(Pen pen, Rect page, HostModel host)
    {
        var visible = page.Height;
        var y = page.Y;
        var cpus = _cpus.Height(page.Width, visible);
        _cpus.Draw(pen, new Rect(page.X, y, page.Width, cpus), host.Total);
        y += cpus;

        var (memory, load) = (HostPaneMemory.Height(host), HostPaneLoad.Height(host));
        if (page.Width >= 150)
        {
            var third = page.Width / 3;
            var left = Math.Max(visible - cpus, Math.Max(Math.Max(memory, load), _interrupts.Rows + 5));
            left = Math.Min(left, Math.Max(Math.Max(memory, load) + 8, _interrupts.Rows + 5));
            HostPaneMemory.Draw(pen, new Rect(page.X, y, third, left), host);
            HostPaneLoad.Draw(pen, new Rect(page.X + third, y, third, left), host);
            _interrupts.Draw(pen, new Rect(page.X + (2 * third), y, page.Width - (2 * third), left), stacked: true);
            return y + left - page.Y;
        }

        if (page.Width >= 100)
        {
            var half = page.Width / 2;
            var height = Math.Max(memory, load);
            HostPaneMemory.Draw(pen, new Rect(page.X, y, half, height), host);
            HostPaneLoad.Draw(pen, new Rect(page.X + half, y, page.Width - half, height), host);
            y += height;
        }
        else
        {
            HostPaneMemory.Draw(pen, new Rect(page.X, y, page.Width, memory), host);
            y += memory;
            HostPaneLoad.Draw(pen, new Rect(page.X, y, page.Width, load), host);
            y += load;
        }

        var rest = Math.Clamp(visible - (y - page.Y), 10, Math.Max(_interrupts.Rows + 3, 10));
        _interrupts.Draw(pen, new Rect(page.X, y, page.Width, rest), stacked: false);
        return y + rest - page.Y;
    }
}
