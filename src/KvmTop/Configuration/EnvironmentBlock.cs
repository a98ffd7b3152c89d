using System.Collections;

namespace KvmTop.Configuration;

/// <summary>The environment variables of a run, handed in so that tests need not change those of their process.</summary>
public sealed class EnvironmentBlock
{
    private readonly Dictionary<string, string> _variables;

    /// <param name="variables">Names and values.</param>
    public EnvironmentBlock(IEnumerable<KeyValuePair<string, string>> variables)
    {
        _variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            _variables[name] = value;
        }
    }

    /// <summary>No variables.</summary>
    public static EnvironmentBlock Empty { get; } = new([]);

    /// <summary>Those of this process.</summary>
    public static EnvironmentBlock OfProcess()
    {
        var block = new EnvironmentBlock([]);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            block._variables[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        return block;
    }

    /// <summary>The value, or null when the variable is not set or empty.</summary>
    public string? this[string name] => _variables.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>The names that begin with a prefix, in alphabetical order.</summary>
    public IEnumerable<string> NamesWith(string prefix) =>
        _variables.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
