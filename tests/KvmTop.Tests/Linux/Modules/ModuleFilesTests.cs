using System.IO.Compression;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux.Modules;

public sealed class ModuleFilesTests
{
    private const string ProcModules = "kvm_amd 245760 3 - Live 0x0\nkvm 1425408 1 kvm_amd, Live 0x0\nirqbypass 12288 2 kvm,vfio_pci, Live 0x0\nnbd 61440 - [permanent], Loading 0x0\n";

    [Fact]
    public void LoadedModules_usual_text_has_size_users_and_holders()
    {
        var modules = LoadedModules.Parse(Bytes.Of(ProcModules));
        Assert.Equal((245760UL, 3), (modules["kvm_amd"].SizeBytes, modules["kvm_amd"].Users));
        Assert.Equal(["kvm", "vfio_pci"], modules["irqbypass"].Holders);
        Assert.Equal((-1, "Loading"), (modules["nbd"].Users, modules["nbd"].State));
        Assert.Empty(modules["nbd"].Holders);
    }

    [Fact]
    public void Parsers_of_hostile_text_never_throw()
    {
        Fuzz.NeverThrows(b => LoadedModules.Parse(b), ProcModules);
        Fuzz.NeverThrows(b => KernelConfig.Parse("x", b), "CONFIG_KVM=y\n# CONFIG_KVM_AMD is not set\n");
        Fuzz.NeverThrows(b => KernelCommandLine.Parse(System.Text.Encoding.UTF8.GetString(b)), "ro \"kvm.nested=1 2\" quiet -- init");
        Fuzz.NeverThrows(b => new ModprobeConfig().Add("/x.conf", b), "options kvm_amd nested=0 \\\n avic=1\nblacklist nbd\n");
        Fuzz.NeverThrows(b => ModuleInfo.ParseModinfo(b), "filename:       /lib/kvm.ko\0parm:           a:b (int)\0name: kvm\0");
        Fuzz.NeverThrows(b => ModuleInfo.ParseBuiltIn(b), "kvm.parm=a:b\0kvm.parmtype=a:int\0");
        Fuzz.NeverThrows(b => CpuFlags.Parse(b), "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\nvmx flags\t: ept\n\n");
    }

    [Fact]
    public void KernelCommandLine_quotes_and_init_words_are_told_apart()
    {
        var line = KernelCommandLine.Parse("ro kvm-amd.nested=0 \"dyndbg=file x +p\" modprobe.blacklist=nbd,vhost-net kvm_amd.avic -- kvm_amd.npt=0");
        Assert.Equal([("nested", "0"), ("avic", "1")], line.OfModule("kvm_amd"));
        Assert.Equal("file x +p", line.ValueOf("dyndbg"));
        Assert.NotNull(line.BlacklistedBy("vhost_net"));
        Assert.Null(line.BlacklistedBy("kvm"));
    }

    [Fact]
    public void ModprobeConfig_continued_line_is_one_line()
    {
        var config = new ModprobeConfig();
        config.Add("/etc/modprobe.d/a.conf", Bytes.Of("# comment\noptions kvm-amd nested=0 \\\n  avic=1\nblacklist nbd\n"));
        var options = Assert.Single(config.Of("kvm_amd"));
        Assert.Equal([("nested", "0"), ("avic", "1")], options.Options);
        Assert.Equal(2, options.Line);
        Assert.Equal(ModprobeCommand.Blacklist, Assert.Single(config.Of("nbd")).Command);
    }

    [Fact]
    public void ModprobeConfig_file_in_etc_hides_its_namesake()
    {
        using var host = new TestHost();
        host.Write("/usr/lib/modprobe.d/kvm.conf", "options kvm_amd nested=0\n").Write("/etc/modprobe.d/kvm.conf", "options kvm_amd nested=1\n").Write("/usr/lib/modprobe.d/a.conf", "options kvm_amd avic=1\n");
        Assert.Equal(["avic=1", "nested=1"], ModprobeConfig.Read(host.Root).Of("kvm_amd").Select(l => l.Text));
    }

