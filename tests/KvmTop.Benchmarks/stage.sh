# What the measuring scripts share: a folder that goes away, the tools they need, and paused guests. Sourced; wants here and top (folders), guests and vcpus (numbers).

# A word of the VMs pane's heading that stands in every full frame and in nothing before it.
heading="RDY%"
size=120x40
# Down the list and up again, then the sort column to and fro.
keys='vvvvvv^^^^>><<'

work=$(mktemp -d "${TMPDIR:-/tmp}/kvmtop-bench.XXXXXX")
cleanup() {
  local file
  for file in "$work"/guest*/pid; do
    [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null || true
  done
  rm -rf -- "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
say() { printf '%s\n' "$*" >&2; }

# Everybody starts from defaults, in the same terminal.
export TERM=xterm-256color LANG=C.UTF-8 LC_ALL=C.UTF-8 XDG_CONFIG_HOME="$work/config"
unset NO_COLOR

need() {
  local tool=$1
  shift
  command -v "$tool" >/dev/null && return 0
  if [ "$(id -u)" -eq 0 ]; then
    say "installing $*"
    if command -v apt-get >/dev/null; then
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"
    elif command -v dnf >/dev/null; then
      dnf install -y -q "$1"
    elif command -v zypper >/dev/null; then
      zypper --non-interactive --quiet install "$1"
    elif command -v pacman >/dev/null; then
      pacman -S --noconfirm --needed "$1"
    fi </dev/null >&2 || true
  fi
  command -v "$tool" >/dev/null || { say "run: $tool is needed" && exit 1; }
}

# The value of a field in a line of NAME=VALUE words; -1 where it is missing.
field() { printf '%s\n' "$1" | tr ' ' '\n' | sed -n "s/^$2=//p" | sed 's/^-1\.0$/-1/' | grep . || echo -1; }

# ---- the guests ---------------------------------------------------------------------------------------------------------

start_guests() {
  local i model
  # A jump to itself at offset 0, and a jump there from the reset vector.
  {
    printf '\xeb\xfe'
    head -c $((0xfff0 - 2)) /dev/zero
    printf '\xe9\x0d\x00'
    head -c 13 /dev/zero
  } >"$work/rom.bin"
  for model in host,-arch-capabilities host max; do
    ! start_guest 1 "$model" 2>"$work/qemu.log" || break
  done
  [ -s "$work/guest1/pid" ] || { say "run: no guest starts: $(cat "$work/qemu.log")" && exit 1; }
  for ((i = 2; i <= guests; i++)); do
    start_guest "$i" "$model" 2>>"$work/qemu.log" || { say "run: $(cat "$work/qemu.log")" && exit 1; }
  done
  pids=()
  for ((i = 1; i <= guests; i++)); do pids+=("$(cat "$work/guest$i/pid")"); done
}

start_guest() {
  local folder="$work/guest$1"
  mkdir -p "$folder"
  qemu-system-x86_64 -name "guest=bench$1,debug-threads=on" -machine q35,accel=kvm -cpu "$2" -m 64 -smp "$vcpus" \
    -display none -nic none -nodefaults -no-user-config -bios "$work/rom.bin" -S -daemonize -pidfile "$folder/pid" </dev/null
}

