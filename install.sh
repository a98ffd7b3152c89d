#!/usr/bin/env bash
# Builds kvmtop from this checkout and installs it; see `./install.sh --help`.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly max_binary_bytes=25000000
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

usage() {
  cat <<'TEXT'
usage: ./install.sh [--prefix DIR]                 build and install kvmtop
       ./install.sh [--prefix DIR] --run [ARG...]  build, install and start it; without a terminal, print one report
       ./install.sh --test                         install what the tests need (as root) and run them all: a quarter of an
                                                   hour, twice that on a busy machine; TEST_LAB=0 in the environment leaves
                                                   out those in the lab (tests/README.md)
       ./install.sh [--prefix DIR] --uninstall     remove exactly what was installed
       ./install.sh -h | --help                    this text

Installs below PREFIX: /usr/local as root, ~/.local otherwise. PREFIX and DESTDIR may also come from the environment;
DESTDIR is put before every path that is written (for packagers). The last line of --test sums up both test projects.
Exit: 0 fine, 1 failed, 2 usage.
TEXT
}

# Everything that is said goes to stderr: the stdout of --run is the report alone.
say() { printf '%s\n' "$*" >&2; }
die() {
  say "install.sh: $1"
  exit "${2:-1}"
}

# ---- what the machine has, and its package manager ------------------------------------------------------------------

is_root() { [ "$(id -u)" -eq 0 ]; }

find_dotnet() {
  local candidate
  for candidate in "$(command -v dotnet || true)" "${DOTNET_ROOT:-/nonexistent}/dotnet" "${HOME:-/root}/.dotnet/dotnet" \
    /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet /usr/lib64/dotnet/dotnet /opt/dotnet/dotnet; do
    if [ -x "$candidate" ] && "$candidate" --list-sdks 2>/dev/null | grep -qE '^[1-9][0-9]\.'; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

have_ncurses() {
  { command -v ldconfig >/dev/null && ldconfig -p 2>/dev/null | grep -q 'libncursesw\.so\.6'; } ||
    compgen -G '/usr/lib*/libncursesw.so.6' >/dev/null || compgen -G '/usr/lib/*/libncursesw.so.6' >/dev/null ||
    compgen -G '/lib/*/libncursesw.so.6' >/dev/null
}

package_manager() {
  local tool
  for tool in apt-get dnf zypper pacman; do
    if command -v "$tool" >/dev/null; then
      printf '%s\n' "$tool"
      return 0
    fi
  done
  return 1
}

# The distribution's name for a thing; prints nothing where the distribution does not have it.
package_name() {
  case "$1:$2" in
    dotnet:pacman) echo dotnet-sdk ;;
    dotnet:*) echo dotnet-sdk-10.0 ;;
    ncurses:apt-get) echo libncursesw6 ;;
    ncurses:dnf) echo ncurses-libs ;;
    ncurses:zypper) echo libncurses6 ;;
    ncurses:pacman) echo ncurses ;;
    qemu:apt-get) echo qemu-system-x86 ;;
    qemu:dnf) echo qemu-system-x86-core ;;
    qemu:zypper) echo qemu-x86 ;;
    qemu:pacman) echo qemu-system-x86 ;;
    tmux:*) echo tmux ;;
    libvirtd:apt-get | libvirtd:dnf | libvirtd:zypper) echo libvirt-daemon ;;
    libvirtd-qemu:apt-get | libvirtd-qemu:dnf | libvirtd-qemu:zypper) echo libvirt-daemon-driver-qemu ;;
    virsh:apt-get) echo libvirt-clients ;;
    virsh:dnf | virsh:zypper) echo libvirt-client ;;
    libvirtd:pacman | virsh:pacman) echo libvirt ;;
  esac
}

# Installs from the sources that the machine already has; never adds or edits one.
install_package() {
  local manager name
  is_root || return 1
  manager=$(package_manager) || return 1
  name=$(package_name "$1" "$manager")
  [ -n "$name" ] || return 1
  say "installing $name"
  case "$manager" in
    apt-get) DEBIAN_FRONTEND=noninteractive apt_install "$name" ;;
    dnf) dnf install -y -q "$name" ;;
    zypper) zypper --non-interactive --quiet install --no-recommends "$name" ;;
    pacman) pacman -S --noconfirm --needed "$name" ;;
  esac </dev/null >&2
}

