using System.Globalization;
using System.Text;

namespace KvmTop.Vmm;

/// <summary>How much a disk of a domain may do, as libvirt has it. Negative or null: see the library's last error.</summary>
internal sealed unsafe class LibvirtThrottle(nint library)
{
    private const int MostParameters = 64;
    private const uint Live = 1;

    private readonly delegate* unmanaged<nint, byte*, TypedParameter*, int, uint, int> _set =
        (delegate* unmanaged<nint, byte*, TypedParameter*, int, uint, int>)LibvirtLibrary.Export(library, "virDomainSetBlockIoTune");

    private readonly delegate* unmanaged<nint, byte*, TypedParameter*, int*, uint, int> _get =
        (delegate* unmanaged<nint, byte*, TypedParameter*, int*, uint, int>)LibvirtLibrary.Export(library, "virDomainGetBlockIoTune");

    /// <summary>Sets limits, each "total_iops_sec=100"; what is not named stays.</summary>
    public int Set(nint domain, string disk, IEnumerable<string> limits)
    {
        var parameters = new List<TypedParameter>();
        foreach (var limit in limits)
        {
            var at = limit.IndexOf('=', StringComparison.Ordinal);
            if (at > 0 && parameters.Count < MostParameters && ulong.TryParse(limit.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                parameters.Add(TypedParameter.Of(Encoding.UTF8.GetBytes(limit[..at]), TypedParameter.UnsignedLong, value));
        }

        fixed (byte* name = LibvirtCalls.CString(disk))
        fixed (TypedParameter* first = parameters.ToArray())
            return _set(domain, name, first, parameters.Count, Live);
    }

    /// <summary>The limits that are not 0, each "total_iops_sec=100", with blanks between.</summary>
    public string? Get(nint domain, string disk)
    {
        // Asked with no room it tells how many there are; strings (the group's name) are not asked for and not sent.
        var count = 0;
        fixed (byte* name = LibvirtCalls.CString(disk))
        {
            if (_get(domain, name, null, &count, Live) < 0)
                return null;
            count = Math.Clamp(count, 0, MostParameters);
            var parameters = new TypedParameter[count];
            fixed (TypedParameter* first = parameters)
            {
                if (count > 0 && _get(domain, name, first, &count, Live) < 0)
                    return null;
            }

            var words = new List<string>();
            foreach (ref readonly var parameter in parameters.AsSpan(0, Math.Clamp(count, 0, parameters.Length)))
            {
                if (parameter.Count is > 0 and var value)
                    words.Add(string.Create(CultureInfo.InvariantCulture, $"{HostileText.Clean(parameter.Name, 80)}={value}"));
            }

            return string.Join(' ', words);
        }
    }
}
