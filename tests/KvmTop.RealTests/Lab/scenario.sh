# What happens inside the lab, in one boot: every part leaves files in the share, which LabTests compare. Nothing is judged here.
# Runs under dash, in the share, as root; kvmtop lies in the share.
cp kvmtop /bin/kvmtop
export XDG_CONFIG_HOME=/tmp/config

part() { printf '== %s at %s s\n' "$1" "$(cut -d' ' -f1 /proc/uptime)"; }
check() {
  kvmtop check -o json >"$1.json"
  echo $? >"$1.code"
}

# The fix of the worst finding of a check, as JSON has it, made text again.
fix_of() {
  sed 's/{"check":/\n&/g' "$1.json" | grep "^{\"check\":\"$2\"" | grep -v '"level":"ok"' | head -n 1 |
    sed -n 's/.*"fix":"\(\([^"\\]\|\\.\)*\)".*/\1/p' | sed "s/\\\\u0027/'/g; s/\\\\u0026/\\&/g; s/\\\\u003E/>/g; s/\\\\u003C/</g; s/\\\\u0022/\"/g; s/\\\\\\\\/\\\\/g"
}

# Does what a finding says, as somebody would who copies the command: what comes after "then: ", up to the next advice.
follow() {
  fix=$(fix_of "$1" "$2")
  command=$(printf '%s\n' "$fix" | sed 's/^.*then: //; s/; .*//')
  printf 'fix: %s\ncommand: %s\n' "$fix" "$command" >"$1.$2.fix"
  sh -c "$command" >>"$1.$2.fix" 2>&1
  echo "exit: $?" >>"$1.$2.fix"
}

rom() { # FILE HEX: 64 KiB that begin with these bytes; the reset vector jumps to them.
  { echo "$2" | xxd -r -p; head -c 65536 /dev/zero; } | head -c 65520 >"$1"
  { echo e90d00 | xxd -r -p; head -c 16 /dev/zero; } | head -c 16 >>"$1"
}
rom /tmp/spin.bin ebfe
# With the local APIC switched off, the timer (8254) interrupts 18 times a second through the 8259; between: five times out 0x80, cpuid,
# in 0x71, then hlt. So little that emulation keeps up: the rate is the same at any time. The handler is at 0x80.
rom /tmp/work.bin "fa31c08ed88ed0bc0070c70620008000c706220000f0b011e620b008e621b004e621b001e621b0fee621b034e643b0ffe640b0ffe64066b91b0000000f3280e4f70f30fbbe0500e6800fa2e4714e75f7f4ebf0$(head -c 90 /dev/zero | tr '\0' 0)50b020e62058cf"

guest() { # NAME ROM MEMORY-MIB QEMU-ARGUMENT..: its pid is in /tmp/NAME.pid
  guest_name=$1 guest_rom=$2 guest_memory=$3
  shift 3
  qemu-system-x86_64 -name "guest=$guest_name,debug-threads=on" -machine "q35,accel=kvm${machine_options:-}" -cpu host -m "$guest_memory" -smp 1 -display none -nic none -nodefaults -no-user-config \
    -bios "$guest_rom" -daemonize -pidfile "/tmp/$guest_name.pid" "$@"
}
pid_of() { cat "/tmp/$1.pid"; }
end() {
  for name; do kill -9 "$(pid_of "$name")"; done
  for name; do while [ -d "/proc/$(pid_of "$name")" ]; do sleep 0.1; done; done
}

# Writes "SECONDS TEXT-OF-FILE" several times a second until the process PID has ended.
trail() { # PID FILE OUT
  while [ -d "/proc/$1" ]; do
    printf '%s %s\n' "$(date +%s.%N)" "$(tr '\n' ' ' <"$2")"
    sleep 0.2
  done >"$3"
}
vcpu_tid() { for task in /proc/"$(pid_of "$1")"/task/*; do case "$(cat "$task/comm")" in CPU*) echo "${task##*/}" ;; esac; done; }

part "no module"
check absent
follow absent kvm-module
check loaded
ls -l /dev/kvm >device.loaded

part "a running VM blocks"
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

