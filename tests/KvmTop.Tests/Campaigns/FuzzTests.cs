using System.Text;
using System.Text.Json;
using KvmTop.Actions;
using KvmTop.Configuration;
using KvmTop.Screen;
using KvmTop.Tests.Actions;
using KvmTop.Tests.Collectors;
using KvmTop.Tests.Vmm.Launching;
using KvmTop.Tests.Vmm.Qmp;
using KvmTop.Vmm;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.Campaigns;

/// <summary>
/// Hostile inputs of every kind that strangers can write: nothing is thrown, no tick waits for a peer (the clock of these hosts is the test's own, and nobody else answers), and
/// nothing that a terminal obeys is left in what is shown or printed. `tests/campaign fuzz` runs more of the same.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int s_count = Campaign.Count(40);

    [Fact]
    public void Files_of_proc_and_sys()
    {
        Campaign.Run("files of /proc and /sys", s_count, mutator =>
        {
            var host = FakeHost.Captured();
            var good = host.Files.ToDictionary(f => f, f => host.Bytes(f));
            var files = good.Keys.Order(StringComparer.Ordinal).ToArray();
            using var run = new AllTopics(host);
            run.Tick();
            for (var i = 0; i < 3; i++)
            {
                for (var n = mutator.Next(4); n >= 0; n--)
                {
                    var file = mutator.One(files);
                    host.Write(file, mutator.Spoil(good[file]));
                }

                run.Tick(mutator.One([0.001, 1, 61]));
            }

            Harmless(run);
            using var fresh = new AllTopics(host);
            fresh.Tick();
            Harmless(fresh);
        });
    }

    [Fact]
    public void Lines_of_monitors()
    {
        string[] answers =
        [
            """{"status": "running", "running": true}""", QmpAnswersTests.Block.ReplaceLineEndings(""), QmpAnswersTests.BlockStats.ReplaceLineEndings(""),
            QmpBalloonTests.Stats.ReplaceLineEndings(""), """{"enabled": true, "host": "::1", "service": "5901"}""", """[{"name": "balloon0", "type": "child<virtio-balloon-pci>"}]""", "{}",
        ];
        const string Event = """{"event": "BLOCK_IO_ERROR", "data": {"device": "d0", "reason": "No space"}, "timestamp": {"seconds": 1, "microseconds": 2}}""";
        Campaign.Run("lines of monitors", s_count, mutator =>
        {
            var (spoilsGreeting, spoilsAll) = (mutator.Next(6) == 0, mutator.Next(3) == 0);
            using var monitor = new FakeMonitor(client =>
            {
                client.Raw([.. spoilsGreeting ? mutator.Spoil(FakeMonitor.Greeting) : Encoding.UTF8.GetBytes(FakeMonitor.Greeting), .. "\r\n"u8]);
                while (client.Line() is var (_, _, id))
                {
                    var answer = Encoding.UTF8.GetBytes($$"""{"return": {{mutator.One(answers)}}, "id": {{id}}}""");
                    var spoils = spoilsAll || mutator.Next(8) == 0;
                    client.Raw([.. spoils ? mutator.Spoil(answer) : answer, .. "\r\n"u8, .. mutator.Next(3) == 0 ? mutator.Spoil(Event) : [], .. "\r\n"u8]);
                }
            });
            using var run = IoRunTests.Run(monitor.Path, out _);
            for (var i = 0; i < 12; i++)
            {
                run.Tick();
                monitor.Settle();
            }

            Harmless(run);
        });
    }

    [Fact]
    public void Definitions_of_vms() => Campaign.Run("definitions of VMs", s_count, mutator =>
    {
        var vm = VmDefinitionReader.Read(mutator.Spoil(VmDefinitionReaderTests.Everything), out var mistake);
        Assert.True(vm is not null || mistake.Length > 0, "neither understood nor refused");
        Assert.True(mistake.Length < 2000, "a mistake without an end");
        if (vm is null)
            return;
        var command = QemuLaunch.Build(vm, "/usr/bin/qemu-system-x86_64", new LaunchFiles("/run/kvmtop", vm.Name), null, "host");
        Assert.All(command, word => Assert.DoesNotContain(word, char.IsControl));
        Assert.DoesNotContain("-readconfig", command);
    });

    [Fact]
    public void Lines_of_journals()
    {
        var line = """
            {"time":"2026-12-01T00:00:00Z","id":"a1","event":"begin","user":"root","uid":0,"action":"kvmtop swappiness 10","title":"Set it","pid":1,"start":1,"effects":[{"kind":"write","path":"/proc/sys/vm/swappiness","value":"10","expected":"60"}]}
            {"time":"2026-12-01T00:00:00Z","id":"a1","event":"start","step":1}
            {"time":"2026-12-01T00:00:00Z","id":"a1","event":"effect","step":1,"done":true,"changed":true,"before":"60","after":"10","problem":null}
            {"time":"2026-12-01T00:00:01Z","id":"a1","event":"end","state":"done","problem":null}

            """;
        using var control = new FakeControl();
        Campaign.Run("lines of journals", s_count, mutator =>
        {
            Directory.CreateDirectory(control.Map("/var/log/kvmtop"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var path = control.Map("/var/log/kvmtop/audit.jsonl");
            File.WriteAllBytes(path, [.. mutator.Spoil(line), .. "\n"u8, .. mutator.Spoil(line)]);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            foreach (var entry in new Journal(path, control).Read(out _))
                _ = UndoPlan.Of(entry);
        });
    }

    [Fact]
    public void Headers_of_images() => Campaign.Run("headers of images", s_count, mutator =>
    {
        byte[] good = [.. "QFI\u00fb"u8[..3], 0xfb, 0, 0, 0, 3, .. new byte[96], 0xe2, 0x79, 0x2a, 0xca, 0, 0, 0, 5, .. "qcow2\0\0\0"u8, .. new byte[16], .. "/etc/shadow"u8];
        Assert.NotEmpty(DiskImage.FormatOf(mutator.Spoil(good)));
    });

    // No exception was caught on the way; what is printed is JSON without a control character in any of its texts; what is drawn is made of plain cells.
    private static void Harmless(AllTopics run)
    {
        Assert.All(run.Snapshot.Sources, s => Assert.False(s.Reason?.Contains("Exception", StringComparison.Ordinal) ?? false, $"{s.Topic.Id}: {s.Reason}"));
        using var json = JsonDocument.Parse(run.Json());
        Plain(json.RootElement);
        var ui = new Ui(new Options(), new ConfigurationFiles("/nonexistent", null), true);
        ui.Accept(run.Snapshot);
        foreach (var pane in Catalog.CreatePanes(ui))
        {
            pane.Update(ui);
            var buffer = new Buffer(100, 30);
            pane.Render(buffer, buffer.Area, ui);
            foreach (var line in buffer.ToLines())
                Plain(line);
        }
    }

    private static void Plain(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    Plain(member.Name);
                    Plain(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Plain(item);
                break;
            case JsonValueKind.String:
                Plain(element.GetString()!);
                break;
        }
    }

    private static void Plain(string text)
    {
        foreach (var c in text)
            Assert.False(char.IsControl(c) || c is '\u202e' or '\u2066' or '\u200b' or '\u2028', $"U+{(int)c:X4} in what is shown: {HostileText.Clean(text, 200)}");
    }
}
