using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmTop.Vmm;

/// <summary>libvirt's virTypedParameter: a name of at most 79 bytes, a type and a value of 8 bytes. The layout is part of libvirt's binary interface.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TypedParameter
{
    public const int Int = 1;
    public const int UnsignedInt = 2;
    public const int Long = 3;
    public const int UnsignedLong = 4;
    public const int Double = 5;
    public const int Boolean = 6;
    public const int String = 7;

    private const int LongestString = 4096;

    private NameBytes _name;
    private int _type;
    private ulong _value;

    /// <summary>The name, up to its first NUL.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Name
    {
        get
        {
            ReadOnlySpan<byte> name = _name;
            var end = name.IndexOf((byte)0);
            return end < 0 ? name : name[..end];
        }
    }

    /// <summary>The value as a whole number that is not negative; null for one that is, and for other types.</summary>
    public readonly ulong? Count => _type switch
    {
        Int => (int)_value >= 0 ? (ulong)(int)_value : null,
        UnsignedInt => (uint)_value,
        Long => (long)_value >= 0 ? _value : null,
        UnsignedLong => _value,
        _ => null,
    };

    /// <summary>The value as text, cleaned; null for other types.</summary>
    public readonly unsafe string? Text(int longest)
    {
        var text = (byte*)_value;
        if (_type != String || text is null)
            return null;
        var length = 0;
        while (length < LongestString && text[length] != 0)
            length++;
        return HostileText.Clean(new ReadOnlySpan<byte>(text, length), longest);
    }

    /// <summary>One made by hand.</summary>
    public static TypedParameter Of(ReadOnlySpan<byte> name, int type, ulong value)
    {
        var parameter = new TypedParameter { _type = type, _value = value };
        name[..Math.Min(name.Length, 80)].CopyTo(parameter._name);
        return parameter;
    }

    [InlineArray(80)]
    private struct NameBytes
    {
        private byte _first;
    }
}
