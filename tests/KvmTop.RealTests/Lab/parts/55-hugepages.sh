# kvmtop sizes the pool of hugepages of a node: as asked; more than the node has, of which the kernel grants a part; and back.
bare
pools() { # NAME: "NODE PAGES", a line each
  for node in 0 1; do echo "$node $(cat /sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages)"; done >"$1"
}
pools before
act given hugepages 2M 16 --node 0
pools given.pools
# Node 1 has 1536 MiB.
cat /sys/devices/system/node/node1/meminfo /proc/meminfo >memory
act part hugepages 2M 800 --node 1
pools part.pools
act part.undo undo
pools part.undone
act given.undo undo
pools given.undone
