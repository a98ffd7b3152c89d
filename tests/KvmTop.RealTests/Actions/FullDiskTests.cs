using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Actions;

/// <summary>
/// A journal on a disk that fills. Broke when: a disk that filled in the middle of a plan left "left half-way" of what was done. In a mount namespace of its own, where
/// /var/log/kvmtop is a small tmpfs.
/// </summary>
public sealed class FullDiskTests : IDisposable
{
    private const string Swappiness = "/proc/sys/vm/swappiness";

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public void Disk_that_is_full_already_lets_nothing_begin_and_says_why()
    {
        Need.Root();
        var before = File.ReadAllText(Swappiness);

        var said = Shell("dd if=/dev/zero of=/var/log/kvmtop/fill bs=4k 2>/dev/null; \"$@\" swappiness 17 --yes 2>&1");

        Assert.Contains("no space left", said, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("nothing was done", said, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(Swappiness));
    }

    [Fact]
    public void Disk_that_fills_in_the_middle_of_a_plan_leaves_the_journal_whole()
    {
        Need.Root();

        // The stub fills the disk when it is asked to end: between the first line of the journal's entry and its last, which is where a page of the file ends in one of these.
        var said = Shell(
            """
            cp /bin/bash ./qemu-system-x86_64
            printf 'trap "dd if=/dev/zero of=/var/log/kvmtop/fill bs=4k 2>/dev/null; exit" TERM\nwhile :; do sleep 0.1; done\n' > stub
            for size in 3200 3350 3500; do
                rm -f /var/log/kvmtop/*
                (umask 077; head -c $size /dev/zero | tr '\0' ' ' > /var/log/kvmtop/audit.jsonl; echo >> /var/log/kvmtop/audit.jsonl)
                ./qemu-system-x86_64 ./stub -name guest=kvmtop-full -accel tcg > /dev/null 2>&1 &
                "$@" vm kill $! --signal --yes > /dev/null 2>&1
                echo "left: $(df --output=avail /var/log/kvmtop | tail -1)"
                "$@" audit
            done
            """);

        Assert.Equal(3, said.Split("Kill kvmtop-full: done").Length - 1);
        Assert.DoesNotContain("half-way", said, StringComparison.Ordinal);
        Assert.Contains("left:0\n", said.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private string Shell(string script)
    {
        var result = Command.Run(
            "unshare",
            ["-m", "sh", "-c", $"mkdir -p /var/log/kvmtop && mount -t tmpfs -o size=256k,mode=0700 none /var/log/kvmtop && cd '{_place.Folder}' || exit 99; {script}", "sh", .. KvmTopProgram.With()],
            TimeSpan.FromSeconds(120),
            _place.Environment.ToDictionary(e => e.Key, e => (string?)e.Value));
        Assert.SkipWhen(result.ExitCode == 99, "no mount namespace here: " + result.Stderr);
        return result.Stdout + result.Stderr;
    }
}
