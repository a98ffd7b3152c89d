# Modules that are absent, loaded, held by a running VM, refused, kept away; and what comes of doing what kvmtop check says.
bare
check absent
follow absent kvm-module
check loaded
ls -l /dev/kvm >device.loaded

# A running VM blocks.
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
modprobe -r kvm_amd
ls /dev/kvm >device.unloaded 2>&1
echo 'options kvm_amd nested=0' >/etc/modprobe.d/lab.conf
modprobe kvm_amd
guest blocker /tmp/work.bin 64
check blocked
follow blocked nested
cat /sys/module/kvm_amd/parameters/nested >blocked.nested
end blocker
check off
follow off nested
check on
follow on module-settings
cat /sys/module/kvm_amd/parameters/nested >settings.nested

# A wrong value.
modprobe -r kvm_amd
printf '%s\n' '# not a number' 'options kvm_amd npt=1 nested=banana' >/etc/modprobe.d/lab.conf
modprobe kvm_amd >wrong.modprobe 2>&1
check wrong
follow wrong kvm-module
cp /etc/modprobe.d/lab.conf wrong.conf
check mended
rm -f /etc/modprobe.d/lab.conf

# A parameter that there is not: the module is loaded all the same, and says so. One that is not loaded can be asked.
modprobe -r kvm_amd
printf '%s\n' '# a slip of the pen' 'options kvm_amd npt=1 nestd=1' 'options vhost_net experimental_zcopytx=0 queues=4' >/etc/modprobe.d/lab.conf
modprobe kvm_amd
check unknown
follow unknown unknown-parameters
cp /etc/modprobe.d/lab.conf unknown.conf
check known
rm -f /etc/modprobe.d/lab.conf

# Kept from loading.
modprobe -r kvm_amd
echo 'install kvm_amd /bin/false' >/etc/modprobe.d/lab.conf
modprobe kvm_amd >kept.modprobe 2>&1
check kept
rm -f /etc/modprobe.d/lab.conf

# The command line against modprobe.d.
cat /proc/cmdline >settings.cmdline
echo 'options kvm_amd intercept_smi=1' >/etc/modprobe.d/lab.conf
modprobe kvm_amd
cat /sys/module/kvm_amd/parameters/intercept_smi >settings.value
echo '<3>kvm: the lab says so' >/dev/kmsg
check settings
rm -f /etc/modprobe.d/lab.conf
