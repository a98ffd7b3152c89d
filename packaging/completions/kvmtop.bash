# bash completion for kvmtop(1). One option or command per line: a test holds them against the program's own tables.

_kvmtop_themes() {
    local folder file
    for folder in "${XDG_CONFIG_HOME:-$HOME/.config}/kvmtop/themes" "$HOME/.local/share/kvmtop/themes" \
        /usr/local/share/kvmtop/themes /usr/share/kvmtop/themes; do
        for file in "$folder"/*.json; do
            [ -f "$file" ] && basename "$file" .json
        done
    done
}

# Every command with the words that may follow it; all actions take those of _kvmtop_common besides.
_kvmtop_commands() {
    cat <<'END'
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
END
}
_kvmtop_common="--dry-run --yes --for -o --config"

# What may follow the words that stand after "kvmtop".
_kvmtop_after() {
    local line name rest typed="$*"
    while IFS= read -r line; do
        name=${line%%:*}
        case "$typed " in
            " ") echo "${name%% *}" ;;
            "$name "*)
                echo "${line#*:}"
                case "$name" in check | exits | audit) ;; *) echo "$_kvmtop_common" ;; esac
                ;;
            *)
                rest=${name#"$typed "}
                [ "$rest" = "$name" ] || echo "${rest%% *}"
                ;;
        esac
    done < <(_kvmtop_commands)
}

_kvmtop_command() {
    local current=$1 previous=$2
    shift 2
    case "$previous" in
        -o | --output)
            mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current")
            return
            ;;
        --file | --disk | --iso | --kernel | --initrd | --config)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$(_kvmtop_after "$@")" -- "$current")
    case "$1 $2" in
        "vm start" | "vm show" | "vm screenshot")
            compopt -o filenames 2>/dev/null
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
            ;;
    esac
}

_kvmtop() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local options="
        -b --batch
        -n --iterations
        -d --delay
        -o --output
        --once
        --table
        --read-only
        --no-color
        --ascii
        --no-mouse
        --root
        --path.procfs
        --path.sysfs
        --stats-fds
        --libvirt-uri
        --qmp
        --config
        --theme
        --demo
        --vms
        --vcpus
        --sort
        --filter
        --columns
        -h --help
        -V --version
    "
    COMPREPLY=()
    case "${COMP_WORDS[1]}" in
        -*) ;;
        *)
            if [ "$COMP_CWORD" -gt 1 ]; then
                _kvmtop_command "$current" "$previous" "${COMP_WORDS[@]:1:COMP_CWORD-1}"
                return
            fi
            options="$options $(_kvmtop_after)"
            ;;
    esac
    case "$previous" in
        -o | --output)
            mapfile -t COMPREPLY < <(compgen -W "text json csv" -- "$current")
            ;;
        --table)
            mapfile -t COMPREPLY < <(compgen -W "vms vcpus host" -- "$current")
            ;;
        --stats-fds)
            mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$current")
            ;;
        --libvirt-uri)
            mapfile -t COMPREPLY < <(compgen -W "auto off qemu:///system qemu:///session" -- "$current")
            return
            ;;
        --qmp)
            mapfile -t COMPREPLY < <(compgen -W "auto off" -- "$current")
            ;;
        --theme)
            mapfile -t COMPREPLY < <(compgen -W "$(_kvmtop_themes)" -- "$current")
            ;;
        --root | --path.procfs | --path.sysfs)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            ;;
        --config)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        -n | --iterations | -d | --delay | --vms | --vcpus | --sort | --filter | --columns) ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
            ;;
    esac
}

complete -F _kvmtop kvmtop
