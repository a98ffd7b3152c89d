using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>
/// A picture of a VM's screen in a new file. QEMU writes it, with QEMU's rights and wherever the path leads: into a directory that was made just now, that nobody else may
/// enter and whose name nobody can guess; from there it is moved to where it belongs, where nothing may stand.
/// </summary>
/// <param name="Vm">Which.</param>
/// <param name="Path">The file, from the root on.</param>
public sealed record ScreenshotEffect(VmPeer Vm, string Path) : Effect
{
    internal const string KindName = "screenshot";

    private const string FileName = "/screen.png";

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(15);

    // 0x89 P N G \r \n 0x1A \n
    private static readonly byte[] s_signature = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <inheritdoc/>
    public override string Describe() => $"QMP to {Vm.Name}: screendump as PNG beside {Path}, and move it there";

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => Vm.FindObstacle(host);

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        var folder = $"{System.IO.Path.GetDirectoryName(Path)!.TrimEnd('/')}/.kvmtop-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        FileMark? made = null;
        try
        {
            _ = Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            made = FileMark.Of(folder);
            var file = folder + FileName;
            var reply = Vm.Qmp(host, "screendump", Arguments(file), s_deadline);
            if (!reply.IsOk)
                return EffectResult.Failed(reply.Reason ?? "QMP: refused");
            if (Fault(file) is { } fault)
                return EffectResult.Failed(fault);
            File.Move(file, Path, overwrite: false);
            return EffectResult.Ok("no file", string.Create(CultureInfo.InvariantCulture, $"{new FileInfo(Path).Length} bytes"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return EffectResult.Failed(HostileText.Clean($"{Path}: {e.Message}", 300));
        }
        finally
        {
            Remove(folder, made);
        }
    }

    /// <summary>None: a picture is no change of the host that one would want to have taken back by itself.</summary>
    public override Effect? Invert(string? after) => null;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        Vm.Write(json);
        json.WriteString("path", Path);
    }

    internal static Effect? Read(EffectFields fields) => VmPeer.Read(fields) is { } vm && fields.Path("path") is { } path ? new ScreenshotEffect(vm, path) : null;

    private static string? Fault(string file)
    {
        var info = new FileInfo(file);
        if (!info.Exists || info.LinkTarget is not null)
            return "QEMU reports success, but there is no file: it sees another file system than this program";
        using var stream = info.OpenRead();
        Span<byte> start = stackalloc byte[8];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual(s_signature)
            ? null
            : "QEMU wrote something else than a PNG";
    }

    private static string Arguments(string file)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            json.WriteString("filename", file);
            json.WriteString("format", "png");
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(memory.ToArray());
    }

    /// <summary>Takes away the directory that was made, and the one file that was asked for in it: nothing else is ours, whoever put it there.</summary>
    private static void Remove(string folder, FileMark? made)
    {
        try
        {
            if (made is null || FileMark.Of(folder) != made)
                return;
            File.Delete(folder + FileName);
            Directory.Delete(folder, recursive: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What went wrong before is what is told; an empty directory with our name is left.
        }
    }
}