# The lists are refreshed only when they do not answer: a fresh container has none, a busy host has good ones.
apt_install() {
  apt-get install -y -qq --no-install-recommends "$1" 2>/dev/null && return 0
  apt-get update -qq || true
  apt-get install -y -qq --no-install-recommends "$1"
}

need_dotnet() {
  dotnet=$(find_dotnet) && return 0
  install_package dotnet || true
  dotnet=$(find_dotnet) && return 0
  say "install.sh: the .NET 10 SDK is needed to build kvmtop and is not here. To install it:
  Debian  wget https://packages.microsoft.com/config/debian/12/packages-microsoft-prod.deb
          sudo dpkg -i packages-microsoft-prod.deb && sudo apt-get update && sudo apt-get install dotnet-sdk-10.0
          (Ubuntu has it of its own: sudo apt-get install dotnet-sdk-10.0)
  Fedora  sudo dnf install dotnet-sdk-10.0
  SUSE    sudo rpm --import https://packages.microsoft.com/keys/microsoft.asc
          sudo zypper addrepo https://packages.microsoft.com/config/opensuse/15/prod.repo && sudo zypper install dotnet-sdk-10.0
  Arch    sudo pacman -S dotnet-sdk
Then run this again."
  exit 1
}

need_ncurses() {
  have_ncurses && return 0
  install_package ncurses || true
  have_ncurses && return 0
  say "install.sh: libncursesw.so.6, which draws the screen, is not here. To install it:
  Debian  sudo apt-get install libncursesw6
  Fedora  sudo dnf install ncurses-libs
  SUSE    sudo zypper install libncurses6
  Arch    sudo pacman -S ncurses
Then run this again."
  exit 1
}

# ---- building ---------------------------------------------------------------------------------------------------------

# A restore that keeps to the lock files. Another SDK patch level brings another ILLink than they name: then, and only
# then, an unlocked one, with its lock files under obj/ so that the checkout stays as it is.
restore() {
  local log="$work/restore.log"
  "$dotnet" restore "$@" --locked-mode -v q --nologo >"$log" 2>&1 && return 0
  if grep -q NU1004 "$log"; then
    say "the lock files were made with another .NET SDK; restoring without them"
    "$dotnet" restore "$@" --force-evaluate -p:NuGetLockFilePath=obj/unlocked.packages.lock.json -v q --nologo >&2
  else
    cat "$log" >&2
    return 1
  fi
}

runtime_identifier() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    *) die "kvmtop runs on Linux on x86_64 and aarch64, not on $(uname -s) $(uname -m)" ;;
  esac
}

build() {
  local rid size
  rid=$(runtime_identifier)
  say "building kvmtop for $rid"
  restore "$here/src/KvmTop" "-p:RuntimeIdentifier=$rid" || die "the packages could not be restored"
  "$dotnet" publish "$here/src/KvmTop" -c Release -r "$rid" --no-restore -v q --nologo -o "$work/publish" >&2 ||
    die "the build failed"
  size=$(stat -c %s "$work/publish/kvmtop")
  say "built kvmtop, $((size / 1000000)).$((size / 100000 % 10)) MB"
  [ "$size" -lt "$max_binary_bytes" ] || say "warning: the binary is over $((max_binary_bytes / 1000000)) MB"
}

# ---- installing -------------------------------------------------------------------------------------------------------
# The manifest has one line per thing: `d PATH` for a folder that was made, `f PATH` for a file. Paths are without DESTDIR.

manifest_path() { printf '%s/share/kvmtop/manifest\n' "$prefix"; }

make_folder() {
  local folder=$1 parent
  [ ! -d "$DESTDIR$folder" ] || return 0
  parent=$(dirname -- "$folder")
  [ "$parent" = "$folder" ] || make_folder "$parent"
  mkdir -m 755 -- "$DESTDIR$folder"
  printf 'd %s\n' "$folder" >>"$work/manifest"
}

