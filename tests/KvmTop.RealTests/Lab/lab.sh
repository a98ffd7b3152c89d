# What every part of the lab's scenario has at hand: read into a shell of its own before the part, which stands in an empty folder that the tests see afterwards.
# dash, as root, on a machine that lasts for one boot.
export XDG_CONFIG_HOME=/tmp/config

# How a part begins. bare: as the machine has booted, no module of KVM's, debugfs and tracefs not mounted. ready: kvm_amd as it comes, both mounted.
bare() {
  rm -f /etc/modprobe.d/lab.conf
  modprobe -r kvm_amd
  modprobe -r kvm
  modprobe -r irqbypass
  for place in /sys/kernel/tracing /sys/kernel/debug; do while umount $place; do :; done; done 2>/dev/null
}
ready() {
  bare
  mount -t debugfs debugfs /sys/kernel/debug
  mount -t tracefs tracefs /sys/kernel/tracing
  modprobe kvm_amd
}

# NAME [ARGUMENT..]: what kvmtop check says, as NAME.json, with its exit status as NAME.code.
check() {
  check_name=$1
  shift
  kvmtop check "$@" -o json >"$check_name.json"
  echo $? >"$check_name.code"
}

# NAME COMMAND..: its output as NAME.out, what it complains of as NAME.err, its exit status as NAME.code.
try() {
  try_name=$1
  shift
  "$@" >"$try_name.out" 2>"$try_name.err"
  echo $? >"$try_name.code"
}

# NAME: what commands of kvmtop may change, as NAME.state, to be compared before, after, and after it was taken back: modules and their parameters, modprobe.d, sysctl.d,
# settings of memory and network, hugepages by node, and where the threads of each guest may run.
state() {
  {
    cut -d' ' -f1 /proc/modules | grep -E 'kvm|irqbypass|vhost|vfio|tun|nbd' | sort
    for file in /sys/module/kvm/parameters/* /sys/module/kvm_amd/parameters/* /etc/modprobe.d/* /etc/sysctl.d/* /sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/mm/ksm/run \
      /proc/sys/vm/swappiness /proc/sys/net/core/netdev_max_backlog /proc/sys/net/core/netdev_budget /sys/devices/system/node/node*/hugepages/hugepages-*/nr_hugepages; do
      [ ! -f "$file" ] || sed "s|^|$file: |" "$file"
    done
    for pid in $(pidof qemu-system-x86_64); do
      for task in "/proc/$pid/task"/*; do printf '%s %s %s\n' "$(tr '\0' ' ' <"/proc/$pid/cmdline" | sed 's/.*guest=\([^,]*\).*/\1/')" "$(cat "$task/comm")" "$(grep Cpus_allowed_list "$task/status")"; done
    done | grep -v ' worker ' | sort
  } >"$1.state" 2>/dev/null
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
  [ ! -f "$1" ] || return 0
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

act() { # NAME ARGUMENT..: kvmtop acts without asking; what it answers is NAME.out, its exit status NAME.code.
  act_name=$1
  shift
  try "$act_name" kvmtop "$@" --yes -o json
}
parameter() { cat "/sys/module/$1/parameters/$2"; }
