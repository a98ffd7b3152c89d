using System.Runtime.InteropServices;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>Which CPUs the threads of a domain may use, as libvirt has it. Negative or null: see the library's last error.</summary>
internal sealed unsafe class LibvirtPins(nint library)
{
    // Of the host's CPUs, more than any has; libvirt passes over those that are not there.
    private const int MapBytes = 512;
    private const uint Now = 1;

    private readonly delegate* unmanaged<nint, uint, byte*, int, uint, int> _setVcpu = (delegate* unmanaged<nint, uint, byte*, int, uint, int>)LibvirtLibrary.Export(library, "virDomainPinVcpuFlags");
    private readonly delegate* unmanaged<nint, byte*, int, uint, int> _setEmulator = (delegate* unmanaged<nint, byte*, int, uint, int>)LibvirtLibrary.Export(library, "virDomainPinEmulator");
    private readonly delegate* unmanaged<nint, uint, byte*, int, uint, int> _setIoThread = (delegate* unmanaged<nint, uint, byte*, int, uint, int>)LibvirtLibrary.Export(library, "virDomainPinIOThread");
    private readonly delegate* unmanaged<nint, int, byte*, int, uint, int> _getVcpu = (delegate* unmanaged<nint, int, byte*, int, uint, int>)LibvirtLibrary.Export(library, "virDomainGetVcpuPinInfo");
    private readonly delegate* unmanaged<nint, byte*, int, uint, int> _getEmulator = (delegate* unmanaged<nint, byte*, int, uint, int>)LibvirtLibrary.Export(library, "virDomainGetEmulatorPinInfo");
    private readonly delegate* unmanaged<nint, IoThread***, uint, int> _getIoThreads = (delegate* unmanaged<nint, IoThread***, uint, int>)LibvirtLibrary.Export(library, "virDomainGetIOThreadInfo");
    private readonly delegate* unmanaged<IoThread*, void> _freeIoThread = (delegate* unmanaged<IoThread*, void>)LibvirtLibrary.Export(library, "virDomainIOThreadInfoFree");

    public int SetVcpu(nint domain, uint vcpu, CpuSet cpus, uint flags)
    {
        fixed (byte* map = Map(cpus, out var length))
            return _setVcpu(domain, vcpu, map, length, flags);
    }

    public int SetEmulator(nint domain, CpuSet cpus, uint flags)
    {
        fixed (byte* map = Map(cpus, out var length))
            return _setEmulator(domain, map, length, flags);
    }

    public int SetIoThread(nint domain, uint thread, CpuSet cpus, uint flags)
    {
        fixed (byte* map = Map(cpus, out var length))
            return _setIoThread(domain, thread, map, length, flags);
    }

    public string? GetVcpu(nint domain, uint vcpu)
    {
        const uint most = 4096;
        if (vcpu >= most)
            return null;
        var maps = new byte[(vcpu + 1) * MapBytes];
        fixed (byte* p = maps)
            return _getVcpu(domain, (int)vcpu + 1, p, MapBytes, Now) > (int)vcpu ? Text(maps.AsSpan((int)vcpu * MapBytes)) : null;
    }

    public string? GetEmulator(nint domain)
    {
        var map = new byte[MapBytes];
        fixed (byte* p = map)
            return _getEmulator(domain, p, MapBytes, Now) > 0 ? Text(map) : null;
    }

    public string? GetIoThread(nint domain, uint thread)
    {
        IoThread** threads;
        var count = _getIoThreads(domain, &threads, Now);
        string? found = null;
        for (var i = 0; i < count; i++)
        {
            if (threads[i]->Id == thread)
                found = Text(new ReadOnlySpan<byte>(threads[i]->Map, Math.Clamp(threads[i]->MapLength, 0, MapBytes)));
            _freeIoThread(threads[i]);
        }

        if (count >= 0)
            NativeMemory.Free(threads);
        return found;
    }

    private static byte[] Map(CpuSet cpus, out int length)
    {
        var highest = 0;
        foreach (var cpu in cpus)
            highest = cpu;
        var map = new byte[(highest / 8) + 1];
        foreach (var cpu in cpus)
            map[cpu / 8] |= (byte)(1 << (cpu % 8));
        length = map.Length;
        return map;
    }

    private static string Text(ReadOnlySpan<byte> map)
    {
        var cpus = new List<int>();
        for (var cpu = 0; cpu < map.Length * 8; cpu++)
        {
            if ((map[cpu / 8] >> (cpu % 8) & 1) != 0)
                cpus.Add(cpu);
        }

        return CpuSet.Of(cpus).ToString();
    }

    /// <summary>virDomainIOThreadInfo.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IoThread
    {
        public uint Id;
        public byte* Map;
        public int MapLength;
    }
}