# Written beside its place and moved there: whoever starts it meanwhile gets the old or the new one, never half of it.
put_file() {
  local source=$1 target=$2 mode=$3 fresh
  make_folder "$(dirname -- "$target")"
  fresh=$(mktemp "$DESTDIR$(dirname -- "$target")/.kvmtop.XXXXXX")
  if ! { cat -- "$source" >"$fresh" && chmod "$mode" "$fresh" && mv -f -- "$fresh" "$DESTDIR$target"; }; then
    rm -f -- "$fresh"
    die "could not write $DESTDIR$target"
  fi
  printf 'f %s\n' "$target" >>"$work/manifest"
}

install_all() {
  local manifest file old="$work/manifest.old"
  manifest=$(manifest_path)
  : >"$old"
  [ ! -f "$DESTDIR$manifest" ] || cp -- "$DESTDIR$manifest" "$old"
  grep '^d ' "$old" >"$work/manifest" || true

  if [ "$DESTDIR" != "" ]; then mkdir -p -- "$DESTDIR"; fi
  put_file "$work/publish/kvmtop" "$prefix/bin/kvmtop" 755
  for file in "$here"/themes/*.json; do
    [ ! -f "$file" ] || put_file "$file" "$prefix/share/kvmtop/themes/$(basename -- "$file")" 644
  done
  for file in "$here"/schema/*.json; do
    [ ! -f "$file" ] || put_file "$file" "$prefix/share/kvmtop/schema/$(basename -- "$file")" 644
  done
  put_file "$here/packaging/completions/kvmtop.bash" "$prefix/share/bash-completion/completions/kvmtop" 644
  put_file "$here/packaging/completions/_kvmtop" "$prefix/share/zsh/site-functions/_kvmtop" 644
  put_file "$here/packaging/completions/kvmtop.fish" "$prefix/share/fish/vendor_completions.d/kvmtop.fish" 644
  put_file "$here/packaging/man/kvmtop.1" "$prefix/share/man/man1/kvmtop.1" 644

  # What an older version had and this one has not.
  grep '^f ' "$old" | while IFS= read -r file; do
    grep -qxF -- "$file" "$work/manifest" || rm -f -- "$DESTDIR${file#f }"
  done || true
  make_folder "$(dirname -- "$manifest")"
  printf 'f %s\n' "$manifest" >>"$work/manifest"
  cp -- "$work/manifest" "$work/manifest.final"
  put_file "$work/manifest.final" "$manifest" 644
  say "installed $DESTDIR$prefix/bin/kvmtop"
  case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) say "note: $prefix/bin is not on your PATH" ;;
  esac
}

uninstall_all() {
  local manifest line
  manifest="$DESTDIR$(manifest_path)"
  if [ ! -f "$manifest" ]; then
    say "kvmtop is not installed below $DESTDIR$prefix"
    return 0
  fi
  cp -- "$manifest" "$work/manifest"
  while IFS= read -r line; do
    case "$line" in
      *..*) ;;
      "f $prefix/"*) rm -f -- "$DESTDIR${line#f }" ;;
    esac
  done <"$work/manifest"
  # Deepest first; one that holds anything else stays.
  grep '^d /' "$work/manifest" | sort -r | while IFS= read -r line; do
    rmdir -- "$DESTDIR${line#d }" 2>/dev/null || true
  done || true
  say "removed kvmtop from $DESTDIR$prefix"
}

# ---- running ----------------------------------------------------------------------------------------------------------

run_installed() {
  local argument
  cd -- "$started_in"
  if [ ! -t 0 ] || [ ! -t 1 ]; then
    for argument in "$@"; do
      case "$argument" in
        -b | --batch | --once | -h | --help | -V | --version) exec "$DESTDIR$prefix/bin/kvmtop" "$@" ;;
      esac
    done
    exec "$DESTDIR$prefix/bin/kvmtop" --once "$@"
  fi
  exec "$DESTDIR$prefix/bin/kvmtop" "$@"
}

# ---- testing ----------------------------------------------------------------------------------------------------------

need_for_tests() {
  have_ncurses || install_package ncurses || say "note: no libncursesw; tests of the screen will be skipped"
  command -v tmux >/dev/null || install_package tmux || say "note: no tmux; tests in a terminal will be skipped"
  if [ "$(uname -m)" = x86_64 ]; then
    command -v qemu-system-x86_64 >/dev/null || install_package qemu || say "note: no QEMU; tests with real guests will be skipped"
    # The tests start a libvirtd of their own; of what the distribution has, nothing is started.
    if ! command -v libvirtd >/dev/null; then
      { install_package libvirtd && { [ -z "$(package_name libvirtd-qemu "$(package_manager)")" ] || install_package libvirtd-qemu; }; } ||
        say "note: no libvirtd; tests with libvirt's guests will be skipped"
    fi
    command -v virsh >/dev/null || install_package virsh || say "note: no virsh; tests with libvirt's guests will be skipped"
  fi
}

# The reasons of skipped tests, out of a trx file: one `name: reason` a line.
skip_reasons() {
  awk '
    function plain(s) { gsub(/&lt;/, "<", s); gsub(/&gt;/, ">", s); gsub(/&quot;/, "\"", s); gsub(/&#x[0-9A-Fa-f]+;/, " ", s); gsub(/&amp;/, "\\&", s); return s }
    /<UnitTestResult / {
      skipped = /outcome="NotExecuted"/
      match($0, / testName="[^"]*"/); name = substr($0, RSTART + 11, RLENGTH - 12)
      if (skipped && /\/>[[:space:]]*$/) { print "  " plain(name) ": no reason given"; skipped = 0 }
    }
    skipped && /<Message>/ { sub(/.*<Message>/, ""); sub(/<\/Message>.*/, ""); print "  " plain(name) ": " plain($0); skipped = 0 }
    /<\/UnitTestResult>/ { skipped = 0 }' "$1"
}

