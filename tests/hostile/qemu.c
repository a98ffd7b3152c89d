/*
 * A process that looks like QEMU from outside (its name, its arguments, a QMP socket, a few threads) and has no guest. HOSTILE_MODE says how its monitor behaves:
 *
 *   good     answers as QEMU does, in QEMU's sizes
 *   mute     takes the connection and says nothing      hangup   takes it and hangs up
 *   blank    empty lines without end                    greeting a greeting of 4 MiB that does not end
 *   slowgreet one byte of the greeting a second         reply    3.9 MB to each question
 *   fit      100 kB to each question                    events   900 events a second, and answers
 *   flood    events without end                         deep     100,000 nested arrays
 *   junk     random bytes                               half     half an answer, then nothing
 *   drip     answers, and a byte every millisecond      endless  a line that does not end
 *   space    a valid answer with 1 GiB of white space   threads  good, with 100 threads
 *   lines    good, with 1 MiB of arguments (see fleet)
 *
 * Started by root it becomes nobody (HOSTILE_UID says another).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *mode;
static char large[4 << 20];

static void pause_ms(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

/* All of it, or -1 when the other side has gone. */
static int put(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n > 0) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        at += sent;
        n -= sent;
    }
    return 0;
}

static int say(int fd, const char *text) { return put(fd, text, strlen(text)); }

/* Until the other side hangs up. */
static void stand_still(int fd)
{
    char rest[4096];
    while (recv(fd, rest, sizeof rest, 0) > 0)
        ;
}

static const char *honest(const char *line)
{
    if (strstr(line, "query-blockstats"))
        return "[{\"device\":\"d0\",\"qdev\":\"/machine/peripheral-anon/device[0]\",\"node-name\":\"#block1\",\"stats\":{\"unmap_operations\":0,\"unmap_merged\":0,\"flush_total_time_ns\":1000,"
               "\"wr_highest_offset\":1073741824,\"wr_total_time_ns\":123456789,\"failed_wr_operations\":0,\"failed_rd_operations\":0,\"wr_merged\":0,\"wr_bytes\":4096000,\"timed_stats\":[],"
               "\"failed_unmap_operations\":0,\"failed_flush_operations\":0,\"account_invalid\":true,\"rd_total_time_ns\":987654321,\"invalid_unmap_operations\":0,\"flush_operations\":12,"
               "\"wr_operations\":1000,\"unmap_bytes\":0,\"rd_merged\":0,\"rd_bytes\":81920000,\"unmap_total_time_ns\":0,\"invalid_flush_operations\":0,\"account_failed\":true,"
               "\"idle_time_ns\":1234567,\"rd_operations\":20000,\"invalid_wr_operations\":0,\"invalid_rd_operations\":0},\"parent\":{\"node-name\":\"#block0\",\"stats\":{\"unmap_operations\":0,"
               "\"unmap_merged\":0,\"flush_total_time_ns\":0,\"wr_highest_offset\":1073741824,\"wr_total_time_ns\":0,\"failed_wr_operations\":0,\"failed_rd_operations\":0,\"wr_merged\":0,"
               "\"wr_bytes\":0,\"timed_stats\":[],\"failed_unmap_operations\":0,\"failed_flush_operations\":0,\"account_invalid\":false,\"rd_total_time_ns\":0,\"invalid_unmap_operations\":0,"
               "\"flush_operations\":0,\"wr_operations\":0,\"unmap_bytes\":0,\"rd_merged\":0,\"rd_bytes\":0,\"unmap_total_time_ns\":0,\"invalid_flush_operations\":0,\"account_failed\":false,"
               "\"rd_operations\":0,\"invalid_wr_operations\":0,\"invalid_rd_operations\":0}}}]";
    if (strstr(line, "query-block\""))
        return "[{\"io-status\":\"ok\",\"device\":\"d0\",\"locked\":false,\"removable\":false,\"inserted\":{\"iops_rd\":0,\"detect_zeroes\":\"off\",\"image\":{\"virtual-size\":1073741824,"
               "\"filename\":\"/tmp/d0.raw\",\"format\":\"raw\",\"actual-size\":4096,\"dirty-flag\":false},\"iops_wr\":0,\"ro\":false,\"node-name\":\"#block1\",\"backing_file_depth\":0,\"drv\":\"raw\","
               "\"iops\":0,\"bps_wr\":0,\"write_threshold\":0,\"encrypted\":false,\"bps\":0,\"bps_rd\":0,\"cache\":{\"no-flush\":false,\"direct\":false,\"writeback\":true},\"file\":\"/tmp/d0.raw\"},"
               "\"qdev\":\"/machine/peripheral-anon/device[0]\",\"type\":\"unknown\"}]";
    if (strstr(line, "query-status"))
        return "{\"running\":true,\"singlestep\":false,\"status\":\"running\"}";
    if (strstr(line, "query-balloon"))
        return "{\"actual\":1073741824}";
    if (strstr(line, "qom-list"))
        return "[{\"name\":\"type\",\"type\":\"string\"}]";
    if (strstr(line, "qom-get"))
        return "\"pc-q35-10.0-machine\"";
    return "{}";
}

