# bash completion for kvmtop(1). One option per line: a test holds them against the program's own table.

_kvmtop_themes() {
    local folder file
    for folder in "${XDG_CONFIG_HOME:-$HOME/.config}/kvmtop/themes" "$HOME/.local/share/kvmtop/themes" \
        /usr/local/share/kvmtop/themes /usr/share/kvmtop/themes; do
        for file in "$folder"/*.json; do
            [ -f "$file" ] && basename "$file" .json
        done
    done
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