counter() { sed -n "s/.*<Counters [^>]*\\b$2=\"\\([0-9]*\\)\".*/\\1/p" "$1" | head -n 1; }

# Names of the tests that failed, out of a trx file, without their arguments.
failed_names() {
  sed -n 's/.*<UnitTestResult .*outcome="Failed".*/&/p' "$1" | sed -n 's/.* testName="\([^"(]*\).*/\1/p' | sort -u
}

dotnet_test() {
  local project=$1 name=$2
  shift 2
  "$dotnet" test "$here/tests/$project" -c Release --no-restore --nologo -v q \
    --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" --results-directory "$work/results" "$@" </dev/null
}

# Adds the results of a project, or of those of its tests that options choose, to passed, failed and skipped. Tests that failed get a second attempt; those that pass
# only then count as passed and are named as flaky in the sum: a race is a defect too, though none that a change has just made.
run_tests() {
  local project=$1 name=$2 trx="$work/results/$2.trx" status=0 total executed ok bad names filter left
  shift 2
  if ! restore "$here/tests/$project"; then
    say "install.sh: the packages of $project could not be restored"
    failed=$((failed + 1))
    return 0
  fi
  dotnet_test "$project" "$name" "$@" || status=$?
  if [ ! -f "$trx" ]; then
    say "install.sh: $project did not build or run (exit $status)"
    failed=$((failed + 1))
    return 0
  fi
  total=$(counter "$trx" total)
  executed=$(counter "$trx" executed)
  ok=$(counter "$trx" passed)
  bad=$((executed - ok))
  names=$(failed_names "$trx")
  if [ "$bad" -gt 0 ] && [ "$bad" -le 12 ] && [ -n "$names" ]; then
    filter=$(printf '%s\n' "$names" | sed 's/^/FullyQualifiedName~/' | paste -sd '|')
    echo "Once more, since they failed:"
    printf '%s\n' "$names" | sed 's/^/  /'
    # Of the lab, only the parts that these tests look at.
    TEST_LAB_APART=1 dotnet_test "$project" "$name-again" --no-build --filter "$filter" || true
    if [ -f "$work/results/$name-again.trx" ]; then
      left=$(grep -c '<UnitTestResult .*outcome="Failed"' "$work/results/$name-again.trx" || true)
      [ "$left" -gt "$bad" ] && left=$bad
      [ "$left" -gt 0 ] || status=0
      failed_names "$work/results/$name-again.trx" >"$work/failed-again"
      printf '%s\n' "$names" | grep -vxFf "$work/failed-again" >>"$work/flaky" || true
      ok=$((ok + bad - left))
      bad=$left
    fi
  fi
  # A run that broke without naming a test (a crash, a failing fixture) is a failure too.
  [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + total - executed))
  skip_reasons "$trx" >>"$work/skipped"
}

