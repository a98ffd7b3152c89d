# kvmtop acts on modules, and the load fails, or the module refuses the value, or kvmtop is killed in the middle; parameters by writing and by a reload.
bare
modprobe kvm_amd

# The load fails for these parameters only: what was there comes back.
# shellcheck disable=SC2016
echo 'install kvm_amd case "$CMDLINE_OPTS" in *nested=0*) echo the lab says no >&2; exit 7;; *) exec modprobe --ignore-install kvm_amd $CMDLINE_OPTS;; esac' >/etc/modprobe.d/lab.conf
act failed nested off
parameter kvm_amd nested >failed.after
rm -f /etc/modprobe.d/lab.conf
act banana module set kvm_amd npt=banana
parameter kvm_amd npt >banana.after

# Parameters by writing and by a reload; reload of both.
act live module set kvm halt_poll_ns=50000
parameter kvm halt_poll_ns >live.after
act live.undo undo
parameter kvm halt_poll_ns >live.undone
act reloaded module set kvm_amd pause_filter_count_max=1500
parameter kvm_amd pause_filter_count_max >reloaded.after
echo 7777 >/sys/module/kvm/parameters/halt_poll_ns
act both module reload kvm
parameter kvm halt_poll_ns >both.kvm
parameter kvm_amd pause_filter_count_max >both.amd

# Unload; undone, it comes back as it was.
modprobe nbd nbds_max=3
act unload module unload nbd
ls -d /sys/module/nbd >unload.after 2>&1
act unload.undo undo
parameter nbd nbds_max >unload.undone
modprobe -r nbd

# kvmtop is killed while the module is away.
echo 'install kvm_amd touch /tmp/waiting; exec sleep 100' >/etc/modprobe.d/lab.conf
kvmtop nested off --yes >/dev/null 2>&1 &
killed=$!
while [ ! -e /tmp/waiting ] && [ -d /proc/$killed ]; do sleep 0.2; done
kill -9 $killed
for pid in $(pidof modprobe); do kill -9 "$pid"; done
rm -f /etc/modprobe.d/lab.conf
ls -d /sys/module/kvm_amd >killed.after 2>&1
try killed.audit kvmtop audit -o json
act killed.undo undo
parameter kvm_amd nested >killed.undone
parameter kvm_amd pause_filter_count_max >killed.kept
