/* Measures a whole program from outside, as its user pays for it.
 *
 * usage: meter batch -- PROGRAM ARG...
 *   Runs it to its end with stdout to /dev/null. Prints
 *   exit=N wall_ms=N cpu_ms=N peak_kb=N early_kb=N late_kb=N
 *   cpu is user and system from start to end; early and late are the most that its resident memory was in the second and in the last
 *   tenth of its life: a heap that is collected rises and falls, and one look at it says where in that it happened to be.
 *
 * usage: meter tui COLUMNSxROWS WARM_SECONDS SECONDS HEADING KEYS -- PROGRAM ARG...
 *   Runs it in a pseudo terminal of that size, reading what it draws. Prints
 *   frame_ms=N cpu_ms=N bytes=N seconds=N rss_kb=N key_ms=N key_max_ms=N
 *   frame: from before fork to the last byte of the burst of output that has HEADING in it (a burst ends with 30 ms of silence);
 *   cpu and bytes: during SECONDS after the warm-up; rss: at the end of them; key: from a key press to the first byte of the
 *   answer, median and maximum over KEYS (each byte one key, `v` the down arrow, `^` the up arrow), pressed 300 ms apart.
 *   A figure that could not be measured is -1. Ends the program with `q`, then SIGTERM, then SIGKILL. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000.0 + t.tv_nsec / 1e6;
}

static double cpu_ms_of(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return -1;
    return t.tv_sec * 1000.0 + t.tv_nsec / 1e6;
}

static long rss_kb_of(pid_t pid)
{
    char path[64], line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
    if (file) fclose(file);
    return kb;
}

static int batch(char **command)
{
    double start = now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        execvp(command[0], command);
        _exit(127);
    }
    long *memory = NULL, early = -1, late = -1;
    size_t looks = 0, room = 0;
    struct rusage usage;
    int status, ended;
    while ((ended = wait4(pid, &status, WNOHANG, &usage)) == 0) {
        if (looks == room && !(memory = realloc(memory, (room = room ? 2 * room : 1024) * sizeof *memory))) return 1;
        memory[looks++] = rss_kb_of(pid);
        usleep(50000);
    }
    for (size_t i = 0; i < looks; i++) {
        if (i * 10 / looks == 1 && memory[i] > early) early = memory[i];
        if (i * 10 / looks == 9 && memory[i] > late) late = memory[i];
    }
    free(memory);
    if (ended < 0) return 1;
    double cpu = usage.ru_utime.tv_sec * 1e3 + usage.ru_utime.tv_usec / 1e3 + usage.ru_stime.tv_sec * 1e3 + usage.ru_stime.tv_usec / 1e3;
    printf("exit=%d wall_ms=%.0f cpu_ms=%.1f peak_kb=%ld early_kb=%ld late_kb=%ld\n",
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), now_ms() - start, cpu, usage.ru_maxrss, early, late);
    return 0;
}

static int terminal = -1;
static long long bytes_seen;
static int gone; /* the program has closed its terminal */

/* Reads what comes within the given time; the time of the last byte, or 0 when none came. Ends early at end of file. */
static double drain(double milliseconds, char *copy, size_t room, size_t *used, int stop_at_first)
{
    char buffer[65536];
    double end = now_ms() + milliseconds, last = 0;
    for (;;) {
        double left = end - now_ms();
        if (left <= 0 || gone) return last;
        struct pollfd wait = { .fd = terminal, .events = POLLIN };
        if (poll(&wait, 1, (int)left + 1) <= 0) continue;
        ssize_t n = read(terminal, buffer, sizeof buffer);
        if (n <= 0) {
            gone = 1;
            return last;
        }
        last = now_ms();
        bytes_seen += n;
        if (copy) {
            size_t take = (size_t)n < room - *used ? (size_t)n : room - *used;
            memcpy(copy + *used, buffer, take);
            *used += take;
        }
        if (stop_at_first) return last;
    }
}

static double first_frame(const char *heading, double start)
{
    static char seen[1 << 20];
    size_t used = 0;
    double last = 0;
    while (now_ms() - start < 10000 && !gone) {
        double came = drain(30, seen, sizeof seen, &used, 0);
        if (came > 0) last = came;
        else if (last > 0 && memmem(seen, used, heading, strlen(heading))) return last - start;
    }
    return -1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int press_all(const char *keys, double *answers, int room)
{
    int count = 0;
    for (; *keys && count < room && !gone; keys++) {
        const char *sequence = *keys == 'v' ? "\033OB" : *keys == '^' ? "\033OA" : NULL;
        drain(300, NULL, 0, NULL, 0);
        double pressed = now_ms();
        if (write(terminal, sequence ? sequence : keys, sequence ? strlen(sequence) : 1) < 0) break;
        double came = drain(2000, NULL, 0, NULL, 1);
        answers[count++] = came > 0 ? came - pressed : 2000;
    }
    return count;
}

static void finish(pid_t pid)
{
    static const int signals[] = { 0, SIGTERM, SIGKILL };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (signals[i] == 0) {
            if (write(terminal, "q", 1) < 0) continue;
        } else {
            kill(pid, signals[i]);
        }
        for (int tries = 0; tries < 20; tries++) {
            drain(50, NULL, 0, NULL, 0);
            if (gone) usleep(50000);
            if (waitpid(pid, NULL, WNOHANG) == pid) return;
        }
    }
    waitpid(pid, NULL, 0);
}

static int tui(char **arguments, char **command)
{
    struct winsize size = { 0 };
    if (sscanf(arguments[0], "%hux%hu", &size.ws_col, &size.ws_row) != 2) return 2;
    double warm = atof(arguments[1]) * 1000, length = atof(arguments[2]) * 1000;

    double start = now_ms();
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    if (pid < 0) return 1;

    double frame = first_frame(arguments[3], start);
    double left = warm - (now_ms() - start);
    if (left > 0) drain(left, NULL, 0, NULL, 0);

    double from = now_ms(), cpu_from = cpu_ms_of(pid);
    bytes_seen = 0;
    drain(length, NULL, 0, NULL, 0);
    double cpu_to = cpu_ms_of(pid), seconds = (now_ms() - from) / 1000;
    long long bytes = bytes_seen;
    long rss = rss_kb_of(pid);

    double answers[64];
    int count = press_all(arguments[4], answers, 64);
    qsort(answers, (size_t)count, sizeof *answers, by_value);
    finish(pid);
    printf("frame_ms=%.1f cpu_ms=%.1f bytes=%lld seconds=%.2f rss_kb=%ld key_ms=%.1f key_max_ms=%.1f\n", frame,
           cpu_from < 0 || cpu_to < 0 || seconds < length / 1000 * 0.9 ? -1 : cpu_to - cpu_from, bytes, seconds, rss,
           count ? answers[count / 2] : -1, count ? answers[count - 1] : -1);
    return 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 3 && strcmp(argv[1], "batch") == 0 && strcmp(argv[2], "--") == 0) return batch(argv + 3);
    if (argc > 8 && strcmp(argv[1], "tui") == 0 && strcmp(argv[7], "--") == 0) return tui(argv + 2, argv + 8);
    fprintf(stderr, "usage: meter batch -- PROGRAM ARG...\n       meter tui COLUMNSxROWS WARM SECONDS HEADING KEYS -- PROGRAM ARG...\n");
    return 2;
}
