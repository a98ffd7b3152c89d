using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace KvmTop.RealTests.Harness;

/// <summary>
/// A libvirtd of the tests' own, beside whatever libvirt the machine has: in a mount namespace where its configuration, state, logs and sockets are folders of
/// the test. It ends, and its guests with it, when disposed or when the test run ends in whatever way.
/// </summary>
public sealed class LibvirtDaemon : IDisposable
{
    // $1 is the folder. libvirtd wants its user to exist, which a package makes that is not needed otherwise: it gets a passwd of its own.
    private const string Script = """
        set -e
        mount --make-rprivate /
        cp /etc/passwd /etc/group "$1/"
        grep -q '^libvirt-qemu:' "$1/passwd" || echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin' >>"$1/passwd"
        for group in libvirt-qemu:64055 kvm:64054; do
          grep -q "^${group%%:*}:" "$1/group" || echo "${group%%:*}:x:${group#*:}:" >>"$1/group"
        done
        for pair in etc:/etc/libvirt run:/run/libvirt lib:/var/lib/libvirt log:/var/log/libvirt cache:/var/cache/libvirt; do
          mkdir -p "$1/${pair%%:*}" "${pair#*:}"
          mount --bind "$1/${pair%%:*}" "${pair#*:}"
        done
        mount --bind "$1/passwd" /etc/passwd
        mount --bind "$1/group" /etc/group
        exec libvirtd -d -f "$1/etc/libvirtd.conf" -p "$1/run/libvirtd.pid"
        """;

    private const string Cleanup = """
        for file in "$1"/run/qemu/*.pid "$1"/run/libvirtd.pid; do
          [ -s "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null
        done
        sleep 0.2
        rm -rf -- "$1"
        """;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private readonly string _virsh;
    private readonly Keeper _keeper;

    private readonly bool _emulates;

    private LibvirtDaemon(string virsh, string folder, bool emulates)
    {
        (_virsh, Folder, _emulates) = (virsh, folder, emulates);
        _keeper = new Keeper(Cleanup, folder);
    }

    /// <summary>Everything of it is below this.</summary>
    public string Folder { get; }

    /// <summary>The URI for whoever only looks.</summary>
    public string ReadOnlyUri => $"qemu+unix:///system?socket={Folder}/run/libvirt-sock-ro";

    /// <summary>The URI for whoever acts.</summary>
    public string Uri => $"qemu+unix:///system?socket={Folder}/run/libvirt-sock";

    /// <summary>Its process.</summary>
    public int Pid => int.Parse(File.ReadAllText(Path.Combine(Folder, "run", "libvirtd.pid")), CultureInfo.InvariantCulture);

    /// <summary>Starts one; skips the test where there is no libvirtd or virsh, or this is not root.</summary>
    /// <param name="emulates">Its guests do without KVM.</param>
    public static LibvirtDaemon Start(bool emulates = false)
    {
        Need.Root();
        Need.Qemu();
        if (!emulates) Need.Kvm();
        Need.Program("libvirtd");
        var daemon = new LibvirtDaemon(Need.Program("virsh"), Directory.CreateTempSubdirectory("kvmtop-lv-").FullName, emulates);
        try
        {
            // QEMU must reach it as root, and qemu.conf makes it root.
            File.SetUnixFileMode(daemon.Folder, (UnixFileMode)0b111_101_101);
            Directory.CreateDirectory(Path.Combine(daemon.Folder, "etc"));
            File.WriteAllText(Path.Combine(daemon.Folder, "etc", "qemu.conf"), """
                stdio_handler = "file"
                user = "root"
                group = "root"
                dynamic_ownership = 0
                remember_owner = 0
                security_driver = "none"
                namespaces = []
                cgroup_controllers = []

                """);
            File.WriteAllText(Path.Combine(daemon.Folder, "etc", "libvirtd.conf"), $"""
                unix_sock_dir = "{daemon.Folder}/run"
                auth_unix_ro = "none"
                auth_unix_rw = "none"
                log_outputs = "3:file:{daemon.Folder}/libvirtd.log"

                """);
            daemon.Launch();
            return daemon;
        }
        catch
        {
            daemon.Dispose();
            throw;
        }
    }

