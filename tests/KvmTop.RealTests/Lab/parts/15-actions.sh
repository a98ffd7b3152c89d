# kvmtop acts on KVM's modules: a fix, load, nested for now and for every boot, a full disk, a VM in the way. What it answers is NAME.out, its exit status NAME.code.
bare
loaded() { cut -d' ' -f1 /proc/modules | grep -E '^(kvm|irqbypass)' | sort | tr '\n' ' '; }

act debugfs fix debugfs
grep debugfs /proc/mounts >debugfs.mounts

# A module with what it stands on, and back.
loaded >load.before
act load module load kvm_amd pause_filter_count_max=1234
loaded >load.after
act load.undo undo
loaded >load.undone
modprobe kvm_amd pause_filter_count_max=1234

# Nested now, and back. kvm keeps what was written into its parameters: it is not reloaded.
echo 4321 >/sys/module/kvm/parameters/halt_poll_ns
parameter kvm_amd nested >off.before
act off nested off
parameter kvm_amd nested >off.after
parameter kvm_amd pause_filter_count_max >off.kept
parameter kvm halt_poll_ns >off.kvm
act off.undo undo
parameter kvm_amd nested >off.undone

# For every boot.
printf '%s\n' '# mine' 'options nbd max_part=3' 'options kvm_amd npt=1 nested=1' >/etc/modprobe.d/kvmtop.conf
act persist nested off --persist
cp /etc/modprobe.d/kvmtop.conf persist.conf
parameter kvm_amd nested >persist.after
modprobe -r kvm_amd
modprobe kvm_amd
parameter kvm_amd nested >persist.loaded
try status kvmtop nested status
act persist.on nested on --persist
modprobe -r kvm_amd
modprobe kvm_amd
parameter kvm_amd nested >persist.on.loaded

# No room for the file: nothing is reloaded, the old one stays whole.
mkdir /tmp/small
mount -t tmpfs -o size=8k tmpfs /tmp/small
mkdir /tmp/small/modprobe.d
cp /etc/modprobe.d/kvmtop.conf /tmp/small/modprobe.d/
mount -o bind /tmp/small/modprobe.d /etc/modprobe.d
dd if=/dev/zero of=/tmp/small/fill bs=4k 2>/dev/null
act full nested off --persist
cp /etc/modprobe.d/kvmtop.conf full.conf
parameter kvm_amd nested >full.after
umount /etc/modprobe.d
umount /tmp/small
rm -f /etc/modprobe.d/kvmtop.conf

# A VM runs.
guest blocker /tmp/work.bin 64
act blocked nested off
parameter kvm_amd nested >blocked.after
end blocker
act holder module unload kvm
