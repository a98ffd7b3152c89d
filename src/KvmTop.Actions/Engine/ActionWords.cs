using System.CommandLine;

namespace KvmTop.Actions;

/// <summary>The words after an action's name, taken apart: options by name, flags, and the rest in order. "--" ends the options, so that a VM may be called "-x".</summary>
public sealed class ActionWords
{
    private static readonly ParserConfiguration s_configuration = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    private readonly ParseResult _result;
    private readonly Dictionary<string, Option> _options;

    private ActionWords(ParseResult result, Dictionary<string, Option> options, IReadOnlyList<string> rest) => (_result, _options, Rest) = (result, options, rest);

    /// <summary>What is neither an option nor the value of one, in order.</summary>
    public IReadOnlyList<string> Rest { get; }

    /// <summary>Takes words apart.</summary>
    /// <param name="words">The words.</param>
    /// <param name="flags">Options without a value: "--persist".</param>
    /// <param name="options">Options with a value: "--node".</param>
    /// <param name="mistake">What is wrong, when something is.</param>
    public static ActionWords? Parse(IReadOnlyList<string> words, IEnumerable<string> flags, IEnumerable<string> options, out string mistake)
    {
        mistake = "";
        var command = new Command("action");
        var all = new Dictionary<string, Option>(StringComparer.Ordinal);
        foreach (var name in flags)
            all.Add(name, new Option<bool>(name) { Arity = ArgumentArity.Zero });
        foreach (var name in options)
            all.Add(name, new Option<string[]>(name) { Arity = ArgumentArity.OneOrMore });
        foreach (var option in all.Values)
            command.Options.Add(option);
        var rest = new Argument<string[]>("rest") { Arity = ArgumentArity.ZeroOrMore };
        command.Arguments.Add(rest);
        var result = command.Parse(words, s_configuration);
        var others = result.GetResult(rest)?.Tokens.Select(t => t.Value).ToList() ?? [];
        var literal = words.ToList().IndexOf("--");
        var afterDashes = literal < 0 ? [] : words.Skip(literal + 1).ToHashSet(StringComparer.Ordinal);
        foreach (var unknown in result.UnmatchedTokens.Concat(others).Where(w => w.Length > 1 && w[0] == '-' && !afterDashes.Contains(w)))
        {
            mistake = $"unknown option {Vmm.HostileText.Clean(unknown, 60)}";
            return null;
        }

        foreach (var (name, option) in all)
        {
            if (option is Option<string[]> && result.GetResult(option) is { Implicit: false, Tokens.Count: 0 })
            {
                mistake = $"{name} wants a value";
                return null;
            }
        }

        return new ActionWords(result, all, others);
    }

    /// <summary>Whether a flag was given.</summary>
    public bool Has(string name) => _result.GetResult(_options[name]) is { Implicit: false };

    /// <summary>The value of an option, the last one when there are several; null when it was not given.</summary>
    public string? Value(string name) => _result.GetResult(_options[name]) is { Implicit: false } found ? found.Tokens[^1].Value : null;

    /// <summary>All values of an option that may be given more than once.</summary>
    public IReadOnlyList<string> Values(string name) => _result.GetResult(_options[name]) is { Implicit: false } found ? [.. found.Tokens.Select(t => t.Value)] : [];
}
