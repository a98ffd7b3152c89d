using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Tests.Linux;
using KvmTop.Tests.Simulator;

namespace KvmTop.Tests.Collectors;

/// <summary>A host in memory whose files a test writes, denies, blocks and removes between two ticks.</summary>
internal sealed class FakeHost : HostRoot
{
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly SteppedTime _time = new();
    private double _uptime;
    private ulong _inode = 100;

    public FakeHost(double uptime = 5000)
    {
        Write("/proc/keep", "");
        Advance(uptime);
    }

    public override bool IsLive => false;

    public override string? Label => "fake";

    public override TimeProvider Time => _time;

    /// <summary>How often each directory of numbers was listed.</summary>
    public Dictionary<string, int> Listed { get; } = [];

    /// <summary>Called after a directory of numbers was listed, with its path: what happens between listing and reading.</summary>
    public Action<string>? AfterListing { get; set; }

    /// <summary>Every file, for tests that spoil one after the other.</summary>
    public IEnumerable<string> Files => _nodes.Where(n => n.Value.Content is not null).Select(n => n.Key).ToList();

    /// <summary>What a file holds.</summary>
    public byte[] Bytes(string path) => _nodes[path].Content!;

    /// <summary>A captured host, in memory.</summary>
    public static FakeHost Captured(string name = "two-nodes")
    {
        var host = new FakeHost(0);
        var root = TestHost.FixturePath("hosts/" + name);
        foreach (var file in new DirectoryInfo(root).EnumerateFileSystemInfos("*", SearchOption.AllDirectories))
        {
            var path = file.FullName[root.Length..];
            if (file.LinkTarget is { } target)
                host.Link(path, target);
            else if (file is FileInfo)
                host.Write(path, File.ReadAllBytes(file.FullName));
        }

        host._uptime = 5400.25;
        host.Remove("/proc/keep");
        return host;
    }

    public void Advance(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _uptime += seconds;
        Write("/proc/uptime", string.Create(CultureInfo.InvariantCulture, $"{_uptime:0.00} 1.00\n"));
    }

    public void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    public void Write(string path, byte[] bytes) => At(path).Content = bytes;

    public void Link(string path, string target) => At(path).Target = target;

    /// <summary>Owner, mode and kind of a file, which stat(2) tells; without them it says ENOSYS.</summary>
    public void SetFacts(string path, FileFacts facts) => At(path).Facts = facts;

    /// <summary>Every access answers with the error; none takes it back.</summary>
    public void Fail(string path, Errno errno = Errno.EACCES) => At(path).Error = errno;

    /// <summary>Reading the file blocks until the event is set.</summary>
    public void Hang(string path, ManualResetEventSlim until) => At(path).Until = until;

    /// <summary>Removes a file or a whole tree; who has a file of it open is told that the process is gone.</summary>
    public void Remove(string path)
    {
        foreach (var gone in _nodes.Keys.Where(p => p == path || p.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
        {
            _nodes[gone].Error = Errno.ESRCH;
            _nodes.Remove(gone);
        }
    }

    public override Errno Open(string path, out HostFile? file)
    {
        file = null;
        if (!_nodes.TryGetValue(path, out var node))
            return Errno.ENOENT;
        if (node.Error != Errno.None)
            return node.Error;
        file = new OpenFile(node);
        return Errno.None;
    }

    public override Errno ReadLink(string path, Span<byte> target, out int length)
    {
        length = 0;
        if (!_nodes.TryGetValue(path, out var node))
            return Errno.ENOENT;
        if (node.Error != Errno.None)
            return node.Error;
        if (node.Target is null)
            return Errno.EINVAL;
        var bytes = Encoding.UTF8.GetBytes(node.Target);
        length = Math.Min(bytes.Length, target.Length);
        bytes.AsSpan(0, length).CopyTo(target);
        return Errno.None;
    }

    public override Errno List(string path, List<string> names)
    {
        if (!_nodes.TryGetValue(path, out var node))
            return Errno.ENOENT;
        if (node.Error != Errno.None)
            return node.Error;
        names.AddRange(Below(path).Select(p => p[(path.Length + 1)..]));
        return Errno.None;
    }

    public override Errno ListNumbers(string path, List<NumberedEntry> entries)
    {
        Listed[path] = Listed.GetValueOrDefault(path) + 1;
        if (!_nodes.TryGetValue(path, out var node))
            return Errno.ENOENT;
        if (node.Error != Errno.None)
            return node.Error;
        foreach (var child in Below(path))
        {
            if (int.TryParse(child.AsSpan(path.Length + 1), out var number))
                entries.Add(new NumberedEntry(number, _nodes[child].Inode));
        }

        AfterListing?.Invoke(path);
        return Errno.None;
    }

    public override Errno Stat(string path, out FileFacts facts)
    {
        facts = default;
        if (!_nodes.TryGetValue(path, out var node))
            return Errno.ENOENT;
        facts = node.Facts ?? default;
        return node.Facts is null ? Errno.ENOSYS : Errno.None;
    }

    /// <summary>Sockets that are really there, by the path under which this host shows them.</summary>
    public Dictionary<string, string> Sockets { get; } = [];

    public override Errno Connect(string path, out HostSocket? socket)
    {
        socket = null;
        return Sockets.TryGetValue(path, out var real) ? new DirectoryHost().Connect(real, out socket) : Errno.ENOENT;
    }

    public override bool Exists(string path) => _nodes.ContainsKey(path);

    private List<string> Below(string path) =>
        [.. _nodes.Keys.Where(p => p.Length > path.Length + 1 && p.StartsWith(path, StringComparison.Ordinal) && p[path.Length] == '/' && p.IndexOf('/', path.Length + 1) < 0)];

    private Node At(string path)
    {
        for (var at = path; at.Length > 0; at = at[..at.LastIndexOf('/')])
        {
            if (!_nodes.ContainsKey(at))
                _nodes[at] = new Node { Inode = _inode++ };
        }

        return _nodes[path];
    }

    private sealed class Node
    {
        public ulong Inode { get; init; }

        public byte[]? Content { get; set; }

        public string? Target { get; set; }

        public FileFacts? Facts { get; set; }

        public Errno Error { get; set; }

        public ManualResetEventSlim? Until { get; set; }
    }

    private sealed class OpenFile(Node node) : HostFile
    {
        public override int ReadAt(long offset, Span<byte> buffer)
        {
            node.Until?.Wait();
            if (node.Error != Errno.None)
                return -(int)node.Error;
            if (node.Content is not { } content)
                return -(int)Errno.EINVAL;
            var n = (int)Math.Clamp(content.Length - offset, 0, buffer.Length);
            content.AsSpan((int)Math.Min(offset, content.Length), n).CopyTo(buffer);
            return n;
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
