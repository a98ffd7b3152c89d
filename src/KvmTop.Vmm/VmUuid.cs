namespace KvmTop.Vmm;

/// <summary>UUIDs as monitors, managers and people write them: in capitals, without dashes, in braces, as a URN.</summary>
public static class VmUuid
{
    private const int Longest = 64;
    private const string Urn = "urn:uuid:";

    /// <summary>The UUID in the usual notation ("0f3a7c1e-52a4-4a0e-9a35-2b8f6f3f9d01"); null when it is none, or the one of zeros only, which stands for none.</summary>
    public static string? Normal(string? text) => TryParse(text, out var uuid) && uuid != Guid.Empty ? uuid.ToString() : null;

    /// <summary>Reads any notation.</summary>
    public static bool TryParse(string? text, out Guid uuid)
    {
        uuid = default;
        if (text is null || text.Length > Longest)
            return false;

        var plain = text.AsSpan().Trim();
        return Guid.TryParse(plain.StartsWith(Urn, StringComparison.OrdinalIgnoreCase) ? plain[Urn.Length..] : plain, out uuid);
    }
}
