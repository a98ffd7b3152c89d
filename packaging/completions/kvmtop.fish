# fish completion for kvmtop(1). One option or command per line: a test holds them against the program's own tables.

function __kvmtop_themes
    for folder in (set -q XDG_CONFIG_HOME; and echo $XDG_CONFIG_HOME; or echo $HOME/.config)/kvmtop/themes $HOME/.local/share/kvmtop/themes /usr/local/share/kvmtop/themes /usr/share/kvmtop/themes
        for file in $folder/*.json
            string replace -r '.*/(.*)\.json$' '$1' -- $file
        end
    end
end

# Every command with the words that may follow it; all actions take those of __kvmtop_common besides.
function __kvmtop_commands
    echo '
check: --run --all -o
exits: --vcpu --seconds --histograms --demo -o
vm pause: --signal
vm resume:
vm reset:
vm stop: --timeout
vm kill: --signal
vm start:
vm run: --name --memory --vcpus --disk --iso --cpu --firmware --network --node --affinity --kernel --initrd --append --hugepages --vnc
vm define: --file --name --memory --vcpus --disk --iso --cpu --firmware --network --node --affinity --kernel --initrd --append --hugepages --vnc
vm list:
vm show:
vm balloon: max
vm throttle: --iops --bps
vm screenshot:
pin: --plan spread compact node --node --vcpus --emulator --iothreads
unpin: --vcpus --emulator --iothreads
hugepages: 2M 1G --node --persist
thp: always madvise never --defrag --persist
ksm: on off unmerge --pages --sleep-ms --persist
swappiness: --persist
governor: performance powersave schedutil ondemand --cpus --persist
halt-poll: --persist
netdev: --backlog --budget --budget-usecs --persist
nested: status on off --persist
module load:
module unload:
module reload:
module set: --persist
fix debugfs:
fix tracefs:
fix kvm-device: --persist
fix kvm-group:
undo: --keep
audit: -n -o
'
end

function __kvmtop_common
    echo '--dry-run --yes --for -o --config'
end

function __kvmtop_first
    test (count (commandline -opc)) -eq 1
end

function __kvmtop_in_command
    set -l typed (commandline -opc)
    test (count $typed) -gt 1; and not string match -q -- '-*' $typed[2]
end

function __kvmtop_wants_file
    set -l typed (commandline -opc)
    contains -- $typed[-1] --file --disk --iso --kernel --initrd --config; or contains -- "$typed[2..3]" 'vm start' 'vm show' 'vm screenshot'
end

# What may follow the words that stand after "kvmtop".
function __kvmtop_after
    set -l typed (commandline -opc)[2..]
    if contains -- $typed[-1] -o --output
        printf '%s\n' text json
        return
    end
    for line in (__kvmtop_commands | string match -r '.+')
        set -l parts (string split -m 1 ':' -- $line)
        set -l name (string split ' ' -- $parts[1])
        set -l n (count $name)
        if test (count $typed) -ge $n; and test "$typed[1..$n]" = "$name"
            string split -n ' ' -- $parts[2]
            contains -- $name[1] check exits audit; or string split ' ' -- (__kvmtop_common)
        else if test $n -eq 2; and test (count $typed) -eq 1; and test $typed[1] = $name[1]
            echo $name[2]
        end
    end
end

