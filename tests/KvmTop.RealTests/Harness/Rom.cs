namespace KvmTop.RealTests.Harness;

/// <summary>What vCPU 0 of a guest does from its first instruction on; the other vCPUs wait for a start that never comes.</summary>
public enum GuestWork
{
    /// <summary>Jumps to itself: 100 % of a CPU.</summary>
    Spin,

    /// <summary>Writes port 0x80, asks cpuid, reads port 0x71, without end: 100 % of a CPU and as many exits as it can get.</summary>
    Exits,

    /// <summary>Halts with interrupts off: no CPU time.</summary>
    Halt,

    /// <summary>Reads sector 0 of the first IDE disk of a machine of type "pc", by programmed I/O, without end.</summary>
    ReadDisk,

    /// <summary>Never starts: QEMU's <c>-S</c>, state "paused".</summary>
    Idle,
}

/// <summary>A firmware of 64 KiB of our own, so that no guest waits for a BIOS.</summary>
internal static class Rom
{
    private const int Size = 0x10000;
    private const int ResetVector = 0xFFF0;

    public static byte[] Build(GuestWork work)
    {
        ReadOnlySpan<byte> code = work switch
        {
            GuestWork.Exits => [0xE6, 0x80, 0x0F, 0xA2, 0xE4, 0x71, 0xEB, 0xF8], // out 0x80,al; cpuid; in al,0x71; jmp 0
            GuestWork.Halt => [0xF4, 0xEB, 0xFD],                               // hlt; jmp 0
            GuestWork.ReadDisk =>
            [
                0xBA, 0xF2, 0x01, 0xB0, 0x01, 0xEE,                               // mov dx,0x1f2; mov al,1; out dx,al: one sector
                0x42, 0x31, 0xC0, 0xEE, 0x42, 0xEE, 0x42, 0xEE,                   // its number: 0 to 0x1f3..0x1f5
                0x42, 0xB0, 0xE0, 0xEE, 0x42, 0xB0, 0x20, 0xEE,                   // LBA of drive 0; command: read sectors
                0xEC, 0xA8, 0x80, 0x75, 0xFB, 0xA8, 0x08, 0x74, 0xF7,             // in al,dx until not busy and data is there
                0xBA, 0xF0, 0x01, 0xB9, 0x00, 0x01, 0xED, 0xE2, 0xFD, 0xEB, 0xD6, // 256 words from 0x1f0; jmp 0
            ],
            _ => [0xEB, 0xFE],                                                  // jmp 0
        };
        var rom = new byte[Size];
        code.CopyTo(rom);
        rom[ResetVector] = 0xE9; // jmp rel16: 0xFFF3 + 0x0D wraps to offset 0 of the segment
        rom[ResetVector + 1] = 0x0D;
        return rom;
    }
}
