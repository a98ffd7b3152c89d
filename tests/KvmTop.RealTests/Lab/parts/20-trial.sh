# A guest of its own, by /dev/kvm and by QEMU, beside one that is none of its business.
ready
guest bystander /tmp/work.bin 64
state before
check run --run
state after
end bystander
