using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Linux;

namespace KvmTop.Tests.Collectors;

public sealed class KernelLogTests
{
    [Theory]
    [InlineData("3,100,5000000,-;kvm: VMX (outside TXT) disabled by BIOS", KernelLogSubject.Kvm, 3)]
    [InlineData("14,7,1,c;vfio-pci 0000:01:00.0: enabling device", KernelLogSubject.Vfio, 6)]
    [InlineData("4,8,1,-;DMAR: DRHD: handling fault status reg 2", KernelLogSubject.Iommu, 4)]
    [InlineData("3,9,1,-;Out of memory: Killed process 42 (qemu-system-x86)", KernelLogSubject.OutOfMemory, 3)]
    [InlineData("4,9,1,-,caller=T1;HugeTLB: allocating 4 of page size 1.00 GiB failed.", KernelLogSubject.Hugepages, 4)]
    public void TryParse_line_about_virtual_machines_is_kept(string record, KernelLogSubject subject, int priority)
    {
        Assert.True(KernelLog.TryParse(Bytes.Of(record + "\n SUBSYSTEM=pci\n"), out var line));
        Assert.Equal((subject, priority, record[(record.IndexOf(';') + 1)..]), (line!.Subject, line.Priority, line.Text));
    }

    [Theory]
    [InlineData("6,1,1,-;usb 1-1: new device")]
    [InlineData("5,2,0,-;Kernel command line: ro kvm_amd.nested=0")]
    [InlineData("x,1,1,-;kvm: hello")]
    [InlineData("kvm")]
    [InlineData("")]
    public void TryParse_anything_else_is_passed_over(string record) => Assert.False(KernelLog.TryParse(Bytes.Of(record), out _));

    [Fact]
    public void TryParse_hostile_record_does_not_throw_and_is_cleaned()
    {
        Fuzz.NeverThrows(b => _ = KernelLog.TryParse(b, out _), "3,100,5000000,-;kvm: hello\n SUBSYSTEM=x\n");
        Assert.True(KernelLog.TryParse(Bytes.Of("3,1,99999999999999999,-;kvm \u001b[2J\u0007"), out var line));
        Assert.DoesNotContain(line!.Text, char.IsControl);
    }

    [Fact]
    public void Compare_new_lines_are_events_and_a_storm_is_cut()
    {
        var line = new KernelLogLine(1, 3, TimeSpan.Zero, KernelLogSubject.OutOfMemory, "Out of memory: Killed process 1");
        var before = new KernelLogModel([], 0);
        var e = Assert.Single(KernelLogTopic.Instance.Compare(before, new KernelLogModel([line], 0), default));
        Assert.Equal((Severity.Critical, "oom", line.Text), (e.Severity, e.Subject, e.Text));
        var storm = KernelLogTopic.Instance.Compare(before, new KernelLogModel([.. Enumerable.Repeat(line, 400)], 2), default).ToList();
        Assert.Equal(52, storm.Count);
        Assert.Contains(storm, s => s.Text.Contains("350 more", StringComparison.Ordinal));
        Assert.Contains(storm, s => s.Text.Contains("overran", StringComparison.Ordinal));
    }

    [Fact]
    public void Collect_denied_log_says_what_would_help()
    {
        var host = new FakeHost();
        host.Write("/dev/kmsg", "");
        host.Fail("/dev/kmsg", Errno.EPERM);
        using var collector = KernelLogTopic.Instance.CreateCollector(new CollectorContext(host, new CollectorServices()));
        var reading = collector.Collect();
        Assert.Equal(ReadingStatus.Denied, reading.Status);
        Assert.Contains("CAP_SYSLOG", reading.Reason, StringComparison.Ordinal);
    }
}
