namespace KvmTop.Collectors;

/// <summary>
/// Makes one message of the lines that tell of a process killed for want of memory. Since 4.19: "oom-kill:constraint=..,task_memcg=..,task=NAME,pid=N,uid=N", then
/// "[Memory cgroup o|O]ut of memory: Killed process N (NAME) ..". Before: "[Memory cgroup o|O]ut of memory: Kill process N (NAME) score .. or sacrifice child", then
/// "Killed process N (NAME) ..". At last "oom_reaper: reaped process N (NAME)". The line with "Killed process" is the kill; the others only add to it.
/// </summary>
internal sealed class KillLines
{
    private const int LongestCgroup = 200;
    private const int MostRemembered = 64;

    // What was announced and is not done yet.
    private KillScope _scope;
    private string? _cgroup;
    private int _announced;
    private long _uid = -1;

    // Those that the reaper may speak of again.
    private readonly Queue<int> _killed = new();

    /// <summary>Reads a line; false when it is about something else. <paramref name="kill"/> is what it completes, with what it says itself filled in by the caller.</summary>
    public bool Read(in KernelLine line, out (KernelTask Task, KillScope Scope, string? Cgroup, long Uid)? kill)
    {
        kill = null;
        if (line.Starts("oom-kill:constraint="u8))
        {
            _scope = line.Starts("oom-kill:constraint=constraint_memcg"u8) ? KillScope.Cgroup
                : line.Starts("oom-kill:constraint=constraint_none"u8) ? KillScope.Host
                : KillScope.Node;
            _cgroup = line.CgroupOfKill(LongestCgroup);
            _uid = line.NumberBehindLast(",uid="u8);
            _announced = line.TaskOfKill()?.Pid ?? 0;
            return true;
        }

        var cgroup = line.Starts("memory cgroup out of memory"u8);
        var host = line.Starts("out of memory: "u8) || line.Starts("out of memory (oom_kill_allocating_task): "u8);
        if (cgroup || host)
        {
            var announced = line.TaskAt(line.After(": kill process "u8), out _);
            if (announced is not null)
            {
                (_scope, _cgroup, _announced, _uid) = (cgroup ? KillScope.Cgroup : KillScope.Host, null, announced.Pid, -1);
                return true;
            }

            kill = Done(line.TaskAt(line.After(": killed process "u8), out _), line, cgroup ? KillScope.Cgroup : KillScope.Unknown);
            return true;
        }

        if (line.Starts("killed process "u8))
        {
            kill = Done(line.TaskAt("killed process ".Length, out _), line, KillScope.Unknown);
            return true;
        }

        if (line.Starts("oom_reaper: reaped process "u8))
        {
            var task = line.TaskAt("oom_reaper: reaped process ".Length, out _);
            kill = task is null || _killed.Contains(task.Pid) ? null : Done(task, line, KillScope.Unknown);
            return true;
        }

        // Who asked for the memory is not who is killed for it.
        return line.Has(" invoked oom-killer: "u8) || line.Starts("oom_reaper: "u8) || (line.Starts("tasks in "u8) && line.Has("memory.oom.group"u8));
    }

    private (KernelTask Task, KillScope Scope, string? Cgroup, long Uid)? Done(KernelTask? task, in KernelLine line, KillScope scope)
    {
        if (task is null)
            return null;

        // Of old a child might be sacrificed for the process that was announced; a line that says itself why is about its own announcement only. Alone, "Out of memory" is the host's.
        var same = _announced == task.Pid;
        var announced = same || (_announced != 0 && line.Starts("killed process "u8));
        var uid = line.NumberBehindLast("uid:"u8);
        var kill = (task, scope == KillScope.Cgroup ? scope : announced ? _scope : line.Starts("out of memory"u8) ? KillScope.Host : scope, announced ? _cgroup : null, uid >= 0 ? uid : same ? _uid : -1);
        _announced = 0;
        _killed.Enqueue(task.Pid);
        if (_killed.Count > MostRemembered)
            _ = _killed.Dequeue();
        return kill;
    }
}