    [Fact]
    public void ModuleInfo_modinfo_output_gives_descriptions_and_types()
    {
        const string text = "filename:       /lib/modules/6.1/kernel/kvm-amd.ko.xz\0license:        GPL\0description:    KVM support for SVM\0name:           kvm_amd\0parm:           nested:int\0parm:           avic:Use AVIC (bool)\0"
            + "name:           kvm\0filename:       (builtin)\0parm:           halt_poll_ns:uint\0";
        var info = ModuleInfo.ParseModinfo(Bytes.Of(text));
        Assert.Equal("KVM support for SVM", info["kvm_amd"].Description);
        Assert.Equal(new ParameterInfo("int", null), info["kvm_amd"].Parameters["nested"]);
        Assert.Equal(new ParameterInfo("bool", "Use AVIC"), info["kvm_amd"].Parameters["avic"]);
        Assert.Equal("uint", info["kvm"].Parameters["halt_poll_ns"].Type);
    }

    [Fact]
    public void ModuleInfo_of_built_in_modules_is_read_from_the_kernels_list()
    {
        var info = ModuleInfo.ParseBuiltIn(Bytes.Of("kvm.license=GPL\0kvm.parmtype=nested:bool\0kvm.parm=nested:Run guests in guests\0vhost-net.description=Host kernel accelerator\0"));
        Assert.Equal(new ParameterInfo("bool", "Run guests in guests"), info["kvm"].Parameters["nested"]);
        Assert.Equal("Host kernel accelerator", info["vhost_net"].Description);
    }

    [Fact]
    public void KernelConfig_packed_text_tells_what_is_built_in()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
        {
            gzip.Write(Bytes.Of("CONFIG_KVM=y\nCONFIG_KVM_INTEL=m\n# CONFIG_VFIO is not set\n"));
        }

        var fake = new KvmTop.Tests.Collectors.FakeHost();
        fake.Write("/proc/config.gz", packed.ToArray());
        var config = KernelConfig.Read(fake, null);
        Assert.Equal(('y', 'm', 'n'), (config?.OfModule("kvm"), config?.OfModule("kvm_intel"), config?.OfModule("vfio")));
    }

    [Theory]
    [InlineData("/sys/module/kvm/initstate", "live\n", ModuleState.Loaded)]
    [InlineData("/sys/module/kvm/initstate", "coming\n", ModuleState.Changing)]
    [InlineData("/sys/module/kvm/parameters/x", "1\n", ModuleState.BuiltIn)]
    [InlineData("/lib/modules/6.1/modules.builtin", "kernel/arch/x86/kvm/kvm.ko\n", ModuleState.BuiltIn)]
    [InlineData("/lib/modules/6.1/modules.dep", "kernel/arch/x86/kvm/kvm.ko.xz: kernel/virt/lib/irqbypass.ko.xz\n", ModuleState.Available)]
    [InlineData("/lib/modules/6.1/modules.dep", "kernel/other.ko:\n", ModuleState.Missing)]
    [InlineData("/proc/version", "", ModuleState.Unknown)]
    public void KernelModule_state_follows_from_what_there_is(string path, string text, ModuleState expected)
    {
        var host = new KvmTop.Tests.Collectors.FakeHost();
        host.Write("/proc/sys/kernel/osrelease", "6.1\n");
        host.Write(path, text);
        Assert.Equal(expected, KernelModule.Read(host, ModuleIndex.Read(host), null, "kvm").State);
    }

    [Fact]
    public void KernelModule_parameter_that_refuses_says_why()
    {
        var host = new KvmTop.Tests.Collectors.FakeHost();
        host.Write("/sys/module/kvm/initstate", "live\n");
        host.Write("/sys/module/kvm/parameters/secret", "1\n");
        host.Fail("/sys/module/kvm/parameters/secret");
        var parameter = Assert.Single(KernelModule.Read(host, ModuleIndex.Read(host), null, "kvm").Parameters);
        Assert.Equal((null, "permission denied"), (parameter.Value, parameter.Reason));
    }
}
