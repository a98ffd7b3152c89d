# Memory and hugepages on two nodes.
ready
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
# It reads the memory of one VM after the other and rests between, so many times as long as a reading takes: here that may be long. Until it has read two.
kvmtop -b -n 20 -d 3 -o json >nodes.json &
reader=$!
until [ "$(tail -n 1 nodes.json | grep -o '"numa_local_pct":[0-9]' | wc -l)" -ge 2 ] || [ ! -d /proc/$reader ]; do sleep 0.5; done
kill $reader
wait $reader 2>/dev/null
# The kernel makes large pages of small ones meanwhile, and QEMU's own memory grows by that.
for name in near far; do grep -E '^[0-9a-f]+ ' "/proc/$(pid_of $name)/numa_maps" >"$name.later.numa_maps"; done
grep . /sys/devices/system/node/node*/hugepages/hugepages-2048kB/*_hugepages >nodes.pools
kvmtop check far -o json >far.json
end near far huge
umount /dev/hugepages
echo 0 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
