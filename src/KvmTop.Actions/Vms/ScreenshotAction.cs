using System.Globalization;
using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Takes a picture of a VM's screen.</summary>
public sealed class ScreenshotAction() : VmAction("vm screenshot")
{
    private const int LongestPath = 4000;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public override string Usage => "VM FILE.png";

    /// <inheritdoc/>
    public override string Summary => "Takes a picture of a virtual machine's screen, as a PNG.";

    /// <inheritdoc/>
    public override string Writes => "QMP screendump (QEMU 7.1 and later); the new file";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid. Not for libvirt's: 'virsh screenshot' does it there.
          FILE.png      A file that is not there yet. QEMU writes it, so this user and QEMU's must be one, or
                        QEMU run as root.
        """;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        if (context.Selection.Vms is not [var vm, ..])
            yield break;
        yield return new ActionChoice($"Take a picture of the screen of {Called(context.Selection.Vms)}")
        {
            DisabledReason = MoreThanOne(context.Selection.Vms) is { } many ? many : vm.Description.LibvirtOwned ? "libvirt's: virsh screenshot" : NobodyToAsk(context, [vm]),
            Fields = [new ActionField("File", "a new file that ends in .png") { Initial = string.Create(CultureInfo.InvariantCulture, $"{System.IO.Path.GetTempPath()}kvmtop-{vm.Pid}.png") }],
            Words = values => WordsFor([vm], values[0].Trim()),
        };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count is not 2 && (parsed.Rest.Count != 1 || context.Selection.Vms.Count == 0))
            return Mistake(words, "expected a VM and a file");
        var file = parsed.Rest[^1];
        if (file.Length is 0 or > LongestPath || file.Any(char.IsControl))
            return Mistake(words, "that is no name of a file");
        if (!file.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            return Mistake(words, $"{HostileText.Clean(file, 80)}: expected a name that ends in .png; other formats are not written");
        if (context.FindOne(parsed.Rest.Count == 2 ? parsed.Rest[0] : null, out mistake, whole: true) is not { } vm)
            return Mistake(words, mistake);

        var path = System.IO.Path.GetFullPath(file);
        var peer = VmPeer.Of(vm, context.Control);
        var obstacle = OfFile(path) ?? (peer.Route switch
        {
            VmRoute.Libvirt => Obstacle.Refused($"{vm.Name} is libvirt's, which writes pictures on its own terms", $"virsh screenshot {peer.Domain}"),
            VmRoute.Signal => MonitorObstacle(context, vm, null),
            _ => OfProcess(context, vm) ?? OfVersion(context, peer),
        });
        return new ActionPlan
        {
            Action = Name,
            Title = $"Take a picture of the screen of {vm.Name}",
            Words = WordsFor([vm], path),
            Effects = obstacle is null ? [new ScreenshotEffect(peer, path)] : [],
            Obstacles = obstacle is null ? [] : [obstacle],
            Notes = ["QEMU writes the picture, into a directory made for it beside the file."],
        };
    }

    private static Obstacle? OfFile(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(path);
        var there = new FileInfo(path);
        return folder is null || !Directory.Exists(folder) ? Obstacle.Refused($"there is no directory {HostileText.Clean(folder ?? path, 200)}")
            : there.Exists || there.LinkTarget is not null || Directory.Exists(path) ? Obstacle.Refused($"{HostileText.Clean(path, 200)} is there already: only a new file is written")
            : null;
    }

    private static Obstacle? OfProcess(ActionContext context, VmInfo vm)
    {
        var actor = context.Control.Actor;
        if (vm.User is not "root" && vm.User != actor.Name)
            return Obstacle.Refused($"QEMU runs as {vm.User ?? "another user"} and cannot write where {actor.Name} writes", $"run as {vm.User}");
        var own = LinkOf(context.Control, "/proc/self/ns/mnt");
        var its = LinkOf(context.Control, FormattableString.Invariant($"/proc/{vm.Pid}/ns/mnt"));
        return own is not null && its is not null && own != its ? Obstacle.Refused($"{vm.Name} sees another file system than this program (a mount namespace)")
            : LinkOf(context.Control, FormattableString.Invariant($"/proc/{vm.Pid}/root")) is not (null or "/") ? Obstacle.Refused($"{vm.Name} sees another file system than this program (chroot)")
            : null;
    }

    private static string? LinkOf(HostControl host, string path)
    {
        Span<byte> target = stackalloc byte[256];
        return host.Files.ReadLink(path, target, out var length) == Errno.None ? Encoding.UTF8.GetString(target[..length]) : null;
    }

    private static Obstacle? OfVersion(ActionContext context, VmPeer peer)
    {
        var reply = peer.Qmp(context.Control, "query-version", null, s_deadline);
        if (!reply.IsOk)
            return VmPeer.OfReason($"{peer.Name}: {reply.Reason}");
        return QmpAnswers.Version(reply.Json) is var (major, minor) && (major > 7 || (major == 7 && minor >= 1)) ? null
            : Obstacle.Refused($"{peer.Name}: its QEMU writes no PNG (7.1 and later do)");
    }
}
