using System.Text;
using KvmTop.Linux;

namespace KvmTop.Simulator.Files;

/// <summary>A path of the tree: a directory when it has children, a link when it has a target, a file when it has a text.</summary>
internal sealed class TreeNode
{
    public List<string>? Children { get; init; }

    public FormatFile? Format { get; init; }

    public FileFacts Facts { get; init; } = new(FileKind.Regular, 0, 0, 0x124);
}

/// <summary>The files that exist all the time, by their whole path.</summary>
internal sealed class FileTree
{
    private readonly Dictionary<string, TreeNode> _nodes = new(StringComparer.Ordinal) { ["/"] = new TreeNode { Children = [] } };

    public TreeNode? Find(string path) => _nodes.GetValueOrDefault(path);

    public void Add(string path, FormatFile format) => AddNode(path, new TreeNode { Format = format });

    public void AddText(string path, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Add(path, (ref Utf8Writer writer, long _) =>
        {
            writer.Text(bytes);
            return Errno.None;
        });
    }

    /// <summary>A file that root may write.</summary>
    public void AddWritable(string path, string text)
    {
        AddText(path, text);
        _nodes[path] = new TreeNode { Format = _nodes[path].Format, Facts = new(FileKind.Regular, 0, 0, 0x1A4) };
    }

    /// <summary>Something that exists and cannot be read, such as a device.</summary>
    public void AddUnreadable(string path, FileFacts facts) =>
        AddNode(path, new TreeNode { Format = static (ref Utf8Writer _, long _) => Errno.EINVAL, Facts = facts });

    private void AddNode(string path, TreeNode node)
    {
        _nodes.Add(path, node);
        var slash = path.LastIndexOf('/');
        var parent = slash == 0 ? "/" : path[..slash];
        if (!_nodes.TryGetValue(parent, out var folder))
        {
            AddNode(parent, folder = new TreeNode { Children = [] });
        }

        folder.Children!.Add(path[(slash + 1)..]);
    }
}
