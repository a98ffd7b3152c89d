using System.Globalization;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>The devices that a VM's command line names.</summary>
internal static class VmViewDevices
{
    private const int Most = 40;

    /// <summary>Draws the frame and the list; returns its rows.</summary>
    public static int Draw(Pen pen, Rect page, int y, VmDescription description)
    {
        var devices = description.Devices;
        var shown = Math.Min(devices.Count, Most);
        var area = new Rect(page.X, y, page.Width, Math.Max(shown, 1) + (devices.Count > shown ? 1 : 0) + 2);
        var inner = pen.Frame(area, "Devices", devices.Count == 0 ? "" : devices.Count.ToString(CultureInfo.InvariantCulture));
        if (devices.Count == 0)
        {
            pen.Text(inner.X, inner.Y, "the command line names none", Role.Dim, inner.Right);
        }

        var wide = inner.Width >= 100;
        var (model, id) = (wide ? 26 : 18, wide ? 20 : 12);
        for (var i = 0; i < shown; i++)
        {
            var (device, at) = (devices[i], inner.Y + i);
            if (at < 0 || at >= pen.Buffer.Height)
            {
                continue;
            }

            var x = inner.X;
            pen.Text(x, at, KindName(device.Kind), Role.Label, x + 11);
            pen.Text(x + 12, at, HostileText.Clean(device.Model ?? "-", 64), device.Model is null ? Role.Disabled : Role.Text, Math.Min(x + 12 + model, inner.Right));
            x += 13 + model;
            if (device.Kind is VmDeviceKind.Disk or VmDeviceKind.Nic or VmDeviceKind.Gpu)
            {
                pen.Text(x, at, device.IsVirtio ? "virtio" : "emulated", device.IsVirtio ? Role.Good : Role.Dim, inner.Right);
            }

            pen.Text(x + 9, at, HostileText.Clean(device.Id ?? "", 64), Role.Dim, Math.Min(x + 9 + id, inner.Right));
            pen.Text(x + 10 + id, at, HostileText.Clean(device.Detail ?? "", 256), Role.Text, inner.Right);
        }

        if (devices.Count > shown)
        {
            pen.Text(inner.X, inner.Y + shown, string.Create(CultureInfo.InvariantCulture, $"and {devices.Count - shown} more"), Role.Dim, inner.Right);
        }

        return area.Height;
    }

    private static string KindName(VmDeviceKind kind) => kind switch
    {
        VmDeviceKind.Nic => "network",
        VmDeviceKind.Gpu => "display",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
