using System.Globalization;
using System.Text.RegularExpressions;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Screen;

/// <summary>The pages of pane 7 on this machine, against what its kernel says.</summary>
public sealed partial class HostPagesTests
{
    private const string Cpu = "/sys/devices/system/cpu/";

    [Fact]
    public void Map_of_a_guest_whose_vcpus_share_a_cpu_says_that_there_are_too_many()
    {
        Need.Tmux();
        Need.Cpus(2);
        if (Directory.Exists("/sys/devices/system/node/node1")) Assert.Skip("the machine has several NUMA nodes: one may have a single CPU");
        using var workplace = new Workplace();
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt, Vcpus = 2, PinTo = 0 });
        using var session = workplace.Start(160, 60);
        session.WaitFor("F10 Quit");
        session.SendKeys("7", "m");
        var screen = session.WaitFor(s => Regex.IsMatch(s, $@"(?m){Regex.Escape(guest.Name)} +[●×].* 0 *$"), "the row of the guest");
        var claims = Claims().Match(screen);
        Assert.True(claims.Success && double.Parse(claims.Groups[1].Value, CultureInfo.InvariantCulture) >= 2, screen);
        session.SendKeys("v");
        session.WaitFor(guest.Name + "/1");
    }

    [Fact]
    public void Power_without_idle_states_says_why_and_with_them_names_the_first()
    {
        Need.Tmux();
        using var workplace = new Workplace();
        using var session = workplace.Start(120, 40);
        session.WaitFor("F10 Quit");
        session.SendKeys("7", "p");
        session.WaitFor(File.Exists(Cpu + "cpu0/cpuidle/state0/name") ? File.ReadAllText(Cpu + "cpu0/cpuidle/state0/name").Trim() : "no cpuidle driver");
        session.WaitFor(File.Exists(Cpu + "cpu0/cpufreq/scaling_governor") ? File.ReadAllText(Cpu + "cpu0/cpufreq/scaling_governor").Trim() : "no cpufreq driver");
    }

    [Fact]
    public void Interrupts_and_softirqs_of_this_machine_have_rates_by_cpu()
    {
        Need.Tmux();
        using var workplace = new Workplace();
        using var session = workplace.Start(160, 40);
        session.WaitFor("F10 Quit");
        session.SendKeys("7", "t");
        session.WaitFor(s => Timer().IsMatch(s), "the timer's interrupts");
        session.SendKeys("s");
        session.WaitFor(s => s.Contains("TIME%", StringComparison.Ordinal) && Softirqs().IsMatch(s), "softirqs");
    }

    [GeneratedRegex(@"CPUs? 0[\d,-]*: ([\d.]+) pinned vCPUs")]
    private static partial Regex Claims();

    [GeneratedRegex(@"(LOC|all) +[\d.]+k? ", RegexOptions.Multiline)]
    private static partial Regex Timer();

    [GeneratedRegex(@"^ all( +[\d.]+k?)+", RegexOptions.Multiline)]
    private static partial Regex Softirqs();
}