static int answer(int fd, const char *line)
{
    const char *id = strstr(line, "\"id\":");
    long number = id ? atol(id + 5) : 0;
    char head[64], tail[64];
    snprintf(head, sizeof head, "{\"return\": ");
    snprintf(tail, sizeof tail, ", \"id\": %ld}\r\n", number);
    if (!strstr(line, "qmp_capabilities")) {
        size_t n = !strcmp(mode, "reply") ? 3900000 : !strcmp(mode, "fit") ? 100000 : 0;
        if (n > 0) {
            memset(large, 'x', n);
            large[0] = large[n - 1] = '"';
            return say(fd, head) || put(fd, large, n) || say(fd, tail);
        }
        if (!strcmp(mode, "deep")) {
            memset(large, '[', 100000);
            memset(large + 100000, ']', 100000);
            return say(fd, head) || put(fd, large, 200000) || say(fd, tail);
        }
        if (!strcmp(mode, "half")) {
            if (!say(fd, "{\"return\": {\"status\": \"runn"))
                stand_still(fd);
            return -1;
        }
        if (!strcmp(mode, "space")) {
            memset(large, ' ', sizeof large);
            if (say(fd, head))
                return -1;
            for (int i = 0; i < 256; i++)
                if (put(fd, large, sizeof large))
                    return -1;
            return say(fd, "{}") || say(fd, tail);
        }
        if (!strcmp(mode, "endless")) {
            memset(large, 'x', sizeof large);
            while (!put(fd, large, sizeof large))
                ;
            return -1;
        }
    }
    return say(fd, head) || say(fd, honest(line)) || say(fd, tail);
}

static void serve(int fd)
{
    static const char greeting[] = "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 2, \"minor\": 0, \"major\": 10}, \"package\": \"hostile\"}, \"capabilities\": [\"oob\"]}}\r\n";
    if (!strcmp(mode, "hangup"))
        return;
    if (!strcmp(mode, "mute")) {
        stand_still(fd);
        return;
    }
    if (!strcmp(mode, "blank")) {
        memset(large, '\n', sizeof large);
        while (!put(fd, large, sizeof large))
            ;
        return;
    }
    if (!strcmp(mode, "greeting")) {
        memset(large, 'x', sizeof large);
        if (!say(fd, "{\"QMP\": \"") && !put(fd, large, sizeof large - 64))
            stand_still(fd);
        return;
    }
    if (!strcmp(mode, "slowgreet")) {
        for (size_t i = 0; i < sizeof greeting - 1 && !put(fd, greeting + i, 1); i++)
            pause_ms(1000);
        return;
    }
    if (say(fd, greeting))
        return;
    if (!strcmp(mode, "junk")) {
        for (size_t i = 0; i < sizeof large; i++)
            large[i] = rand();
        while (!put(fd, large, sizeof large))
            ;
        return;
    }

    int rate = !strcmp(mode, "events") ? 900 : !strcmp(mode, "flood") ? 1000000 : !strcmp(mode, "drip") ? 1000 : 0;
    char line[65536], event[256];
    size_t used = 0;
    long count = 0;
    for (;;) {
        struct pollfd p = { fd, POLLIN, 0 };
        int ready = poll(&p, 1, rate ? 1 : -1);
        if (ready > 0) {
            ssize_t n = recv(fd, line + used, sizeof line - used - 1, 0);
            if (n <= 0)
                return;
            used += n;
            line[used] = 0;
            for (char *end; (end = memchr(line, '\n', used)) != NULL;) {
                *end = 0;
                if (answer(fd, line))
                    return;
                used -= end + 1 - line;
                memmove(line, end + 1, used + 1);
            }
            if (used == sizeof line - 1)
                return;
        } else if (!strcmp(mode, "drip")) {
            if (put(fd, " ", 1))
                return;
        } else {
            for (int i = 0; i < (rate > 1000 ? 1000 : 1); i++) {
                snprintf(event, sizeof event, "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"BLOCK_IO_ERROR\", \"data\": {\"device\": \"d0\", \"nr\": %ld}}\r\n", count++);
                if (say(fd, event))
                    return;
            }
        }
    }
}

static void *idle(void *none)
{
    for (;;)
        pause();
    return none;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    mode = getenv("HOSTILE_MODE") ? getenv("HOSTILE_MODE") : "good";
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], "-qmp") && !strncmp(argv[i + 1], "unix:", 5))
            path = strndup(argv[i + 1] + 5, strcspn(argv[i + 1] + 5, ","));
    if (!path)
        return 2;
    const char *uid = getenv("HOSTILE_UID");
    uid_t who = uid ? atoi(uid) : 65534;
    if (getuid() == 0 && (setgid(who) || setuid(who))) {
        perror("setuid");
        return 1;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 1);
    signal(SIGPIPE, SIG_IGN);

    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    for (int i = !strcmp(mode, "threads") ? 100 : 1; i > 0; i--) {
        pthread_t t;
        pthread_create(&t, &small, idle, NULL);
    }

    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1)) {
        perror(path);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            serve(fd);
            close(fd);
        }
    }
}
