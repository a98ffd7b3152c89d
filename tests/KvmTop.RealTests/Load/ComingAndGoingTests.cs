using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Load;

public sealed class ComingAndGoingTests
{
    [Fact]
    public void Vm_that_starts_appears_and_one_that_is_killed_goes_and_events_tell_both()
    {
        Need.Tmux();
        Need.Kvm();
        using var workplace = new Workplace();
        using var session = workplace.Start(160, 50, "-d", "0.5", "--filter", "name~going");
        session.WaitFor("live");
        using (var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt, Name = "coming-and-going" }))
        {
            session.WaitFor(screen => screen.Split('\n').Any(l => l.Contains(guest.Name) && l.Contains("running")), "the row of a new VM");
        }

        session.WaitFor(screen => !screen.Contains("coming-and-going", StringComparison.Ordinal), "the row's end");
        session.SendKeys("9");

        // Other tests' guests may be going at the same time: theirs is not this one's event.
        session.WaitFor(screen => HasEvent(screen, "VM appeared") && HasEvent(screen, "VM gone"), "both events of the VM");
    }

    [Fact]
    public void Emulator_pct_is_what_the_threads_beside_the_vcpus_use()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        using var ending = new CancellationTokenSource();
        // A management tool that asks without end keeps QEMU's main thread busy.
        var asking = new Thread(() =>
        {
            while (!ending.IsCancellationRequested)
            {
                for (var i = 0; i < 4; i++) guest.Qmp("query-qmp-schema");
                Thread.Sleep(20);
            }
        });
        asking.Start();
        try
        {
            using var trail = new LoadTrail((guest, null));
            var records = JsonRecords.Run("-n", "5", "-d", "1");

            // The middle one of the deviations, each over the record's own second: what is asked of the main thread changes all the time.
            var deviations = records.Select(r => Math.Abs(r.Vm(guest.Pid).Number("emulator_pct") - Emulator(Truth(trail, guest, r)))).Order().ToArray();
            var mean = records.Average(r => Emulator(Truth(trail, guest, r)));
            Assert.True(mean > 3, $"the emulator had too little to do for this test: {mean:F1}");
            Assert.True(deviations[deviations.Length / 2] <= 3, string.Join(' ', deviations));
        }
        finally
        {
            ending.Cancel();
            asking.Join();
        }
    }

    private static GuestTruth Truth(LoadTrail trail, Guest guest, JsonElement record) => trail.Between(guest, record.Span().From, record.Span().To);

    private static double Emulator(GuestTruth truth) => truth.CpuPct - truth.Vcpus.Sum(v => v.CpuPct);

    private static bool HasEvent(string screen, string what) =>
        screen.Split('\n').Any(l => l.Contains("coming-and-going", StringComparison.Ordinal) && l.Contains(what, StringComparison.Ordinal));
}
