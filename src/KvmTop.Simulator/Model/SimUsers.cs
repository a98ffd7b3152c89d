namespace KvmTop.Simulator.Model;

/// <summary>Who owns processes on the simulated host.</summary>
internal static class SimUsers
{
    public static readonly SimUser Root = new("root", 0, 0, "/root");
    public static readonly SimUser Libvirt = new("libvirt-qemu", 64055, 993, "/var/lib/libvirt");
    public static readonly SimUser Alice = new("alice", 1000, 1000, "/home/alice");
    public static readonly SimUser Syslog = new("syslog", 103, 104, "/nonexistent");
    public static readonly SimUser Chrony = new("_chrony", 104, 105, "/var/lib/chrony");

    public static readonly SimUser[] All = [Root, Syslog, Chrony, Alice, Libvirt];
}
