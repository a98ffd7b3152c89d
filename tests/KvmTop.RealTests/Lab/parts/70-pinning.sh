# vCPUs that a plan puts on the node of their memory, and that go back; CPUs that are offline; two VMs placed together.
ready
remote() { # NAME: two vCPUs that may run anywhere, with memory on node 1
  qemu-system-x86_64 -name "guest=$1,debug-threads=on" -machine q35,accel=kvm,memory-backend=m -cpu host -m 150 -smp 2 -display none -nic none -nodefaults -no-user-config \
    -bios /tmp/work.bin -daemonize -pidfile "/tmp/$1.pid" -object memory-backend-ram,id=m,size=150M,host-nodes=1,policy=bind,prealloc=on
}
threads() { # NAME FILE: "NAME OF THREAD: CPUs", a line each
  for task in /proc/"$(pid_of "$1")"/task/*; do
    printf '%s: %s\n' "$(cat "$task/comm")" "$(sed -n 's/^Cpus_allowed_list:.//p' "$task/status")"
  done >"$2"
}
remote one
threads one before
try plan kvmtop pin one --plan spread --yes -o json
threads one planned
try undo kvmtop undo --yes -o json
threads one undone
try node kvmtop pin one --node 0 --yes -o json
threads one node0
try unpin kvmtop unpin one --yes -o json
threads one unpinned

echo 0 >/sys/devices/system/cpu/cpu3/online
try offline kvmtop pin one 0 3 --yes -o json
echo 1 >/sys/devices/system/cpu/cpu3/online

remote two
try both kvmtop pin one two --plan spread --yes -o json
threads one both.one
threads two both.two
end one two