part "a wrong value"
modprobe -r kvm_amd
printf '%s\n' '# not a number' 'options kvm_amd npt=1 nested=banana' >/etc/modprobe.d/lab.conf
modprobe kvm_amd >wrong.modprobe 2>&1
check wrong
follow wrong kvm-module
cp /etc/modprobe.d/lab.conf wrong.conf
check mended
rm -f /etc/modprobe.d/lab.conf

part "kept from loading"
modprobe -r kvm_amd
echo 'install kvm_amd /bin/false' >/etc/modprobe.d/lab.conf
modprobe kvm_amd >kept.modprobe 2>&1
check kept
rm -f /etc/modprobe.d/lab.conf

part "command line against modprobe.d"
cat /proc/cmdline >settings.cmdline
echo 'options kvm_amd intercept_smi=1' >/etc/modprobe.d/lab.conf
modprobe kvm_amd
cat /sys/module/kvm_amd/parameters/intercept_smi >settings.value
echo '<3>kvm: the lab says so' >/dev/kmsg
check settings
rm -f /etc/modprobe.d/lab.conf

part "a guest of its own"
kvmtop check --run -o json >run.json
echo $? >run.code

part "exits"
guest worker /tmp/work.bin 64
worker=$(pid_of worker)
worker_debugfs=$(ls -d /sys/kernel/debug/kvm/"$worker"-*)
kvmtop -b -n 3 -d 6 -o json --stats-fds never >exits.json &
trail $! "$worker_debugfs/exits" exits.trail
# The traced VM stands still when the trace begins and when it ends: between, its counter and the trace see the same.
kill -STOP "$worker"
kvmtop exits worker --seconds 8 -o json >trace.json 2>trace.errors &
tracer=$!
until readlink "/proc/$tracer/fd/"* 2>/dev/null | grep -q perf_event; do [ -d "/proc/$tracer" ] || break; sleep 0.1; done
sleep 1
cat "$worker_debugfs/exits" >trace.before
kill -CONT "$worker"
sleep 3
kill -STOP "$worker"
sleep 0.3
cat "$worker_debugfs/exits" >trace.after
wait $tracer
echo $? >trace.code
kill -CONT "$worker"
end worker

part "a quota"
echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/lab
echo '30000 100000' >/sys/fs/cgroup/lab/cpu.max
guest spinner /tmp/spin.bin 64
pid_of spinner >/sys/fs/cgroup/lab/cgroup.procs
kvmtop -b -n 3 -d 4 -o json >quota.json &
trail $! /sys/fs/cgroup/lab/cpu.stat quota.trail
end spinner

part "nodes"
mkdir -p /dev/hugepages
mount -t hugetlbfs hugetlbfs /dev/hugepages
echo 40 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
placed() { # NAME MEMORY-NODE CPUS
  taskset -c "$3" \
    qemu-system-x86_64 -name "guest=$1,debug-threads=on" -machine q35,accel=kvm,memory-backend=m -cpu host -m 300 -smp 1 -display none -nic none -nodefaults -no-user-config \
    -bios /tmp/work.bin -daemonize -pidfile "/tmp/$1.pid" -object "memory-backend-ram,id=m,size=300M,host-nodes=$2,policy=bind,prealloc=on"
}
placed near 0 0,1
placed far 1 0,1
machine_options=,memory-backend=m guest huge /tmp/work.bin 64 -object memory-backend-file,id=m,size=64M,mem-path=/dev/hugepages,host-nodes=1,policy=bind,prealloc=on,share=on
for name in near far huge; do
  grep -E '^[0-9a-f]+ ' "/proc/$(pid_of $name)/numa_maps" >"$name.numa_maps"
  grep HugetlbPages "/proc/$(pid_of $name)/status" >"$name.status"
  grep Cpus_allowed_list "/proc/$(vcpu_tid $name)/status" >"$name.cpus"
done
kvmtop -b -n 3 -d 3 -o json >nodes.json
grep . /sys/devices/system/node/node*/hugepages/hugepages-2048kB/*_hugepages >nodes.pools
kvmtop check far -o json >far.json
end near far huge

part "end"
dmesg | grep -i kvm
