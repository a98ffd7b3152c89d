# kvmtop acts on modules: nested, load, unload, reload, set, undo; refused, failing and killed. What it answers is NAME.out, its exit status NAME.code.
bare
act() { # NAME ARGUMENT..
  act_name=$1
  shift
  try "$act_name" kvmtop "$@" --yes -o json
}
parameter() { cat "/sys/module/$1/parameters/$2"; }
loaded() { cut -d' ' -f1 /proc/modules | grep -E '^(kvm|irqbypass|nbd)' | sort | tr '\n' ' '; }

# Fixes of kvmtop check, for real.
act debugfs fix debugfs
act tracefs fix tracefs
grep -E 'debugfs|tracefs' /proc/mounts >fix.mounts

# A module with what it stands on, and back.
loaded >load.before
act load module load kvm_amd pause_filter_count=1234
loaded >load.after
act load.undo undo
loaded >load.undone
modprobe kvm_amd pause_filter_count=1234

# Who may use the device.
act device fix kvm-device
ls -l /dev/kvm >device.after
act device.undo undo
ls -l /dev/kvm >device.undone

# Nested now, and back. kvm keeps what was written into its parameters: it is not reloaded.
echo 4321 >/sys/module/kvm/parameters/halt_poll_ns
parameter kvm_amd nested >off.before
act off nested off
parameter kvm_amd nested >off.after
parameter kvm_amd pause_filter_count >off.kept
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
mount -t tmpfs -o size=8k tmpfs /mnt
mkdir /mnt/modprobe.d
cp /etc/modprobe.d/kvmtop.conf /mnt/modprobe.d/
mount -o bind /mnt/modprobe.d /etc/modprobe.d
dd if=/dev/zero of=/mnt/fill bs=4k 2>/dev/null
act full nested off --persist
cp /etc/modprobe.d/kvmtop.conf full.conf
parameter kvm_amd nested >full.after
umount /etc/modprobe.d
umount /mnt
rm -f /etc/modprobe.d/kvmtop.conf

# A VM runs.
guest blocker /tmp/work.bin 64
act blocked nested off
act blocked.unload module unload kvm_amd
parameter kvm_amd nested >blocked.after
end blocker
act holder module unload kvm

# The load fails for these parameters only: what was there comes back.
# shellcheck disable=SC2016
echo 'install kvm_amd case "$CMDLINE_OPTS" in *nested=0*) echo the lab says no >&2; exit 7;; *) exec modprobe --ignore-install kvm_amd $CMDLINE_OPTS;; esac' >/etc/modprobe.d/lab.conf
act failed nested off
parameter kvm_amd nested >failed.after
rm -f /etc/modprobe.d/lab.conf
act banana module set kvm_amd npt=banana
parameter kvm_amd npt >banana.after
act unknown module set kvm_amd nestd=1

# Parameters by writing and by a reload; reload of both.
act live module set kvm halt_poll_ns=50000
parameter kvm halt_poll_ns >live.after
act live.undo undo
parameter kvm halt_poll_ns >live.undone
act reloaded module set kvm_amd pause_filter_count=1500
parameter kvm_amd pause_filter_count >reloaded.after
echo 7777 >/sys/module/kvm/parameters/halt_poll_ns
act both module reload kvm
parameter kvm halt_poll_ns >both.kvm
parameter kvm_amd pause_filter_count >both.amd

# Unload; undone, it comes back as it was.
modprobe nbd nbds_max=3
act unload module unload nbd
loaded >unload.after
act unload.undo undo
parameter nbd nbds_max >unload.undone
act absent module load no_such_module

# kvmtop is killed while the module is away.
echo 'install kvm_amd touch /tmp/waiting; exec sleep 100' >/etc/modprobe.d/lab.conf
kvmtop nested off --yes >/dev/null 2>&1 &
killed=$!
while [ ! -e /tmp/waiting ] && [ -d /proc/$killed ]; do sleep 0.2; done
kill -9 $killed
for pid in $(pidof modprobe); do kill -9 "$pid"; done
rm -f /etc/modprobe.d/lab.conf
loaded >killed.after
try killed.audit kvmtop audit -o json
act killed.undo undo
parameter kvm_amd nested >killed.undone
parameter kvm_amd pause_filter_count >killed.kept
