# A guest that its cgroup holds back.
ready
echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/lab
echo '30000 100000' >/sys/fs/cgroup/lab/cpu.max
guest spinner /tmp/spin.bin 64
pid_of spinner >/sys/fs/cgroup/lab/cgroup.procs
kvmtop -b -n 3 -d 4 -o json >quota.json &
trail $! /sys/fs/cgroup/lab/cpu.stat quota.trail
end spinner
rmdir /sys/fs/cgroup/lab
