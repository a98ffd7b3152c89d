/* What the floor programs share: a tick a second, and the CPU time of the middle one. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* Descriptors for everything on the machine, as far as we may. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static long long cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

/* Calls read_all once a second and returns the CPU time of this process (user and system) in the median call: a hypervisor that
 * takes our CPU away in the middle of one makes means worthless. */
static long long median_tick_ns(int ticks, void (*read_all)(int tick))
{
    long long *cost = malloc((size_t)ticks * sizeof *cost);
    if (!cost) exit(1);
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (int tick = 0; tick < ticks; tick++) {
        next.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        long long before = cpu_ns();
        read_all(tick);
        cost[tick] = cpu_ns() - before;
    }
    qsort(cost, (size_t)ticks, sizeof *cost, by_value);
    long long median = cost[ticks / 2];
    free(cost);
    return median;
}
