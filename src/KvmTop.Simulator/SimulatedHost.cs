using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Simulator.Files;
using KvmTop.Simulator.Model;
using KvmTop.Simulator.Peers;

namespace KvmTop.Simulator;

/// <summary>
/// A KVM host that does not exist: the files of /proc and /sys as a Linux 6.8 with a dozen or thousands of VMs would write them, made when
/// they are read. Everything in them follows from the options and the clock alone, so a test with a clock of its own gets exact figures.
/// </summary>
public sealed class SimulatedHost : HostRoot
{
    private readonly HostModel _model;
    private readonly FileTree _tree;
    private readonly ProcTree _processes;
    private readonly KvmDebugfs _kvm;

    /// <param name="options">Size, seed and clock; the demo when null.</param>
    public SimulatedHost(SimulatedHostOptions? options = null)
    {
        options ??= SimulatedHostOptions.Demo;
        Time = options.Time;
        _model = new HostModel(options);
        _tree = HostTree.Build(_model);
        _processes = new ProcTree(_model);
        _kvm = new KvmDebugfs(_model);
    }

    /// <inheritdoc/>
    public override bool IsLive => false;

    /// <inheritdoc/>
    public override string? Label => "demo";

    /// <inheritdoc/>
    public override TimeProvider Time { get; }

    internal HostModel Model => _model;

    /// <inheritdoc/>
    public override Errno Open(string path, out HostFile? file)
    {
        file = null;
        if (ProcTree.Covers(path))
        {
            var entry = _processes.Find(path, _model.Clock.Now());
            switch (entry.Kind)
            {
                case ProcKind.Missing:
                    return Errno.ENOENT;
                case ProcKind.File:
                    file = new ProcessFile(_model, entry.Process, entry.Generation, entry.Thread, entry.Format!);
                    return Errno.None;
                case ProcKind.Link:
                    // What the links of a process point to is not simulated.
                    return Errno.EACCES;
                default:
                    file = Folder();
                    return Errno.None;
            }
        }

        if (KvmDebugfs.Covers(path))
        {
            file = _kvm.Open(path);
            return file is null ? Errno.ENOENT : Errno.None;
        }

        if (_tree.Find(path) is not { } node)
        {
            return Errno.ENOENT;
        }

        file = node.Format is { } format ? new HostWideFile(_model.Clock, format) : Folder();
        return Errno.None;

        // As open(2) has it: a directory can be opened, and reading it fails.
        HostFile Folder() => new HostWideFile(_model.Clock, static (ref Utf8Writer _, long _) => Errno.EISDIR);
    }

    /// <inheritdoc/>
    public override Errno OpenDescriptor(int pid, int fd, out HostFile? file)
    {
        file = null;
        if (_model.Find(pid, _model.Clock.Now(), out var generation) is not { } process)
        {
            return Errno.ESRCH;
        }

        foreach (var descriptor in process.Descriptors)
        {
            if (descriptor.Number != fd)
            {
                continue;
            }

            foreach (var thread in process.Threads)
            {
                if (thread.Role == ThreadRole.Vcpu && descriptor.Target == GuestBuilder.StatsLink(thread.Vcpu))
                {
                    file = new KvmStatsFile(_model, process, generation, thread);
                    return Errno.None;
                }
            }

            return Errno.EACCES;
        }

        return Errno.EBADF;
    }

    /// <inheritdoc/>
    public override Errno ReadLink(string path, Span<byte> target, out int length)
    {
        length = 0;
        if (!ProcTree.Covers(path))
        {
            return _tree.Find(path) is null ? Errno.ENOENT : Errno.EINVAL;
        }

        var entry = _processes.Find(path, _model.Clock.Now());
        if (entry.Kind != ProcKind.Link)
        {
            return entry.Kind == ProcKind.Missing ? Errno.ENOENT : Errno.EINVAL;
        }

        Encoding.UTF8.GetEncoder().Convert(entry.Target, target, true, out _, out length, out _);
        return Errno.None;
    }

    /// <inheritdoc/>
    public override Errno List(string path, List<string> names)
    {
        if (ProcTree.Covers(path))
        {
            return ProcTree.List(_processes.Find(path, _model.Clock.Now()), names);
        }

        if (KvmDebugfs.Covers(path))
        {
            return _kvm.List(path, names);
        }

        if (_tree.Find(path) is not { } node)
        {
            return Errno.ENOENT;
        }

        if (node.Children is not { } children)
        {
            return Errno.ENOTDIR;
        }

        names.AddRange(children);
        if (path == "/proc")
        {
            var numbers = new List<NumberedEntry>();
            _processes.ListProcesses(_model.Clock.Now(), numbers);
            foreach (var number in numbers)
                names.Add(number.Number.ToString(CultureInfo.InvariantCulture));
        }

        return Errno.None;
    }

    /// <inheritdoc/>
    public override Errno ListNumbers(string path, List<NumberedEntry> entries)
    {
        if (path == "/proc")
        {
            _processes.ListProcesses(_model.Clock.Now(), entries);
            return Errno.None;
        }

        if (ProcTree.Covers(path))
        {
            return ProcTree.ListNumbers(_processes.Find(path, _model.Clock.Now()), entries);
        }

        return _tree.Find(path) switch
        {
            null => Errno.ENOENT,
            { Children: null } => Errno.ENOTDIR,
            _ => Errno.None,
        };
    }

    /// <inheritdoc/>
    public override Errno Stat(string path, out FileFacts facts)
    {
        facts = default;
        if (ProcTree.Covers(path))
        {
            return Errno.ENOSYS;
        }

        if (_tree.Find(path) is not { } node)
        {
            return Errno.ENOENT;
        }

        facts = node.Children is null ? node.Facts : new FileFacts(FileKind.Directory, 0, 0, 0x1ED);
        return Errno.None;
    }

    /// <inheritdoc/>
    public override bool Exists(string path) =>
        ProcTree.Covers(path) ? _processes.Find(path, _model.Clock.Now()).Kind != ProcKind.Missing
        : KvmDebugfs.Covers(path) ? _kvm.Open(path) is not null || _kvm.List(path, []) == Errno.None
        : _tree.Find(path) is not null;

    /// <inheritdoc/>
    public override Errno Connect(string path, out HostSocket? socket)
    {
        // Below /proc/PID/root: whoever asks knows whose socket it is.
        const string seen = "/root/";
        socket = null;
        var at = path.IndexOf(seen, StringComparison.Ordinal);
        if (!ProcTree.Covers(path) || at < 0 || !int.TryParse(path.AsSpan(6, at - 6), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            return Errno.ENOENT;
        }

        if (_model.Find(pid, _model.Clock.Now(), out var generation) is not { } process)
        {
            return Errno.ESRCH;
        }

        if (process.Qmp is not { } monitor)
        {
            return Errno.EOPNOTSUPP;
        }

        if (!path.AsSpan(at + seen.Length - 1).SequenceEqual(monitor.Socket))
        {
            return Errno.ENOENT;
        }

        socket = new QmpPeer(_model, process, monitor, generation);
        return Errno.None;
    }
}