# A campaign, short, counts as one test: it has failed when it says so.
run_campaign() {
  if "$here/tests/campaign" "$1" --short; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    say "install.sh: the campaign $1 found something"
  fi
}

test_all() {
  local passed=0 failed=0 skipped=0 campaign
  need_for_tests
  # What is released is what the tests in terminals, with guests and in the lab run: the published program.
  build
  # Some tests run it as another user.
  chmod 755 -- "$work" "$work/publish"
  export TEST_BINARY="$work/publish/kvmtop" TEST_LAB="${TEST_LAB:-1}"
  mkdir -p "$work/results"
  : >"$work/skipped"
  : >"$work/flaky"
  run_tests KvmTop.Tests unit
  run_tests KvmTop.RealTests real --filter 'FullyQualifiedName!~KvmTop.RealTests.Lab.'
  run_tests KvmTop.RealTests lab --filter 'FullyQualifiedName~KvmTop.RealTests.Lab.'
  for campaign in $("$here/tests/campaign" --list); do run_campaign "$campaign"; done
  if [ -s "$work/skipped" ]; then
    echo "Skipped, and why:"
    cat "$work/skipped"
  fi
  sed 's/^/flaky: /' "$work/flaky"
  echo "$(wc -l <"$work/flaky") flaky (passed at their second attempt)"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# ---- command line -----------------------------------------------------------------------------------------------------

prefix=${PREFIX:-}
DESTDIR=${DESTDIR:-}
action=install
run_arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help)
      usage
      exit 0
      ;;
    --prefix)
      [ $# -ge 2 ] || die "--prefix needs a folder" 2
      prefix=$2
      shift
      ;;
    --prefix=*) prefix=${1#--prefix=} ;;
    --test) action="test" ;;
    --uninstall) action=uninstall ;;
    --run)
      action=run
      shift
      run_arguments=("$@")
      break
      ;;
    *)
      say "install.sh: unknown option '$1'"
      usage >&2
      exit 2
      ;;
  esac
  shift
done
if [ -z "$prefix" ]; then
  if is_root; then prefix=/usr/local; else prefix="${HOME:?HOME is not set; give --prefix}/.local"; fi
fi
case "$prefix" in
  /*) ;;
  *) prefix="$PWD/$prefix" ;;
esac
while [ "$prefix" != / ] && [ "${prefix%/}" != "$prefix" ]; do prefix=${prefix%/}; done
[ "$prefix" != / ] || prefix=""
case "$prefix" in
  *..* | *$'\n'*) die "the prefix must be a plain path without '..'" 2 ;;
esac

# The .NET SDK looks for global.json from where it stands: stand in the checkout, whoever calls from wherever.
started_in=$PWD
cd -- "$here"
work=$(mktemp -d "${TMPDIR:-/tmp}/kvmtop-install.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
dotnet=""

case "$action" in
  install)
    need_dotnet
    need_ncurses
    build
    install_all
    ;;
  run)
    need_dotnet
    need_ncurses
    build
    install_all
    rm -rf -- "$work"
    run_installed "${run_arguments[@]}"
    ;;
  test)
    need_dotnet
    test_all
    ;;
  uninstall) uninstall_all ;;
esac
