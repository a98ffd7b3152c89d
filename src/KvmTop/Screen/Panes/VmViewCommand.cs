using System.Globalization;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>The command line of a VM, each option on a line of its own with what belongs to it.</summary>
internal static class VmViewCommand
{
    private const int MostLines = 300;
    private const int LongestArgument = 4096;

    /// <summary>Draws the frame with the command line, or a line that says how to see it; returns its rows.</summary>
    public static int Draw(Pen pen, Rect page, int y, IReadOnlyList<string> arguments, bool shown)
    {
        if (!shown)
        {
            pen.Text(page.X + 2, y, "press l for the command line", Role.Dim, page.Right);
            return 1;
        }

        var document = new TextDocument();
        for (var i = 0; i < arguments.Count && document.Count < MostLines;)
        {
            var option = HostileText.Clean(arguments[i++], LongestArgument);
            var values = "";
            while (i < arguments.Count && document.Count > 0 && !arguments[i].StartsWith('-') && values.Length < LongestArgument)
            {
                values += " " + HostileText.Clean(arguments[i++], LongestArgument);
            }

            document.Add(4, new TextSpan(option, document.Count == 0 ? Role.Strong : Role.Key), new TextSpan(values, Role.Text));
            if (document.Count == MostLines && i < arguments.Count)
            {
                document.Add(string.Create(CultureInfo.InvariantCulture, $"and {arguments.Count - i} more arguments"), Role.Dim);
            }
        }

        if (arguments.Count == 0)
        {
            document.Add("the command line could not be read", Role.Disabled);
        }

        var rows = document.Height(page.Width - 4);
        var area = new Rect(page.X, y, page.Width, rows + 2);
        var inner = pen.Frame(area, "Command line", "l hides it");
        ScrollText.Render(pen.Buffer, inner, document, new ScrollTextState(), pen.Unicode);
        return area.Height;
    }
}
