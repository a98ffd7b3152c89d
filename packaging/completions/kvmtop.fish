# fish completion for kvmtop(1). One option per line: a test holds them against the program's own table.

function __kvmtop_themes
    for folder in (set -q XDG_CONFIG_HOME; and echo $XDG_CONFIG_HOME; or echo $HOME/.config)/kvmtop/themes $HOME/.local/share/kvmtop/themes /usr/local/share/kvmtop/themes /usr/share/kvmtop/themes
        for file in $folder/*.json
            string replace -r '.*/(.*)\.json$' '$1' -- $file
        end
    end
end

complete -c kvmtop -f
complete -c kvmtop -n __fish_use_subcommand -a check -d 'what is wrong with this host or a VM'
complete -c kvmtop -n __fish_use_subcommand -a exits -d 'trace the exits of a VM'
complete -c kvmtop -s b -l batch -d 'print records instead of drawing the screen'
complete -c kvmtop -s n -l iterations -x -d 'stop after N records'
complete -c kvmtop -s d -l delay -x -d 'seconds between two readings'
complete -c kvmtop -s o -l output -x -a 'text json csv' -d 'format of the records'
complete -c kvmtop -l once -d 'print one report as text and exit'
complete -c kvmtop -l table -x -a 'vms vcpus host' -d 'which rows text and csv show'
complete -c kvmtop -l read-only -d 'start with every action disarmed'
complete -c kvmtop -l no-color -d 'use no colours'
complete -c kvmtop -l ascii -d 'draw with ASCII characters only'
complete -c kvmtop -l no-mouse -d 'leave the mouse to the terminal'
complete -c kvmtop -l root -x -a '(__fish_complete_directories)' -d 'read a captured host below DIR'
complete -c kvmtop -l path.procfs -x -a '(__fish_complete_directories)' -d 'where procfs is'
complete -c kvmtop -l path.sysfs -x -a '(__fish_complete_directories)' -d 'where sysfs is'
complete -c kvmtop -l stats-fds -x -a 'auto always never' -d 'whether to read duplicates of KVM statistics descriptors'
complete -c kvmtop -l libvirt-uri -x -a 'auto off qemu:///system qemu:///session' -d 'which libvirt of this machine to ask'
complete -c kvmtop -l qmp -x -a 'auto off' -d 'whether to ask QEMU monitors'
complete -c kvmtop -l config -r -F -d 'read this configuration file'
complete -c kvmtop -l theme -x -a '(__kvmtop_themes)' -d 'colours to draw with'
complete -c kvmtop -l demo -d 'show a simulated host'
complete -c kvmtop -l vms -x -d 'virtual machines of the simulated host'
complete -c kvmtop -l vcpus -x -d 'vCPUs of each simulated virtual machine'
complete -c kvmtop -l sort -x -d 'metric to sort by'
complete -c kvmtop -l filter -x -d 'show only the rows that match EXPR'
complete -c kvmtop -l columns -x -d 'columns to show, separated by commas'
complete -c kvmtop -s h -l help -d 'print the help and exit'
complete -c kvmtop -s V -l version -d 'print the version and exit'
