# Exits, by debugfs and by trace.
ready
# Ticks that it misses while it stands still are not made up for: else it would come out of them with no time to halt.
guest worker /tmp/work.bin 64 -global kvm-pit.lost_tick_policy=discard
worker=$(pid_of worker)
worker_debugfs=$(ls -d /sys/kernel/debug/kvm/"$worker"-*)
kvmtop -b -n 3 -d 4 -o json --stats-fds never >exits.json &
trail $! "$worker_debugfs/exits" exits.trail
# The traced VM stands still when the trace begins and when it ends: between, its counter and the trace see the same.
kill -STOP "$worker"
kvmtop exits worker --seconds 8 -o json >trace.json 2>trace.errors &
tracer=$!
until readlink "/proc/$tracer/fd/"* 2>/dev/null | grep -q perf_event; do [ -d "/proc/$tracer" ] || break; sleep 0.1; done
sleep 1
cat "$worker_debugfs/exits" >trace.before
kill -CONT "$worker"
sleep 3
kill -STOP "$worker"
sleep 0.3
cat "$worker_debugfs/exits" >trace.after
wait $tracer
echo $? >trace.code
kill -CONT "$worker"
end worker
