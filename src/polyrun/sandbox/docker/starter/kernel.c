/* What the kernel counts and enforces, as this process finds it. */
#include "starter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

static int read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    if (length < 0) return -1;
    text[length] = 0;
    return 0;
}

/* The number in the file `path`, behind the word `key` unless that is NULL; -1 if there is none. */
static long long number(const char *path, const char *key) {
    char text[8192];
    if (read_text(path, text, sizeof text)) return -1;
    char *at = text;
    if (key != NULL) {
        size_t length = strlen(key);
        for (at = text; at != NULL && !(strncmp(at, key, length) == 0 && at[length] == ' '); ) {
            at = strchr(at, '\n');
            if (at != NULL) at++;
        }
        if (at == NULL) return -1;
        at += length;
    }
    char *end;
    long long value = strtoll(at, &end, 10);
    return end == at ? -1 : value;
}

static int version2;

long long cpu_us(void) {
    if (version2) return number("/sys/fs/cgroup/cpu.stat", "usage_usec");
    long long ns = number("/sys/fs/cgroup/cpuacct/cpuacct.usage", NULL);
    if (ns < 0) ns = number("/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", NULL);
    return ns < 0 ? -1 : ns / 1000;
}

long long memory_peak(void) {
    return version2 ? number("/sys/fs/cgroup/memory.peak", NULL)
                    : number("/sys/fs/cgroup/memory/memory.max_usage_in_bytes", NULL);
}

static long long memory_limit(void) {
    return version2 ? number("/sys/fs/cgroup/memory.max", NULL)
                    : number("/sys/fs/cgroup/memory/memory.limit_in_bytes", NULL);
}

long long oom_kills(void) {
    return version2 ? number("/sys/fs/cgroup/memory.events", "oom_kill")
                    : number("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill");
}

long long pids(const char *name, const char *key) {
    char path[128];
    snprintf(path, sizeof path, version2 ? "/sys/fs/cgroup/%s" : "/sys/fs/cgroup/pids/%s", name);
    return number(path, key);
}

/* How many processes and threads the program has; where no control group counts them, only processes. */
long long running_processes(void) {
    long long counted = pids("pids.current", NULL);
    if (counted >= 0) return counted - 1;
    DIR *listing = opendir("/proc");
    if (listing == NULL) return -1;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        counted += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    closedir(listing);
    return counted; /* it began at -1, which leaves out this process */
}

/* What PolyRun asked for, as this process finds it: a limit that is not in force is an error there. */
void say_what_holds(void) {
    char text[8192], *line, *save = NULL;
    version2 = access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
    char facts[4096];
    size_t length = 0;
#define FACT(...) length += (size_t)snprintf(facts + length, sizeof facts - length, __VA_ARGS__)
    if (read_text("/proc/self/status", text, sizeof text) == 0)
        for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            static const char *const wanted[] = {"NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "Uid"};
            for (size_t each = 0; each < sizeof wanted / sizeof *wanted; each++) {
                size_t name = strlen(wanted[each]);
                if (strncmp(line, wanted[each], name) == 0 && line[name] == ':')
                    FACT("%s=%s\n", wanted[each], line + name + 1 + strspn(line + name + 1, " \t"));
            }
        }
    if (read_text("/proc/net/dev", text, sizeof text) == 0) {
        save = NULL;
        for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            char *colon = strchr(line, ':');
            if (colon == NULL) continue;
            *colon = 0;
            FACT("interface=%.20s\n", line + strspn(line, " "));
        }
    }
    struct utsname machine;
    if (uname(&machine) == 0) FACT("machine=%.60s\n", machine.machine);
    FACT("memory=%lld\npids=%lld\n", memory_limit(), pids("pids.max", NULL));
    long long quota = -1, period = 100000;
    if (version2) {
        quota = number("/sys/fs/cgroup/cpu.max", NULL);
    } else {
        const char *folder = access("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", R_OK) == 0 ? "cpu" : "cpu,cpuacct";
        char path[128];
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cpu.cfs_quota_us", folder);
        quota = number(path, NULL);
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cpu.cfs_period_us", folder);
        if (number(path, NULL) > 0) period = number(path, NULL);
    }
    FACT("quota=%lld\nperiod=%lld\n", quota, period);
    int fd = open("/.polyrun", O_WRONLY | O_CREAT, 0600);
    FACT("root=%s\n", fd < 0 && errno == EROFS ? "read-only" : fd < 0 ? "closed" : "writable");
    if (fd >= 0) close(fd);
    static const char *const places[] = {ROOT, "/tmp", "/dev/shm"};
    for (size_t each = 0; each < sizeof places / sizeof *places; each++) {
        struct statvfs facts_of;
        if (statvfs(places[each], &facts_of) == 0)
            FACT("space=%s %llu %llu\n", places[each], (unsigned long long)facts_of.f_blocks * facts_of.f_frsize,
                 (unsigned long long)facts_of.f_files);
    }
    put('R', facts, length < sizeof facts ? length : sizeof facts);
}
