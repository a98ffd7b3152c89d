/* What the same readings cost a C program that does nothing else: the floor under kvmtop's own sampling.
 *
 * usage: floor TICKS PID...
 * Opens, once, for every thread of the given processes its schedstat, for every vCPU thread (named "CPU n/KVM") its stat, and for
 * every process its stat, io and status: the files that kvmtop's topics of VMs and vCPU times read of guests without a quota. Then preads
 * them once a second, TICKS times; status as kvmtop does, a fifth of the processes at a time. (kvmtop leaves out the stat of a
 * vCPU that has not run since the last tick, as all of a paused guest; this program does not.) Prints
 *   files=N ns_per_tick=N   files read in a tick; CPU time of the median tick, opening not counted. */
#include "ticks.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct kept {
    int fd;
    int turn; /* read in ticks of this number modulo TURNS; -1: in every tick */
};
enum { TURNS = 5 };
static struct kept *files;
static int file_count, file_room;

static void keep_open(const char *path, int turn)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (file_count == file_room) {
        file_room = file_room ? file_room * 2 : 256;
        files = realloc(files, (size_t)file_room * sizeof *files);
        if (!files) exit(1);
    }
    files[file_count++] = (struct kept){ fd, turn };
}

static void keep_process(int pid)
{
    static const char *const names[] = { "stat", "io" };
    static int turn;
    char path[512], comm[32];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, names[i]);
        keep_open(path, -1);
    }
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    keep_open(path, turn++ % TURNS);

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    struct dirent *task;
    while (tasks && (task = readdir(tasks))) {
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/comm", pid, task->d_name);
        FILE *file = fopen(path, "re");
        if (!file) continue;
        int vcpu = fgets(comm, sizeof comm, file) && strncmp(comm, "CPU", 3) == 0 && strstr(comm, "/KVM");
        fclose(file);
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, task->d_name);
        keep_open(path, -1);
        if (!vcpu) continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/stat", pid, task->d_name);
        keep_open(path, -1);
    }
    if (tasks) closedir(tasks);
}

static int reads;

static void read_all(int tick)
{
    static char buffer[16384];
    for (int i = 0; i < file_count; i++) {
        if (files[i].turn >= 0 && files[i].turn != tick % TURNS) continue;
        reads++;
        if (pread(files[i].fd, buffer, sizeof buffer, 0) < 0) buffer[0] = 0; /* a guest that went away: nothing to do */
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: floor TICKS PID...\n");
        return 2;
    }
    raise_descriptor_limit();
    int ticks = atoi(argv[1]);
    for (int i = 2; i < argc; i++) keep_process(atoi(argv[i]));
    if (file_count == 0 || ticks <= 0) {
        fprintf(stderr, "floor: nothing to read\n");
        return 1;
    }
    long long median = median_tick_ns(ticks, read_all);
    printf("files=%d ns_per_tick=%lld\n", reads / ticks, median);
    return 0;
}
