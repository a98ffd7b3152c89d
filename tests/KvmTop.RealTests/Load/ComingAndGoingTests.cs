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

        session.WaitFor(screen => !screen.Contains(" running ", StringComparison.Ordinal), "the row's end");
        session.SendKeys("9");

        var events = session.WaitFor("VM gone");
        Assert.Contains(events.Split('\n'), l => l.Contains("coming-and-going") && l.Contains("VM appeared"));
        Assert.Contains(events.Split('\n'), l => l.Contains("coming-and-going") && l.Contains("VM gone"));
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
            Thread.Sleep(300);
            var reader = IndependentReader.Start(guest);
            var records = JsonRecords.Run("-n", "4", "-d", "1");
            var truth = reader.Stop();

            var shown = records.Average(r => r.Vm(guest.Pid).Number("emulator_pct"));
            Assert.True(truth.OtherCpuPct > 3, $"the emulator had too little to do for this test: {truth.OtherCpuPct:F1}");
            Assert.InRange(shown, truth.OtherCpuPct - 3, truth.OtherCpuPct + 3);
        }
        finally
        {
            ending.Cancel();
            asking.Join();
        }
    }
}
