using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// What the running kernel's events of the group kvm look like (<c>events/kvm/NAME/format</c> of tracefs): decodes raw ones and names reasons. Events and
/// fields that this kernel does not have are missing, no more.
/// </summary>
public sealed class KvmTraceFormats
{
    // The name, and the fields that become Code, Sub and Value; "-" is none. A field with "?" may be missing.
    private static readonly (KvmTraceKind Kind, string Name, string Code, string Sub, string Value)[] s_events =
    [
        (KvmTraceKind.UserspaceExit, "kvm_userspace_exit", "reason", "errno?", "-"),
        (KvmTraceKind.Exit, "kvm_exit", "exit_reason", "isa?", "guest_rip?"),
        (KvmTraceKind.Entry, "kvm_entry", "-", "-", "-"),
        (KvmTraceKind.RunStart, "kvm_fpu", "-", "load", "-"),
        (KvmTraceKind.Pio, "kvm_pio", "size?", "rw", "port"),
        (KvmTraceKind.Mmio, "kvm_mmio", "len?", "type", "gpa"),
        (KvmTraceKind.Msr, "kvm_msr", "-", "write", "ecx"),
        (KvmTraceKind.Cpuid, "kvm_cpuid", "-", "index?", "function"),
        (KvmTraceKind.Hypercall, "kvm_hypercall", "-", "-", "nr"),
        (KvmTraceKind.Hypercall, "kvm_hv_hypercall", "-", "-", "code"),
    ];

    private readonly List<Decoder> _events = [];
    private readonly Dictionary<int, TraceEventFormat> _formats = [];
    private readonly List<string> _problems = [];

    /// <summary>The events that can be traced here, the one that every kernel has first.</summary>
    public IReadOnlyList<TracedEvent> Events => [.. _events.Select(e => e.Event)];

    /// <summary>What this kernel's events lack, in words.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>True when exits to the VMM can be told from what follows them.</summary>
    public bool HasRunStart => _formats.ContainsKey((int)KvmTraceKind.RunStart);

    /// <summary>Reads the formats; <paramref name="format"/> gives that of a name, or null.</summary>
    public static KvmTraceFormats Read(Func<string, TraceEventFormat?> format)
    {
        var formats = new KvmTraceFormats();
        foreach (var (kind, name, code, sub, value) in s_events)
        {
            if (format(name) is not { Id: > 0 and <= ushort.MaxValue } found)
            {
                formats._problems.Add($"{name}: not an event of this kernel");
                continue;
            }

            if ((Missing(found, code) ?? Missing(found, sub) ?? Missing(found, value)) is { } missing)
            {
                formats._problems.Add($"{name}: this kernel's event has no field {missing}");
                continue;
            }

            // Leaving the guest says nothing that kvm_userspace_exit does not say; half of the events need not be written.
            var filter = kind == KvmTraceKind.RunStart ? "load != 0" : null;
            formats._formats.TryAdd((int)kind, found);
            formats._events.Add(new Decoder(
                new TracedEvent(name, found.Id, filter), (ushort)found.Id, kind, name == "kvm_hv_hypercall" ? 1u : 0u, Field(found, code), Field(found, sub), Field(found, value)));
        }

        return formats;
    }

    /// <summary>Decodes a raw event; Kind is None for one that is not ours or that is too short.</summary>
    public KvmTraceEvent Decode(ulong time, ReadOnlySpan<byte> raw)
    {
        // unsigned short common_type: the first field of every event.
        if (raw.Length < 2)
        {
            return default;
        }

        var id = BitConverter.ToUInt16(raw);
        foreach (var decoder in _events)
        {
            if (decoder.Id == id)
            {
                return decoder.Decode(time, raw);
            }
        }

        return default;
    }

    /// <summary>The name of an exit, from the kernel's own tables; hexadecimal for one that they do not have.</summary>
    public string NameOf(ExitReason reason) => reason.Kind switch
    {
        ExitReasonKind.Hardware => Name(KvmTraceKind.Exit, "exit_reason", reason.Code, reason.Isa),
        ExitReasonKind.Userspace => Name(KvmTraceKind.UserspaceExit, "reason", reason.Code, 0),
        ExitReasonKind.Interrupted => reason.Code == 4 ? "signal (EINTR)" : string.Create(CultureInfo.InvariantCulture, $"error {reason.Code}"),
        _ => (KvmTraceKind)reason.Code switch
        {
            KvmTraceKind.Pio => "pio in KVM",
            KvmTraceKind.Mmio => "mmio in KVM",
            KvmTraceKind.Msr => "msr in KVM",
            KvmTraceKind.Cpuid => "cpuid in KVM",
            _ => "hypercall in KVM",
        },
    };

    private string Name(KvmTraceKind kind, string field, uint code, uint isa)
    {
        var table = _formats.GetValueOrDefault((int)kind)?.SymbolsOf(field, isa);
        if (table?.NameOf(code) is not { Length: > 0 } name)
        {
            return string.Create(CultureInfo.InvariantCulture, $"0x{code:x}");
        }

        // VMX sets bits above the reason for an entry that failed.
        var rest = code & ~table.Mask;
        return rest == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}+0x{rest:x}");
    }

    private static string? Missing(TraceEventFormat format, string field) => field == "-" || field.EndsWith('?') || format.Field(field) is not null ? null : field;

    private static TraceField? Field(TraceEventFormat format, string field) => field == "-" ? null : format.Field(field.TrimEnd('?'));

    private sealed record Decoder(TracedEvent Event, ushort Id, KvmTraceKind Kind, uint FixedSub, TraceField? Code, TraceField? Sub, TraceField? Value)
    {
        public KvmTraceEvent Decode(ulong time, ReadOnlySpan<byte> raw)
        {
            ulong code = 0, sub = FixedSub, value = 0;
            if ((Code is not null && !Code.TryRead(raw, out code)) || (Sub is not null && !Sub.TryRead(raw, out sub)) || (Value is not null && !Value.TryRead(raw, out value)))
            {
                return default;
            }

            // Without the filter, kvm_fpu tells of unloading too.
            return Kind == KvmTraceKind.RunStart && sub == 0 ? default : new KvmTraceEvent(Kind, time, (uint)code, (uint)sub, value);
        }
    }
}

/// <summary>An event to be opened.</summary>
/// <param name="Name">Its name in the group kvm.</param>
/// <param name="Id">Its number.</param>
/// <param name="Filter">Which of its hits are wanted; null for all.</param>
public sealed record TracedEvent(string Name, ulong Id, string? Filter);
