using System.Text.Json;

namespace KvmTop.Actions;

/// <summary>What became of an effect.</summary>
/// <param name="Done">It holds now, as read back.</param>
/// <param name="Before">What was there, as read right before; null where that means nothing.</param>
/// <param name="After">What is there now, as read back; null where that means nothing.</param>
/// <param name="Problem">Why it does not hold, or what to know though it does (a partial grant); null when all is well.</param>
/// <param name="Changed">Whether anything may have changed: what failed half-way is taken back like what was done.</param>
public sealed record EffectResult(bool Done, string? Before, string? After, string? Problem, bool Changed)
{
    /// <summary>It was done.</summary>
    public static EffectResult Ok(string? before, string? after, string? remark = null) => new(true, before, after, remark, true);

    /// <summary>It holds already, by somebody else's doing: nothing was changed, and there is nothing of ours to take back.</summary>
    public static EffectResult Already(string? value) => new(true, value, value, "it is so already", false);

    /// <summary>Nothing was changed.</summary>
    public static EffectResult Failed(string problem, string? before = null) => new(false, before, before, problem, false);

    /// <summary>It went wrong after something was changed.</summary>
    public static EffectResult Broken(string problem, string? before, string? after) => new(false, before, after, problem, true);
}

/// <summary>
/// One change of the host: a file, a thread's affinity, a command, a call. It says exactly what it will do, does it, reads back, and knows what takes it back.
/// Plain data: it is written to the journal before it is carried out, and read from there by another run to be undone.
/// </summary>
public abstract record Effect
{
    /// <summary>Its name in the journal and in JSON.</summary>
    public abstract string Kind { get; }

    /// <summary>Exactly what it does, on one line: "write /sys/…/scaling_governor: powersave -> performance".</summary>
    public abstract string Describe();

    /// <summary>It is about processes of this run of the kernel: after a reboot their numbers mean others, and there is nothing to take back.</summary>
    public virtual bool IsOfThisBoot => false;

    /// <inheritdoc cref="Describe"/>
    public sealed override string ToString() => Describe();

    /// <summary>What stands in its way as the host is now; null when nothing does. Looks, and never tries.</summary>
    public virtual Obstacle? FindObstacle(HostControl host) => null;

    /// <summary>Does it, and reads back. Never throws.</summary>
    /// <param name="host">The host.</param>
    /// <param name="progress">Told what it is doing, for what takes long.</param>
    public abstract EffectResult Apply(HostControl host, Action<string> progress);

    /// <summary>What takes it back; null when nothing can.</summary>
    /// <param name="after">What was there after it was applied, when that is known: the inverse then insists on finding it.</param>
    public abstract Effect? Invert(string? after);

    /// <summary>Writes its properties, without <see cref="Kind"/>; <see cref="EffectCatalog"/> reads them.</summary>
    public abstract void Write(Utf8JsonWriter json);

    /// <summary>Writes a list of strings.</summary>
    protected static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> list)
    {
        json.WriteStartArray(name);
        foreach (var item in list)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
