# What happens inside the lab, in one boot: the files of parts/ one after the other, each in a shell, with a deadline and in a folder of its own, parts/10-modules.sh in
# modules. Nothing is judged here: the tests compare what the parts leave. Runs under dash, in the share, as root.
part_limit=400
mkdir -p /usr/local/bin
cp kvmtop /usr/local/bin/kvmtop
for file in "$PWD"/parts/*.sh; do
  name=$(basename "$file" .sh)
  name=${name#*-}
  mkdir "$name"
  printf '== %s at %s s\n' "$name" "$(cut -d' ' -f1 /proc/uptime)"
  (cd "$name" && timeout -s KILL $part_limit sh -c '. ../lab.sh; . "$0"; exit 0' "$file")
  echo $? >"$name/ended"
  # Guests that the part has left, if it was cut off.
  for pid in $(pidof qemu-system-x86_64); do kill -9 "$pid"; done
done
printf '== end at %s s\n' "$(cut -d' ' -f1 /proc/uptime)"
dmesg | grep -i kvm