    /// <summary>Starts libvirtd, again after it was killed; waits until it answers.</summary>
    public void Launch()
    {
        var result = Command.Run("/usr/bin/env", ["unshare", "-m", "sh", "-c", Script, "sh", Folder], s_deadline);
        if (result.ExitCode != 0) throw new InvalidOperationException($"libvirtd did not start: {result.Stderr}\n{Log()}");
        if (!Wait.Until(Answers, s_deadline)) throw new InvalidOperationException($"libvirtd does not answer\n{Log()}");
    }

    /// <summary>Kills it; its guests go on.</summary>
    public void Kill()
    {
        var pid = Pid;
        Signal(9);
        if (!Wait.Until(() => !Native.IsAlive(pid), s_deadline)) throw new InvalidOperationException($"libvirtd {pid} survived SIGKILL");
    }

    /// <summary>Sends it a signal.</summary>
    public void Signal(int signal)
    {
        if (Native.Kill(Pid, signal) != 0) throw new InvalidOperationException($"kill({Pid}, {signal}) failed");
    }

    /// <summary>Runs virsh against it; gives what it printed.</summary>
    public string Virsh(params string[] arguments)
    {
        var result = Command.Run(_virsh, ["-q", "-c", Uri, .. arguments], s_deadline);
        if (result.ExitCode != 0) throw new InvalidOperationException($"virsh {string.Join(' ', arguments)}: {result.Stderr}\n{Log()}");
        return result.Stdout;
    }

    /// <summary>Defines a guest; <see cref="Run"/> starts it.</summary>
    public void Define(string name, GuestWork work, string? title = null, string description = "")
    {
        File.WriteAllBytes(Path.Combine(Folder, $"{name}.rom"), Rom.Build(work));
        File.WriteAllBytes(Path.Combine(Folder, $"{name}.img"), new byte[1 << 20]);
        var xml = Path.Combine(Folder, $"{name}.xml");
        static string Escape(string text) => System.Security.SecurityElement.Escape(text)!;
        File.WriteAllText(xml, $"""
            <domain type='{(_emulates ? "qemu" : "kvm")}'>
              <name>{Escape(name)}</name>
              {(title is null ? "" : $"<title>{Escape(title)}</title>")}
              <description>{Escape(description)}</description>
              <memory unit='MiB'>64</memory>
              <vcpu>2</vcpu>
              <os><type arch='x86_64' machine='q35'>hvm</type><loader type='rom'>{Folder}/{Escape(name)}.rom</loader></os>
              <features><acpi/></features>
              {(_emulates ? "" : "<cpu mode='host-passthrough' check='none'><feature policy='disable' name='arch-capabilities'/></cpu>")}
              <devices>
                <emulator>{Need.Qemu()}</emulator>
                <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{Folder}/{Escape(name)}.img'/><target dev='vda' bus='virtio'/></disk>
                <memballoon model='virtio'/>
              </devices>
            </domain>
            """);
        Virsh("define", xml);
    }

    /// <summary>Starts a guest that is defined; gives its process.</summary>
    public int Run(string name)
    {
        Virsh("start", name);
        return int.Parse(File.ReadAllText(Path.Combine(Folder, "run", "qemu", $"{name}.pid")), CultureInfo.InvariantCulture);
    }

    /// <summary>The counters of all vCPUs of a guest, added up, as QEMU tells libvirt.</summary>
    public Dictionary<string, double> QueryStats(string name, params string[] counters)
    {
        var question = JsonSerializer.Serialize(new
        {
            execute = "query-stats",
            arguments = new { target = "vcpu", providers = new[] { new { provider = "kvm", names = counters } } },
        });
        using var answer = JsonDocument.Parse(Virsh("qemu-monitor-command", name, question));
        var sums = new Dictionary<string, double>();
        foreach (var vcpu in answer.RootElement.GetProperty("return").EnumerateArray())
            foreach (var stat in vcpu.GetProperty("stats").EnumerateArray())
                sums[stat.GetProperty("name").GetString()!] = sums.GetValueOrDefault(stat.GetProperty("name").GetString()!) + stat.GetProperty("value").GetDouble();
        return sums;
    }

    public void Dispose()
    {
        // One that is stopped dies of SIGKILL all the same.
        _keeper.Dispose();
    }

    private bool Answers()
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(Folder, "run", "libvirt-sock-ro")));
            return Virsh("list", "--all") is not null;
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            return false;
        }
    }

    private string Log() => File.Exists(Path.Combine(Folder, "libvirtd.log")) ? string.Join('\n', File.ReadLines(Path.Combine(Folder, "libvirtd.log")).TakeLast(8)) : "";
}
