/* What reading KVM's statistics costs a C program that does nothing else: the floor under kvmtop's kvm_stats topic.
 *
 * usage: kvmfloor TICKS PID...
 * Duplicates, once, every descriptor of the given processes that links to anon_inode:kvm-vcpu-stats, and finds out from its header how many
 * bytes of values it has and where. Then preads the values of all of them once a second, TICKS times. Prints
 *   files=N bytes=N ns_per_tick=N     CPU time of the median tick, setting up not counted. */
#include "ticks.h"
#include <dirent.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

struct source { int fd; uint32_t at, bytes; };
static struct source *sources;
static int count, room;

static void keep(int fd)
{
    uint32_t header[6]; /* flags, name_size, num_desc, id_offset, desc_offset, data_offset */
    if (pread(fd, header, sizeof header, 0) != sizeof header) return;
    uint32_t size = 16 + header[1], bytes = 0;
    for (uint32_t i = 0; i < header[2]; i++) {
        struct { uint32_t flags; int16_t exponent; uint16_t size; uint32_t offset, bucket; } d;
        if (pread(fd, &d, sizeof d, header[4] + (off_t)i * size) != sizeof d) return;
        if (d.offset + d.size * 8u > bytes) bytes = d.offset + d.size * 8u;
    }
    if (count == room) {
        room = room ? room * 2 : 256;
        sources = realloc(sources, (size_t)room * sizeof *sources);
        if (!sources) exit(1);
    }
    sources[count++] = (struct source){ fd, header[5], bytes };
}

static void keep_process(int pid)
{
    char path[512], link[128];
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *files = process < 0 ? NULL : opendir(path);
    struct dirent *file;
    while (files && (file = readdir(files))) {
        snprintf(path, sizeof path, "/proc/%d/fd/%.20s", pid, file->d_name);
        ssize_t n = readlink(path, link, sizeof link - 1);
        if (n <= 0) continue;
        link[n] = 0;
        if (strncmp(link, "anon_inode:kvm-vcpu-stats:", 26) != 0) continue;
        int fd = (int)syscall(SYS_pidfd_getfd, process, atoi(file->d_name), 0);
        if (fd >= 0) keep(fd);
    }
    if (files) closedir(files);
    if (process >= 0) close(process);
}

static char *buffer;

static void read_all(int tick)
{
    (void)tick;
    char *at = buffer; /* every vCPU its own place, as whoever wants rates must keep them */
    for (int i = 0; i < count; at += sources[i++].bytes)
        if (pread(sources[i].fd, at, sources[i].bytes, sources[i].at) < 0) *at = 0; /* a guest that went away */
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: kvmfloor TICKS PID...\n");
        return 2;
    }
    raise_descriptor_limit();
    int ticks = atoi(argv[1]);
    for (int i = 2; i < argc; i++) keep_process(atoi(argv[i]));
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += sources[i].bytes;
    buffer = calloc(bytes + 1, 1);
    if (count == 0 || ticks <= 0 || !buffer) {
        fprintf(stderr, "kvmfloor: nothing to read (QEMU keeps its descriptors open from 8.1 on; duplicating them needs root)\n");
        return 1;
    }
    long long median = median_tick_ns(ticks, read_all);
    printf("files=%d bytes=%zu ns_per_tick=%lld\n", count, bytes, median);
    return 0;
}
