# A guest of its own, by /dev/kvm and by QEMU.
ready
check run --run
