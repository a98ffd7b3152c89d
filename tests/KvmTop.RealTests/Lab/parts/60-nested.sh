# A guest that runs a guest of its own, beside one that does not.
ready
# Enters protected mode with paging (KVM wants it), switches SVM on (EFER, VM_HSAVE_PA), describes a real-mode machine whose one instruction is hlt, and runs it again and again: vmrun, an exit by
# hlt, back to its beginning.
rom /tmp/nest.bin "fa2e660f011660010f20c00c010f22c066ea1800ffff0800b8100000008ed88ec08ed0c7050020010083000000c705fc2f01008300c0ffb8002001000f22d8b8100000000f22e00f20c00d000000800f22c0b9800000c00f320d001000000f30b9170101c0b80000010031d20f30bf00100100c7470c00000001c7471001000000c74758010000008d9f00040000b906000000c70300009300c74304ffff000083c310e2eec7871004000000009b00c78764040000ffff0000c7877004000000008200c78774040000ffff0000c78784040000ffff0000c7879004000000008b00c78794040000ffff0000c787d004000000100000c7875805000010000000c7876005000000040000c78768050000f00fffffc7877005000002000000c787d805000000600000c70500700000f4ebfd00c787780500000070000089f80f01d8ebef8db6000000000000000000000000ffff0000009bcf00ffff00000093cf0017004801ffff"
guest nester /tmp/nest.bin 64
guest plain /tmp/work.bin 64
nester=/sys/kernel/debug/kvm/$(pid_of nester)-*/nested_run
sleep 2
cat $nester >nested.before
kvmtop check -o json --stats-fds never >nested.json
cat $nester >nested.after
cat "/sys/kernel/debug/kvm/$(pid_of plain)"-*/nested_run >plain.runs
end nester plain