complete -c kvmtop -f
complete -c kvmtop -n __kvmtop_first -a check -d 'what is wrong with this host or a VM'
complete -c kvmtop -n __kvmtop_first -a exits -d 'trace the exits of a VM'
complete -c kvmtop -n __kvmtop_first -a vm -d 'pause, stop, start, define VMs'
complete -c kvmtop -n __kvmtop_first -a pin -d 'pin threads of VMs to CPUs'
complete -c kvmtop -n __kvmtop_first -a unpin -d 'let them run anywhere'
complete -c kvmtop -n __kvmtop_first -a hugepages -d 'size a pool of hugepages'
complete -c kvmtop -n __kvmtop_first -a thp -d 'transparent hugepages'
complete -c kvmtop -n __kvmtop_first -a ksm -d 'merging of equal pages'
complete -c kvmtop -n __kvmtop_first -a swappiness -d 'how eagerly the kernel swaps'
complete -c kvmtop -n __kvmtop_first -a governor -d 'frequency governor'
complete -c kvmtop -n __kvmtop_first -a halt-poll -d 'how long KVM polls for a halted vCPU'
complete -c kvmtop -n __kvmtop_first -a netdev -d 'packets queued and taken at a time'
complete -c kvmtop -n __kvmtop_first -a nested -d 'nested virtualisation'
complete -c kvmtop -n __kvmtop_first -a module -d 'load, unload, reload, set modules'
complete -c kvmtop -n __kvmtop_first -a fix -d 'what check advises'
complete -c kvmtop -n __kvmtop_first -a undo -d 'take an action back'
complete -c kvmtop -n __kvmtop_first -a audit -d 'what actions have done'
complete -c kvmtop -n __kvmtop_in_command -a '(__kvmtop_after)'
complete -c kvmtop -n '__kvmtop_in_command; and __kvmtop_wants_file' -F
complete -c kvmtop -s b -l batch -d 'print records instead of drawing the screen' -n 'not __kvmtop_in_command'
complete -c kvmtop -s n -l iterations -x -d 'stop after N records' -n 'not __kvmtop_in_command'
complete -c kvmtop -s d -l delay -x -d 'seconds between two readings' -n 'not __kvmtop_in_command'
complete -c kvmtop -s o -l output -x -a 'text json csv' -d 'format of the records' -n 'not __kvmtop_in_command'
complete -c kvmtop -l once -d 'print one report as text and exit' -n 'not __kvmtop_in_command'
complete -c kvmtop -l table -x -a 'vms vcpus host' -d 'which rows text and csv show' -n 'not __kvmtop_in_command'
complete -c kvmtop -l read-only -d 'start with every action disarmed' -n 'not __kvmtop_in_command'
complete -c kvmtop -l no-color -d 'use no colours' -n 'not __kvmtop_in_command'
complete -c kvmtop -l ascii -d 'draw with ASCII characters only' -n 'not __kvmtop_in_command'
complete -c kvmtop -l no-mouse -d 'leave the mouse to the terminal' -n 'not __kvmtop_in_command'
complete -c kvmtop -l root -x -a '(__fish_complete_directories)' -d 'read a captured host below DIR' -n 'not __kvmtop_in_command'
complete -c kvmtop -l path.procfs -x -a '(__fish_complete_directories)' -d 'where procfs is' -n 'not __kvmtop_in_command'
complete -c kvmtop -l path.sysfs -x -a '(__fish_complete_directories)' -d 'where sysfs is' -n 'not __kvmtop_in_command'
complete -c kvmtop -l stats-fds -x -a 'auto always never' -d 'whether to read duplicates of KVM statistics descriptors' -n 'not __kvmtop_in_command'
complete -c kvmtop -l libvirt-uri -x -a 'auto off qemu:///system qemu:///session' -d 'which libvirt of this machine to ask' -n 'not __kvmtop_in_command'
complete -c kvmtop -l qmp -x -a 'auto off' -d 'whether to ask QEMU monitors' -n 'not __kvmtop_in_command'
complete -c kvmtop -l config -r -F -d 'read this configuration file' -n 'not __kvmtop_in_command'
complete -c kvmtop -l theme -x -a '(__kvmtop_themes)' -d 'colours to draw with' -n 'not __kvmtop_in_command'
complete -c kvmtop -l demo -d 'show a simulated host' -n 'not __kvmtop_in_command'
complete -c kvmtop -l vms -x -d 'virtual machines of the simulated host' -n 'not __kvmtop_in_command'
complete -c kvmtop -l vcpus -x -d 'vCPUs of each simulated virtual machine' -n 'not __kvmtop_in_command'
complete -c kvmtop -l sort -x -d 'metric to sort by' -n 'not __kvmtop_in_command'
complete -c kvmtop -l filter -x -d 'show only the rows that match EXPR' -n 'not __kvmtop_in_command'
complete -c kvmtop -l columns -x -d 'columns to show, separated by commas' -n 'not __kvmtop_in_command'
complete -c kvmtop -s h -l help -d 'print the help and exit' -n 'not __kvmtop_in_command'
complete -c kvmtop -s V -l version -d 'print the version and exit' -n 'not __kvmtop_in_command'
